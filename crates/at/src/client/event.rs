//! What comes of speaking to a modem.

use super::caller::clean;
use crate::result::Cause;

/// What the machine has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is initialised, or has passed its check: it listens for rings.
    Ready,
    /// It can't be brought to answer. Nothing more is said to it until it is reset.
    Failed(Failure),
    /// It rings, once.
    Ring,
    /// Something more is known of who calls; see [`Client::caller`](super::Client::caller).
    CallerId,
    /// A call is up. What has not been taken of the input is its first data.
    Connected(Connect),
    /// What was dialled, or taken, came to nothing. Reset the modem: it may still be busy with it.
    NoCall(NoCall),
}

/// Why a modem is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It doesn't answer this.
    Silent(String),
    /// It answers this with `ERROR`.
    Refused(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silent(command) => {
                write!(f, "it does not answer `{command}`: is it switched on, at this speed?")
            }
            Self::Refused(command) => {
                write!(f, "it answers `{command}` with ERROR: change that string of `init`")
            }
        }
    }
}

/// Why there is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCall {
    /// `NO CARRIER`
    NoCarrier,
    /// `BUSY`
    Busy,
    /// `NO ANSWER`
    NoAnswer,
    /// `NO DIALTONE`, in either spelling.
    NoDialtone,
    /// `DELAYED`: it has dialled this number in vain too often.
    Delayed,
    /// `BLACKLISTED`: and will not again.
    Blacklisted,
    /// `VOICE`: a person answered.
    Voice,
    /// `ERROR`: it can't dial that.
    Refused,
    /// Somebody called while it was to dial.
    Collision,
    /// It said nothing in time.
    TimedOut,
}

impl NoCall {
    /// What the equipment that dialled is told.
    pub const fn cause(self) -> Cause {
        match self {
            Self::NoCarrier | Self::Voice => Cause::NoCarrier,
            Self::Busy => Cause::Busy,
            Self::NoAnswer => Cause::NoAnswer,
            Self::NoDialtone => Cause::CarrierDown,
            Self::Delayed | Self::Blacklisted => Cause::Denied,
            Self::Refused => Cause::BadNumber,
            Self::Collision => Cause::LineInUse,
            Self::TimedOut => Cause::TimedOut,
        }
    }
}

/// What a modem said of a call that came up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// What stood behind `CONNECT`, such as `9600/ARQ/V34/LAPM`; printable ASCII of a bounded length.
    pub text: String,
    /// The speed in it, in bit/s.
    pub rate: Option<u32>,
}

impl Connect {
    pub(super) fn new(behind: &str) -> Self {
        let text = clean(behind);
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        Self { rate: digits.parse().ok(), text }
    }

    pub(super) fn of_rate(rate: Option<u32>) -> Self {
        Self { text: rate.map(|rate| rate.to_string()).unwrap_or_default(), rate }
    }

    /// Adds what was said before the `CONNECT`: protocol and compression.
    pub(super) fn add(&mut self, progress: &str) {
        self.text = clean(&format!("{} {progress}", self.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_the_number_at_the_beginning() {
        for (behind, text, rate) in [
            (" 9600", "9600", Some(9600)),
            (" 9600/ARQ/V34/LAPM", "9600/ARQ/V34/LAPM", Some(9600)),
            ("", "", None),
            (" FAX", "FAX", None),
            (" 99999999999999", "99999999999999", None),
        ] {
            assert_eq!(Connect::new(behind), Connect { text: text.into(), rate }, "{behind}");
        }
    }
}
