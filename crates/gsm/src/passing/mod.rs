//! A connection that is up: how its data pass through the module.

mod counted;
mod farewell;
mod stuffed;

use clock::Instant;

pub(crate) use self::counted::CountedCall;
pub(crate) use self::stuffed::StuffedCall;
use crate::reason::Reason;

/// A connection that is up.
#[derive(Debug)]
pub(crate) enum Passing {
    Stuffed(StuffedCall),
    Counted(CountedCall),
}

/// What came of an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    GoesOn,
    /// Nothing more comes from the far end.
    Ended(Reason),
    /// The module is lost.
    Lost(Reason),
}

impl Passing {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Stuffed(call) => call.deadline(),
            Self::Counted(call) => call.deadline(),
        }
    }
}
