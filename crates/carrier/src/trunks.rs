//! Calls that end inside this program: real modems, other lines. Somebody else makes them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use at::question::{Question, Told};

use crate::{Address, Call, DialError};

/// A call that is being made; dropping it gives up.
pub type Dialling = Pin<Box<dyn Future<Output = Result<Call, DialError>> + Send>>;

/// A question to a real module on its way.
pub type Asking = Pin<Box<dyn Future<Output = Told> + Send>>;

/// Whoever has what an address such as `modem:rack/5551234` names.
///
/// Given to [`dial`](crate::dial) in [`CallOptions`](crate::CallOptions); without it such an address can't be
/// called.
pub trait Trunks: Debug + Send + Sync {
    /// Calls `address`, if it is one of those that end here. It may take `within` until somebody answers.
    fn call(&self, address: &Address, within: Option<Duration>) -> Option<Dialling>;

    /// Asks the real module of this name how it stands, if there is one.
    fn ask(&self, module: &str, question: Question) -> Option<Asking> {
        let _ = (module, question);
        None
    }
}
