//! Records of calls that outlive the process: what a line tells about each call, to whoever keeps them.

use std::pin::Pin;
use std::time::SystemTime;

use at::result::Cause;
use carrier::Counts;

use crate::record::{CallNow, CallRecord};

/// Keeps records of the calls of all lines. None of its methods may wait.
pub trait RecordKeeper: Send + Sync {
    /// A call was dialled, or is about to ring.
    ///
    /// # Errors
    /// It can't be put on record now, and so won't be made.
    fn begin(&self, line: &str, call: &CallNow) -> Result<Box<dyn OpenRecord>, NotKept>;

    /// A caller was turned away before he rang. There may be floods of them.
    fn turned_away(&self, caller: &TurnedAway<'_>);
}

/// The record of a call in progress. Dropped, the call has ended without anybody saying why.
pub trait OpenRecord: Send {
    /// Ready when the begin of the call is kept, whatever happens to the process. Nobody is called and
    /// nothing rings before.
    fn kept(&mut self) -> Kept;

    /// The far end has answered, or was answered. `over` says where it was reached.
    fn connected(&self, at: SystemTime, over: &str);

    /// What the call has carried so far; asked often.
    fn count(&self, counts: Counts);

    /// The call is over.
    fn end(self: Box<Self>, record: &CallRecord);
}

/// Ready when a record is kept, or can't be.
pub type Kept = Pin<Box<dyn Future<Output = Result<(), NotKept>> + Send>>;

/// A call can't be put on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call can't be put on record")]
pub struct NotKept;

/// A caller who was turned away.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway<'a> {
    /// The line that he called.
    pub line: &'a str,
    /// Who he is, without a port that differs from call to call.
    pub from: &'a str,
    /// Why.
    pub cause: Cause,
}
