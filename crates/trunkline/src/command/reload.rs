//! `trunkline reload`: a running instance reads its configuration again.

use std::path::Path;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Exit, Matches};
use crate::control::{ClientError, Connection, Request};

pub(super) const COMMAND: Command = Command {
    name: "reload",
    about: "have a running instance read its configuration again",
    text: "Lines whose configuration is the same aren't touched, and neither are their calls. Removed lines end, new \
           ones start; accounts, the phonebook and access rules are exchanged for the new ones. A configuration with \
           a mistake is refused whole: the mistake is shown here, and everything goes on as it was.",
    operands: &[],
    flags: &[CONTROL],
    examples: &[("trunkline check && trunkline reload", "Look first, then leap.")],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let mut connection = Connection::open(matches.value(&CONTROL).map(Path::new))?;
    match connection.done(&Request::Reload) {
        Ok(end) => Ok(crate::show(&format!("{}\n", end.text("said").unwrap_or_default()))),
        // It is shown as the instance wrote it: several lines with carets.
        Err(ClientError::Failed(shown)) if shown.contains('\n') => {
            Err(Failure::Configuration(shown))
        }
        Err(error) => Err(error.into()),
    }
}
