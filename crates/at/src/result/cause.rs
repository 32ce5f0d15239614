//! Why a call came to nothing, or to its end, and what a modem says about it.

use super::{ResultCode, XLevel};

/// Where to look when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The equipment on this side, or who works it.
    Dte,
    /// The far end, or the network in between.
    Line,
    /// This program, its machine or its owner.
    Ours,
}

/// Declares the causes once: variant, stable code, fault, words.
macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident, $code:literal, $fault:ident, $words:literal;)*) => {
        /// Every way in which a call fails or ends.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause {
            $($(#[$doc])* $cause,)*
        }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$cause,)*];

            /// A name for logs, call records and scripts that never changes.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$cause => $code,)* }
            }

            /// Where to look.
            pub const fn fault(self) -> Fault {
                match self { $(Self::$cause => Fault::$fault,)* }
            }

            /// What happened, for people.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$cause => $words,)* }
            }
        }
    };
}

causes! {
    /// The far end answered the connection with a reset.
    Refused, "refused", Line, "the far end refused the connection";
    /// The far end said that it is busy.
    Busy, "busy", Line, "the far end is busy";
    /// The line that was called has a call already.
    LineInUse, "line-in-use", Line, "the line called is in use";
    /// No place came free for a call that waited.
    QueueTimeout, "queue-timeout", Line, "no line came free in time";
    /// As many calls as are allowed are up already.
    TooManyCalls, "too-many-calls", Ours, "as many calls as allowed are up already";
    /// The connection didn't come about within S7.
    TimedOut, "timed-out", Line, "the far end did not answer in time";
    /// The far end rang, and nobody answered.
    NoAnswer, "no-answer", Line, "nobody answered";
    /// A call was given up after the greatest number of rings.
    RingLimit, "ring-limit", Dte, "nobody answered within the ring limit";
    /// A caller gave up before the answer.
    CallerGone, "caller-gone", Line, "the caller gave up before the answer";
    /// No interface, no route, or the network is down.
    NoRoute, "no-route", Ours, "there is no route to the far end";
    /// No name server could be reached.
    NoResolver, "no-resolver", Ours, "no name server answers";
    /// A real modem dialled, and no other answered.
    NoCarrier, "no-carrier", Line, "no modem answered at the far end";
    /// A real modem says nothing, or refuses its settings.
    ModemFailed, "modem-failed", Ours, "the modem that was to dial does not work";
    /// A carrier of its own, such as a mobile module, has no network.
    CarrierDown, "carrier-down", Ours, "the carrier has no network";
    /// A mobile module has no card, or can't read it.
    NoSim, "no-sim", Ours, "the mobile module has no SIM that it can read";
    /// Its card wants a PIN or PUK.
    SimLocked, "sim-locked", Ours, "the mobile module's SIM is locked";
    /// No mobile network takes it.
    NotRegistered, "not-registered", Ours, "the mobile module is registered with no network";
    /// It hears nothing.
    NoSignal, "no-signal", Ours, "the mobile module has no signal";
    /// The mobile network carries no data for it.
    NoSession, "no-session", Ours, "the mobile network gives no data session";
    /// No such host name.
    UnknownHost, "unknown-host", Line, "the host name is unknown";
    /// The number is in no phonebook.
    UnknownNumber, "unknown-number", Dte, "the number is not in the phonebook";
    /// A module was to begin PPP, by `D*99#`.
    NoPpp, "no-ppp", Dte, "the module has no PPP: packet data goes by its own TCP/IP commands";
    /// What was dialled can't be read.
    BadNumber, "bad-number", Dte, "what was dialled can't be read";
    /// Nothing was dialled, and there is no default.
    NothingDialled, "nothing-dialled", Dte, "nothing was dialled and there is no default number";
    /// Not allowed to be called, or to call.
    Denied, "denied", Ours, "the access list forbids this call";
    /// The line or modem is there for calls in the other direction.
    Reserved, "reserved", Ours, "reserved for calls in the other direction";
    /// The kind of carrier asked for is not in this program.
    NoSuchCarrier, "no-such-carrier", Ours, "this program has no such carrier";
    /// The telnet conversation didn't come about.
    TelnetFailed, "telnet-failed", Line, "telnet negotiation failed";
    /// No secure connection came about.
    TlsFailed, "tls-failed", Line, "no secure connection came about";
    /// No session came about over SSH.
    SshFailed, "ssh-failed", Line, "no SSH session came about";
    /// Nobody has said that the host's key is the right one.
    HostKeyUnknown, "host-key-unknown", Ours, "the host's key is not known";
    /// The host's key isn't the one that it had.
    HostKeyChanged, "host-key-changed", Line, "the host's key has changed";
    /// The far end broke the protocol.
    ProtocolError, "protocol-error", Line, "the far end broke the protocol";
    /// A name or password was wrong.
    LoginFailed, "login-failed", Line, "login failed";
    /// Nobody logged in before the deadline.
    LoginTimeout, "login-timeout", Line, "nobody logged in in time";
    /// A character from the terminal while the call was being set up.
    DteAbort, "dte-abort", Dte, "a character from the terminal stopped the call";
    /// DTR went off.
    DtrDrop, "dtr-drop", Dte, "DTR went off";
    /// DTR is off, so the line takes no calls.
    NotReady, "not-ready", Dte, "the equipment is not ready";
    /// `ATH1`: the line was taken out of service by its terminal.
    OffHook, "off-hook", Dte, "the line is off the hook";
    /// `ATH` or `ATZ`.
    LocalHangUp, "local-hang-up", Dte, "hung up by command";
    /// A long space or an escape that means the same.
    LongBreak, "long-break", Dte, "hung up by a long break";
    /// The equipment, or the adapter it hangs on, went away.
    DeviceLost, "device-lost", Dte, "the equipment was unplugged";
    /// The far end closed the call.
    RemoteHangUp, "remote-hang-up", Line, "the far end hung up";
    /// The far end broke the call off.
    Reset, "reset", Line, "the far end reset the connection";
    /// The far end can't be reached any more.
    PathLost, "path-lost", Line, "the far end can't be reached any more";
    /// The connection ended without the farewell that a secure one owes.
    CutOff, "cut-off", Line, "the connection was cut; its last data may be missing";
    /// Nothing was sent in either direction for as long as is allowed.
    Idle, "idle", Ours, "no data for as long as is allowed";
    /// The call lasted as long as is allowed.
    TimeLimit, "time-limit", Ours, "the call lasted as long as is allowed";
    /// The account's program ended.
    ProgramEnded, "program-ended", Ours, "the program ended";
    /// The account's program couldn't be started.
    ProgramFailed, "program-failed", Ours, "the program could not be started";
    /// Somebody ended the call by hand.
    Operator, "operator", Ours, "ended by the operator";
    /// This program ends.
    ShuttingDown, "shutting-down", Ours, "the service is shutting down";
    /// Calls are kept on record, and this one could not be.
    Unrecorded, "unrecorded", Ours, "the call could not be put on record";
    /// No descriptors, memory or processes left.
    NoResources, "no-resources", Ours, "the machine is out of resources";
    /// An error of input or output that has no other name.
    Io, "io", Ours, "input or output failed";
}

