//! Calls: their numbers, how they end, and what is known of one in progress.

use std::fmt;
use std::num::NonZeroU64;
use std::process::ExitStatus;
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::session::Ending;

/// The number of a call; unique in a log that spans restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// When the process gave out its first number, in seconds since 1970.
    epoch: u64,
    count: u64,
}

impl CallId {
    #[cfg(test)]
    pub(crate) fn next() -> Self {
        Self::of(CallCount::next())
    }

    /// The number of one of this process's calls.
    pub(crate) fn of(count: CallCount) -> Self {
        Self { epoch: *EPOCH, count: count.0.get() }
    }

    /// The part of it that tells this process's calls apart, if it is the number of one of them.
    pub(crate) fn count(self) -> Option<CallCount> {
        NonZeroU64::new(self.count).filter(|_| self.epoch == *EPOCH).map(CallCount)
    }
}

static EPOCH: LazyLock<u64> = LazyLock::new(|| {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
});

/// The part of a call's number that is its own in this process. Small, because whoever calls has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallCount(NonZeroU64);

impl CallCount {
    pub(crate) fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(NonZeroU64::new(count).unwrap_or(NonZeroU64::MIN))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.epoch, self.count)
    }
}

/// The text is no number of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the number of a call, such as 6921b0c4-17")]
pub struct NoCallId;

impl FromStr for CallId {
    type Err = NoCallId;

    fn from_str(text: &str) -> Result<Self, NoCallId> {
        let (epoch, count) = text.split_once('-').ok_or(NoCallId)?;
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| NoCallId)?;
        Ok(Self { epoch, count: count.parse().map_err(|_| NoCallId)? })
    }
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The caller hung up.
    CallerHungUp,
    /// The connection broke.
    LineLost,
    /// The program ended.
    ProgramEnded,
    /// The program could not be started.
    ProgramFailed,
    /// The account may not call; the caller was told why.
    Denied,
    /// The login failed for good.
    LoginFailed(Ending),
    /// As many calls of the account as it may have were there already.
    SecondCall,
    /// A newer call of the account took its place.
    Replaced,
    /// Nothing was said for too long.
    Idle,
    /// The call lasted as long as it may.
    TimeLimit,
    /// An operator hung up.
    Operator,
    /// The caller is called back.
    CallingBack,
    /// The exchange is being shut down.
    ShuttingDown,
    /// The caller spoke a protocol that isn't accepted here.
    NotAccepted,
    /// No secure connection came about.
    TlsFailed,
    /// No SSH session came about.
    SshFailed,
    /// The caller wanted something else than his account's program.
    NotGiven,
    /// There were too many calls already.
    TurnedAway,
    /// Nobody had logged in yet, and there were too many such calls, most of them from there.
    MadeRoom,
    /// Its record could not be kept.
    Unrecorded,
}

impl CallEnd {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller hung up",
            Self::LineLost => "connection lost",
            Self::ProgramEnded => "program ended",
            Self::ProgramFailed => "program could not be started",
            Self::Denied => "account denied",
            Self::LoginFailed(Ending::TriesUsed) => "login failed: too many tries",
            Self::LoginFailed(Ending::VainPrompts) => "login failed: no name given",
            Self::LoginFailed(Ending::Deadline) => "login failed: deadline passed",
            Self::LoginFailed(Ending::ModemSpeaking) => "login failed: a modem was speaking",
            Self::LoginFailed(Ending::Busy) => "login failed: too many passwords to check",
            Self::SecondCall => "account already in use",
            Self::Replaced => "replaced by a newer call",
            Self::Idle => "idle for too long",
            Self::TimeLimit => "time limit reached",
            Self::Operator => "hung up by an operator",
            Self::CallingBack => "hung up to be called back",
            Self::ShuttingDown => "exchange shutting down",
            Self::NotAccepted => "protocol not accepted",
            Self::TlsFailed => "no secure connection",
            Self::SshFailed => "no SSH session",
            Self::NotGiven => "wanted what is not given",
            Self::TurnedAway => "too many calls",
            Self::MadeRoom => "made room for other callers",
            Self::Unrecorded => "its record could not be kept",
        }
    }

    /// For programs: never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller-hung-up",
            Self::LineLost => "line-lost",
            Self::ProgramEnded => "program-ended",
            Self::ProgramFailed => "program-failed",
            Self::Denied => "denied",
            Self::LoginFailed(Ending::TriesUsed) => "login-tries",
            Self::LoginFailed(Ending::VainPrompts) => "login-no-name",
            Self::LoginFailed(Ending::Deadline) => "login-deadline",
            Self::LoginFailed(Ending::ModemSpeaking) => "login-modem",
            Self::LoginFailed(Ending::Busy) => "login-busy",
            Self::SecondCall => "second-call",
            Self::Replaced => "replaced",
            Self::Idle => "idle",
            Self::TimeLimit => "time-limit",
            Self::Operator => "operator",
            Self::CallingBack => "calling-back",
            Self::ShuttingDown => "shutting-down",
            Self::NotAccepted => "not-accepted",
            Self::TlsFailed => "tls-failed",
            Self::SshFailed => "ssh-failed",
            Self::NotGiven => "not-given",
            Self::TurnedAway => "turned-away",
            Self::MadeRoom => "made-room",
            Self::Unrecorded => "unrecorded",
        }
    }
}

/// A call in progress.
#[derive(Clone, Debug)]
pub struct CallStatus {
    /// Its number.
    pub id: CallId,
    /// Where it came in: our address, or the line's name.
    pub line: String,
    /// Who calls.
    pub from: String,
    /// What it travels on.
    pub over: &'static str,
    /// Whose call it is, once he has logged in.
    pub account: Option<String>,
    /// When it came in.
    pub since: SystemTime,
    /// When its caller had logged in.
    pub login: Option<SystemTime>,
    /// When its program began.
    pub started: Option<SystemTime>,
    /// How long it lasts so far, whatever has become of the time of day.
    pub lasts: Duration,
    /// Bytes from the caller so far.
    pub received: u64,
    /// Bytes to the caller so far.
    pub sent: u64,
}

/// A call that is over.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// What was known of it at its end.
    pub call: CallStatus,
    /// The account that there is on which its caller tried to log in, and failed at first.
    pub tried: Option<String>,
    /// The time of day at its end.
    pub ended: SystemTime,
    /// How long it lasted, whatever has become of the time of day meanwhile.
    pub duration: Duration,
    /// Why it ended.
    pub end: CallEnd,
    /// How its program ended: an exit code or `signal N`; `-` when there was none, or it had to be
    /// cut.
    pub status: String,
    /// How long a packet took to the caller and back, as the system has measured it.
    pub round_trip: Option<Duration>,
}

/// An exit status in the log's words: `0`, `1`, `signal 15`, or `-` where there was no program.
pub(crate) fn status_words(status: Option<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => code.to_string(),
        Some((None, Some(signal))) => format!("signal {signal}"),
        Some((None, None)) => "unknown".to_owned(),
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_calls_are_read_back() {
        let id = CallId::next();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(CallId::next(), id);
        for text in ["", "-", "1", "x-1", "1-x", "1-"] {
            assert_eq!(text.parse::<CallId>(), Err(NoCallId), "{text}");
        }
    }
}
