//! What happened: the state of a line now, and its calls so far.

use std::time::{Duration, Instant, SystemTime};

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
    /// When the far end answered, or was answered.
    pub connected: Option<SystemTime>,
    /// What it travels on, in a word, once the far end has answered.
    pub transport: Option<&'static str>,
    /// By the clock that doesn't jump.
    pub(crate) started: Instant,
    /// Bytes from the equipment to the far end.
    pub sent: u64,
    /// Bytes from the far end to the equipment.
    pub received: u64,
}

impl CallNow {
    /// How long it lasts so far, whatever has become of the time of day.
    pub fn lasts(&self) -> Duration {
        self.started.elapsed()
    }
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
    /// What it travelled on, as a stable code; once it was connected.
    pub transport: Option<&'static str>,
    /// When it was dialled or rang.
    pub since: SystemTime,
    /// When the far end answered, or was answered.
    pub connected: Option<SystemTime>,
    /// When it ended, by the time of day, which may have been set meanwhile.
    pub ended: SystemTime,
    /// From dial or first ring to the end.
    pub duration: Duration,
    /// Bytes from the equipment to the far end.
    pub sent: u64,
    /// Bytes from the far end to the equipment.
    pub received: u64,
    /// Why it ended.
    pub cause: Cause,
    /// How long a packet took there and back, as the system has measured it.
    pub round_trip: Option<Duration>,
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