impl Cause {
    /// The cause with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.code() == code)
    }

    /// The result code for a cause: the one place where this is decided.
    ///
    /// A call that was up always ends in `NO CARRIER`, but for the one that a command ended: that
    /// command is answered `OK`.
    pub fn result(self, x: XLevel, rules: &CauseRules) -> ResultCode {
        let told = match self {
            Self::Refused
            | Self::Busy
            | Self::LineInUse
            | Self::QueueTimeout
            | Self::TooManyCalls
            | Self::Unrecorded
            | Self::NotReady
            | Self::OffHook => rules.refused,
            Self::TimedOut | Self::NoAnswer | Self::RingLimit => rules.timed_out,
            Self::NoRoute
            | Self::NoResolver
            | Self::CarrierDown
            | Self::ModemFailed
            | Self::NoSim
            | Self::SimLocked
            | Self::NotRegistered
            | Self::NoSignal
            | Self::NoSession => rules.no_network,
            Self::UnknownHost | Self::UnknownNumber | Self::BadNumber => rules.unknown,
            Self::NothingDialled => rules.nothing_dialled,
            Self::Denied | Self::Reserved => rules.denied,
            Self::DteAbort => rules.aborted,
            Self::LocalHangUp => ResultCode::Ok,
            // A module that can't do what was asked, rather than one that nobody answered: 3GPP TS 27.007, 10.2.1.1.
            Self::NoPpp => ResultCode::Error,
            Self::CallerGone
            | Self::NoCarrier
            | Self::NoSuchCarrier
            | Self::TelnetFailed
            | Self::TlsFailed
            | Self::SshFailed
            | Self::HostKeyUnknown
            | Self::HostKeyChanged
            | Self::ProtocolError
            | Self::LoginFailed
            | Self::LoginTimeout
            | Self::DtrDrop
            | Self::LongBreak
            | Self::DeviceLost
            | Self::RemoteHangUp
            | Self::Reset
            | Self::PathLost
            | Self::CutOff
            | Self::Idle
            | Self::TimeLimit
            | Self::ProgramEnded
            | Self::ProgramFailed
            | Self::Operator
            | Self::ShuttingDown
            | Self::NoResources
            | Self::Io => ResultCode::NoCarrier,
        };
        told.under(x, rules)
    }
}

