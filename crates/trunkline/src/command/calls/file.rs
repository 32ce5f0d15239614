//! Calls read from the store itself, without asking an instance.

use std::io;
use std::path::{Path, PathBuf};

use super::Show;
use crate::calls::Wanted;
use crate::command::Failure;

/// The store of the configuration that is here.
#[cfg(feature = "store")]
pub(in crate::command) fn usual_store() -> Option<PathBuf> {
    let config = crate::config::load(Path::new(crate::config::USUAL_FILE)).ok()?;
    config.plan.answering?.exchange.store
}

/// There are no stores.
#[cfg(not(feature = "store"))]
pub(in crate::command) const fn usual_store() -> Option<PathBuf> {
    None
}

/// Shows the calls in a store: those in progress first. The inner error is one of showing them.
#[cfg(feature = "store")]
pub(super) fn show(
    path: &Path,
    wanted: &Wanted,
    show: &mut dyn Show,
) -> Result<io::Result<()>, Failure> {
    use crate::calls::Call;

    let failed = |error: &dyn std::error::Error| Failure::Other(chain(error));
    let store = store::Store::visit(path).map_err(|error| failed(&error))?;
    let filter = store::Filter::from(wanted);
    let open = store::Filter { outcome: store::Outcome::InProgress, limit: None, ..filter.clone() };
    let rows = [open, filter].map(|filter| store.calls(filter));
    for rows in rows {
        for row in rows.map_err(|error| failed(&error))? {
            let call = Call::from(row.map_err(|error| failed(&error))?);
            if wanted.wants(&call)
                && let Err(error) = show.call(&call.to_json())
            {
                return Ok(Err(error));
            }
        }
    }
    Ok(Ok(()))
}

#[cfg(feature = "store")]
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// This program knows no stores.
#[cfg(not(feature = "store"))]
pub(super) fn show(_: &Path, _: &Wanted, _: &mut dyn Show) -> Result<io::Result<()>, Failure> {
    Err(Failure::Other("this program was built without its store, so it can't read one".into()))
}
