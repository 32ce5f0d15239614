//! What happened: the state of a line now, and its calls so far.

use std::time::{Duration, SystemTime};

use at::result::Cause;

/// What `trunkline lines` shows of a line.
#[derive(Clone, Debug)]
pub struct Status {
    /// The modem's state in a word: `idle`, `dialling`, `ringing`, `online` …
    pub state: &'static str,
    /// Whether the equipment is there: the port is open, DTR is on.
    pub dtr: bool,
    /// Whether the modem shows carrier.
    pub dcd: bool,
    /// Whether an operator lets it take calls.
    pub service: Service,
    /// The call in progress.
    pub call: Option<CallNow>,
}

/// Whether a line takes calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// It does, as far as its modem and its equipment do.
    #[default]
    In,
    /// An operator has taken it out of service: callers find it busy. The equipment may dial.
    BusiedOut,
}

impl Service {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::In => "in service",
            Self::BusiedOut => "busied out",
        }
    }
}

/// A call in progress.
#[derive(Clone, Debug)]
pub struct CallNow {
    /// Names the call from dial to hang-up in every log line.
    pub id: String,
    /// Out or in.
    pub direction: Direction,
    /// What was dialled, or who calls.
    pub party: String,
    /// When it was dialled or rang.
    pub since: SystemTime,
    /// Bytes from the equipment to the far end.
    pub sent: u64,
    /// Bytes from the far end to the equipment.
    pub received: u64,
}

/// A call that is over.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Names the call from dial to hang-up in every log line.
    pub id: String,
    /// Out or in.
    pub direction: Direction,
    /// What was dialled, or who called.
    pub party: String,
    /// The address that was reached, once one was.
    pub over: Option<String>,
    /// When it was dialled or rang.
    pub since: SystemTime,
    /// From dial or first ring to the end.
    pub duration: Duration,
    /// Bytes from the equipment to the far end.
    pub sent: u64,
    /// Bytes from the far end to the equipment.
    pub received: u64,
    /// Why it ended.
    pub cause: Cause,
}

/// Who made the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The equipment dialled.
    Out,
    /// A caller rang.
    In,
}

impl Direction {
    /// `out` or `in`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}
