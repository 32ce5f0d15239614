//! Records of calls that outlive the process: what the exchange tells about each call, to whoever
//! keeps them.

use std::fmt;
use std::pin::Pin;
use std::time::SystemTime;

use carrier::Counts;

use crate::call::{CallRecord, CallStatus};

/// Keeps records of calls. None of its methods may wait.
pub trait RecordKeeper: Send + Sync + fmt::Debug {
    /// A call has come in.
    ///
    /// # Errors
    /// It can't be put on record now, and so won't be taken.
    fn begin(&self, call: &CallStatus) -> Result<Box<dyn OpenRecord>, NotKept>;

    /// A caller was turned away before anything was done for him. There may be floods of them.
    fn turned_away(&self, caller: &Unheard<'_>);
}

/// The record of a call in progress. Dropped, the call has ended without anybody saying why.
pub trait OpenRecord: Send + Sync + fmt::Debug {
    /// Ready when the begin of the call is kept, whatever happens to the process. The caller sees
    /// nothing before.
    fn kept(&mut self) -> Kept;

    /// The call travels on this, as it has turned out: one of [`crate::Over`]'s words.
    fn travels(&self, over: &str);

    /// The caller has shown whose call it is.
    fn logged_in(&self, account: &str, at: SystemTime);

    /// His program has begun.
    fn started(&self, at: SystemTime);

    /// What the call has carried so far; asked often.
    fn count(&self, counts: Counts);

    /// The call is over.
    fn end(self: Box<Self>, record: &CallRecord);
}

/// Ready when a record is kept, or can't be.
pub type Kept = Pin<Box<dyn Future<Output = Result<(), NotKept>> + Send + Sync>>;

/// A call can't be put on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call can't be put on record")]
pub struct NotKept;

/// A caller who was turned away.
#[derive(Clone, Copy, Debug)]
pub struct Unheard<'a> {
    /// Where he called.
    pub line: &'a str,
    /// Who he is, without a port that differs from call to call.
    pub from: &'a str,
    /// What he called over: one of [`crate::Over`]'s words.
    pub over: &'a str,
    /// Why, for people.
    pub why: &'a str,
}

/// What an entry knows of its record.
pub(crate) enum Recording {
    /// Nobody keeps records.
    Nowhere,
    /// On its way. Boxed, since it is soon kept.
    Begun(Box<(Box<dyn OpenRecord>, Kept)>),
    Open(Box<dyn OpenRecord>),
    /// It can't be kept.
    Refused,
}

impl Recording {
    pub(crate) fn begin(keeper: Option<&dyn RecordKeeper>, call: &CallStatus) -> Self {
        match keeper.map(|keeper| keeper.begin(call)) {
            None => Self::Nowhere,
            Some(Ok(mut record)) => {
                let kept = record.kept();
                Self::Begun(Box::new((record, kept)))
            }
            Some(Err(NotKept)) => Self::Refused,
        }
    }

    /// Waits until the begin is kept. Dropped early, it can be called again.
    pub(crate) async fn kept(&mut self) -> Result<(), NotKept> {
        let outcome = match self {
            Self::Nowhere | Self::Open(_) => return Ok(()),
            Self::Refused => return Err(NotKept),
            Self::Begun(begun) => (&mut begun.1).await,
        };
        *self = match (std::mem::replace(self, Self::Refused), outcome) {
            (Self::Begun(begun), Ok(())) => Self::Open(begun.0),
            (..) => Self::Refused,
        };
        outcome
    }

    /// The record, if there is one to tell something to.
    pub(crate) fn open(&self) -> Option<&dyn OpenRecord> {
        match self {
            Self::Begun(begun) => Some(&*begun.0),
            Self::Open(record) => Some(&**record),
            Self::Nowhere | Self::Refused => None,
        }
    }

    /// The call is over.
    pub(crate) fn end(&mut self, call: &CallRecord) {
        match std::mem::replace(self, Self::Nowhere) {
            Self::Begun(begun) => begun.0.end(call),
            Self::Open(record) => record.end(call),
            Self::Nowhere | Self::Refused => {}
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nowhere => "Nowhere",
            Self::Begun(_) => "Begun",
            Self::Open(_) => "Open",
            Self::Refused => "Refused",
        })
    }
}
