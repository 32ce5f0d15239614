//! Why a module is of no use, or a call came to nothing or to its end.

use std::fmt;

use at::result::Cause;

/// Why a module is of no use, or a call came to nothing or to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It doesn't answer this.
    Silent(String),
    /// It refuses this command, with this code if it gives one.
    Refused(String, Option<u16>),
    /// Nothing that it says of itself tells whose commands it has.
    UnknownModule(String),
    /// There is no card in it.
    NoSim,
    /// The card wants a PIN, and none is configured.
    PinNeeded,
    /// The card has refused the PIN that is configured: a third try in vain would lock it.
    PinRefused,
    /// The card is locked, and wants its PUK.
    PukNeeded,
    /// The card can't be read.
    SimFailed,
    /// No network takes it: it is still searching, or none wants it.
    NotRegistered(Refusal),
    /// There is no signal at all.
    NoSignal,
    /// There is only a foreign network, and those aren't allowed.
    Roaming,
    /// The network gives no data session; with the module's code.
    NoSession(Option<u16>),
    /// The network has ended the data session.
    SessionLost,
    /// The far end refused.
    FarRefused,
    /// The far end refused, or can't be reached: the module doesn't say which.
    Unreachable,
    /// The far end did not answer in time.
    TimedOut,
    /// No such host name.
    UnknownHost,
    /// The far end closed the connection.
    PeerClosed,
    /// The far end broke the connection off.
    Reset,
    /// The module has started anew.
    Restarted,
    /// It can't listen for those who call it.
    CannotListen,
    /// It has a call already.
    InUse,
    /// What was dialled can't be told to a module.
    BadAddress,
    /// Who had the call has ended it.
    LocalHangUp,
    /// Somebody else has ended it.
    HungUp,
}

/// What a network says to a module that it doesn't take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing: none is found.
    Searching,
    /// No.
    Denied,
}

impl Reason {
    /// What the equipment that dialled is told.
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Silent(_)
            | Self::Refused(..)
            | Self::UnknownModule(_)
            | Self::Restarted
            | Self::CannotListen => Cause::ModemFailed,
            Self::NoSim | Self::SimFailed => Cause::NoSim,
            Self::PinNeeded | Self::PinRefused | Self::PukNeeded => Cause::SimLocked,
            Self::NotRegistered(_) | Self::Roaming => Cause::NotRegistered,
            Self::NoSignal => Cause::NoSignal,
            Self::NoSession(_) | Self::SessionLost => Cause::NoSession,
            Self::FarRefused | Self::Unreachable => Cause::Refused,
            Self::TimedOut => Cause::TimedOut,
            Self::UnknownHost => Cause::UnknownHost,
            Self::PeerClosed => Cause::RemoteHangUp,
            Self::Reset => Cause::Reset,
            Self::InUse => Cause::LineInUse,
            Self::BadAddress => Cause::BadNumber,
            Self::LocalHangUp => Cause::LocalHangUp,
            Self::HungUp => Cause::Operator,
        }
    }

    /// What a module is that is given up for this reason, in a word or two.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoSim => "no SIM",
            Self::SimFailed => "SIM unreadable",
            Self::PinNeeded | Self::PinRefused | Self::PukNeeded => "SIM locked",
            Self::UnknownModule(_) => "unknown",
            Self::Refused(..) => "refusing",
            Self::NotRegistered(_) | Self::NoSignal | Self::Roaming => "no network",
            Self::NoSession(_) | Self::SessionLost => "no session",
            _ => "silent",
        }
    }

    /// Whether trying again is of no use until somebody has done something.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::PinNeeded | Self::PinRefused | Self::PukNeeded)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Silent(command) => {
                return write!(
                    f,
                    "it does not answer `{command}`: is it switched on, at this speed?"
                );
            }
            Self::Refused(command, code) => {
                write!(f, "it refuses `{command}`")?;
                return code.map_or(Ok(()), |code| write!(f, " with error {code}"));
            }
            Self::UnknownModule(says) => {
                return write!(
                    f,
                    "it calls itself `{says}`, which is no module known here: say whose commands it has with `dialect`"
                );
            }
            Self::NoSim => "there is no SIM in it",
            Self::PinNeeded => "the SIM wants a PIN: give `pin`, a reference to where it is kept",
            Self::PinRefused => {
                "the SIM refuses the PIN; none is tried again, since the third time would lock the SIM: correct `pin`"
            }
            Self::PukNeeded => "the SIM is locked: unlock it with its PUK in a telephone",
            Self::SimFailed => "the SIM can't be read",
            Self::NotRegistered(Refusal::Searching) => "it finds no network that takes it",
            Self::NotRegistered(Refusal::Denied) => {
                "the network refuses it: is the SIM's contract in force?"
            }
            Self::NoSignal => "there is no signal: look after the antenna",
            Self::Roaming => "there is only a foreign network, and `roaming` is forbidden",
            Self::NoSession(code) => {
                f.write_str("the network gives no data session: is `apn` right?")?;
                return code.map_or(Ok(()), |code| write!(f, " (error {code})"));
            }
            Self::SessionLost => "the network has ended the data session",
            Self::FarRefused => "the far end refused the connection",
            Self::Unreachable => "the far end refused the connection, or can't be reached",
            Self::TimedOut => "the far end did not answer in time",
            Self::UnknownHost => "the host name is unknown to the module's network",
            Self::PeerClosed => "the far end closed the connection",
            Self::Reset => "the far end broke the connection off",
            Self::Restarted => "the module has started anew",
            Self::CannotListen => "it can't listen on the port of `listen`",
            Self::InUse => "the module is in use",
            Self::BadAddress => "a module can't be told such an address",
            Self::LocalHangUp => "this end hung up",
            Self::HungUp => "it was hung up",
        };
        f.write_str(text)
    }
}
