//! Calls as they are told to the store, and as it tells of them.

use std::time::{Duration, SystemTime};

/// Who keeps the record: a call between a line and an exchange of the same process has two, one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The answering side.
    Exchange,
    /// A line: a modem and its equipment.
    Line,
}

impl Place {
    /// `exchange` or `line`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Line => "line",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        if word == "line" { Self::Line } else { Self::Exchange }
    }
}

/// Which way a call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Somebody called us.
    In,
    /// We called somebody.
    Out,
}

impl Direction {
    /// `in` or `out`.
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        if word == "out" { Self::Out } else { Self::In }
    }
}

/// A call begins.
#[derive(Clone, Debug)]
pub struct CallBegan {
    /// Its name in the log.
    pub number: String,
    /// Who keeps the record.
    pub place: Place,
    /// Who called whom.
    pub direction: Direction,
    /// The line's name, or the listener's address.
    pub line: String,
    /// The other side: who calls, or what was dialled.
    pub party: String,
    /// What it travels on: a stable code such as `telnet`. Empty as long as nobody knows.
    pub over: String,
    /// When it rang, or was dialled.
    pub rang: SystemTime,
}

/// A call has ended.
#[derive(Clone, Debug)]
pub struct CallEnded {
    /// Why, as a stable code.
    pub cause: String,
    /// Why, for people.
    pub words: String,
    /// How its program ended; empty where there was none.
    pub status: String,
    /// The time of day.
    pub ended: SystemTime,
    /// How long it lasted, by a clock that doesn't jump.
    pub lasted: Duration,
    /// Bytes from the other side.
    pub received: u64,
    /// Bytes to the other side.
    pub sent: u64,
    /// How long a packet takes there and back, as the system has measured it.
    pub round_trip: Option<Duration>,
    /// Whose call it was, where the login failed on an account that there is.
    pub account: Option<String>,
}

impl Default for CallEnded {
    /// A call that nobody ended: what a task that was dropped leaves behind.
    fn default() -> Self {
        Self {
            cause: "abandoned".into(),
            words: "abandoned".into(),
            status: String::new(),
            ended: SystemTime::now(),
            lasted: Duration::ZERO,
            received: 0,
            sent: 0,
            round_trip: None,
            account: None,
        }
    }
}

/// A caller who was turned away before anything was done for him. Many of one source become one record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TurnedAway {
    /// Who keeps the record.
    pub place: Place,
    /// The line's name, or the listener's address.
    pub line: String,
    /// Who called, without the port, which differs from call to call.
    pub from: String,
    /// What he called over: a stable code.
    pub over: String,
    /// Why, as a stable code.
    pub cause: String,
    /// Why, for people.
    pub words: String,
}

/// A call on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Its place in the store; later calls have higher ones.
    pub row: i64,
    /// Its name in the log.
    pub number: String,
    /// Who has kept the record.
    pub place: Place,
    /// Who called whom.
    pub direction: Direction,
    /// The line's name, or the listener's address.
    pub line: String,
    /// The other side: who called, or what was dialled.
    pub party: String,
    /// What it travelled on.
    pub over: String,
    /// The address that a dialled call has reached.
    pub reached: Option<String>,
    /// Whose call it was.
    pub account: Option<String>,
    /// When it rang, or was dialled.
    pub rang: SystemTime,
    /// When its caller had logged in.
    pub login: Option<SystemTime>,
    /// When it was connected: its program began, or the modem said CONNECT.
    pub started: Option<SystemTime>,
    /// When it ended; nothing while it is in progress.
    pub ended: Option<SystemTime>,
    /// How long it lasted, by a clock that doesn't jump; of a call in progress, as far as is noted.
    pub lasted: Duration,
    /// Bytes from the other side.
    pub received: u64,
    /// Bytes to the other side.
    pub sent: u64,
    /// Why it ended, as a stable code. Without an `ended`: it was cut off, and no instance has run
    /// since.
    pub cause: Option<String>,
    /// Why it ended, for people.
    pub words: Option<String>,
    /// How its program ended.
    pub status: Option<String>,
    /// How long a packet took there and back.
    pub round_trip: Option<Duration>,
    /// How many calls this is the record of: more than one where callers were turned away.
    pub count: u64,
}