/// A profile's say in the translation: which code a group of causes is told with, before `X` has
/// hidden what it hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseRules {
    /// Refused, busy, in use.
    pub refused: ResultCode,
    /// S7 ran out, or nobody answered.
    pub timed_out: ResultCode,
    /// No route, no name server, no mobile network.
    pub no_network: ResultCode,
    /// No such host or number, or a dial string that can't be read.
    pub unknown: ResultCode,
    /// An empty dial string without a default.
    pub nothing_dialled: ResultCode,
    /// Forbidden by an access list.
    pub denied: ResultCode,
    /// Stopped by a character.
    pub aborted: ResultCode,
    /// The least `X` that shows `NO ANSWER`.
    pub no_answer_from: XLevel,
}

impl Default for CauseRules {
    fn default() -> Self {
        Self {
            refused: ResultCode::Busy,
            timed_out: ResultCode::NoAnswer,
            no_network: ResultCode::NoDialtone,
            unknown: ResultCode::NoCarrier,
            nothing_dialled: ResultCode::NoCarrier,
            denied: ResultCode::NoCarrier,
            aborted: ResultCode::NoCarrier,
            no_answer_from: XLevel::new(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(cause: Cause) -> [ResultCode; 5] {
        [0, 1, 2, 3, 4].map(|x| cause.result(XLevel::new(x), &CauseRules::default()))
    }

    #[test]
    fn failures_become_the_codes_of_the_table_at_every_x() {
        use ResultCode::{Busy as B, NoAnswer as A, NoCarrier as C, NoDialtone as D};
        let table = [
            (Cause::Refused, [C, C, C, B, B]),
            (Cause::LineInUse, [C, C, C, B, B]),
            (Cause::Unrecorded, [C, C, C, B, B]),
            (Cause::TimedOut, [A; 5]),
            (Cause::NoAnswer, [A; 5]),
            (Cause::NoRoute, [C, C, D, C, D]),
            (Cause::NoResolver, [C, C, D, C, D]),
            (Cause::ModemFailed, [C, C, D, C, D]),
            (Cause::NoSim, [C, C, D, C, D]),
            (Cause::SimLocked, [C, C, D, C, D]),
            (Cause::NotRegistered, [C, C, D, C, D]),
            (Cause::NoSignal, [C, C, D, C, D]),
            (Cause::NoSession, [C, C, D, C, D]),
            (Cause::NoCarrier, [C; 5]),
            (Cause::Reserved, [C; 5]),
            (Cause::UnknownHost, [C; 5]),
            (Cause::UnknownNumber, [C; 5]),
            (Cause::NoPpp, [ResultCode::Error; 5]),
            (Cause::Denied, [C; 5]),
            (Cause::TlsFailed, [C; 5]),
            (Cause::SshFailed, [C; 5]),
            (Cause::HostKeyUnknown, [C; 5]),
            (Cause::HostKeyChanged, [C; 5]),
            (Cause::LoginFailed, [C; 5]),
            (Cause::DteAbort, [C; 5]),
            (Cause::RemoteHangUp, [C; 5]),
            (Cause::DtrDrop, [C; 5]),
        ];
        for (cause, codes) in table {
            assert_eq!(results(cause), codes, "{cause:?}");
        }
    }

    #[test]
    fn a_profile_changes_how_a_group_is_told() {
        let rules = CauseRules {
            timed_out: ResultCode::NoCarrier,
            unknown: ResultCode::NoAnswer,
            nothing_dialled: ResultCode::NoDialtone,
            denied: ResultCode::Blacklisted,
            aborted: ResultCode::Ok,
            ..CauseRules::default()
        };
        let told = |cause: Cause| cause.result(XLevel::new(4), &rules);
        assert_eq!(told(Cause::TimedOut), ResultCode::NoCarrier);
        assert_eq!(told(Cause::UnknownNumber), ResultCode::NoAnswer);
        assert_eq!(told(Cause::NothingDialled), ResultCode::NoDialtone);
        assert_eq!(told(Cause::Denied), ResultCode::Blacklisted);
        assert_eq!(told(Cause::DteAbort), ResultCode::Ok);
    }

    #[test]
    fn codes_are_unique_and_fit_for_a_log() {
        for (at, cause) in Cause::ALL.iter().enumerate() {
            assert_eq!(Cause::from_code(cause.code()), Some(*cause));
            assert!(cause.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
            assert!(!cause.words().is_empty());
            let later = Cause::ALL.iter().skip(at + 1);
            assert!(later.clone().all(|other| other.words() != cause.words()), "{cause:?}");
        }
    }
}
