//! A connection that is telnet.

use clock::{Instant, Timers};

use crate::com_port::{LineState, ModemState};
use crate::fingerprint::Matcher;
use crate::limits;
use crate::options::{Mode, Options, Side};
use crate::q::State;
use crate::replies::Replies;
use crate::summary::{Coding, Fingerprint, Kind, Summary};
use crate::table::{Party, Table};
use crate::wire::{Known, Verb};

pub(crate) const OPENING: usize = 0;
pub(crate) const RECHECK: usize = 1;

/// The state of a telnet connection. What is rare in it is boxed: it lasts as long as the call.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) options: Options,
    pub(crate) receiving: Receiving,
    pub(crate) line_end: LineEnd,
    pub(crate) table: Table,
    pub(crate) timers: Timers<2>,
    pub(crate) opening: Opening,
    pub(crate) matcher: Matcher,
    pub(crate) reask: Reask,
    pub(crate) refusals_left: u16,
    /// TIMING-MARKs that we have sent and that are not answered.
    pub(crate) marks: u8,
    /// Whether the peer leaves questions about BINARY unanswered.
    pub(crate) answers_binary: Answers,
    /// What has been received of the sub-negotiation under way.
    pub(crate) sub: Option<Box<Parameters>>,
    pub(crate) line_mask: LineState,
    pub(crate) modem_mask: ModemState,
}

/// Where in a command the receiver stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiving {
    Data,
    /// After IAC.
    Command,
    /// After IAC and WILL, WONT, DO or DONT.
    Option(Verb),
    /// After IAC SB.
    SubOption,
    Sub(Sub),
    /// After IAC within a sub-negotiation.
    SubCommand(Sub),
}

/// What happens with a sub-negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sub {
    Keep(Known),
    /// Nobody wants it, or it is too long: skipped to its end.
    Skip,
}

/// The parameters of a sub-negotiation.
#[derive(Debug, Default)]
pub(crate) struct Parameters(pub(crate) Vec<u8>);

/// What is left of a line end once its CR has been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    Over,
    /// Drop a NUL.
    DropNul,
    /// Drop a NUL or a LF.
    DropNulOrLf,
}

/// Our own first questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Wait until the peer's first questions are answered, or until the timer fires.
    Waiting,
    /// His first questions are being answered; ours follow at the end of what he sent.
    Due,
    Over,
}

/// The repeated question for BINARY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reask {
    pub(crate) left: u8,
    pub(crate) on_binary_data: Trigger,
}

/// Whether data that need BINARY make us ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    Armed,
    Fired,
}

/// Whether the peer answers questions about an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    Presumably,
    Never,
}

impl Session {
    pub(crate) fn new(options: Options, now: Instant, out: &mut Replies) -> Self {
        let mut session = Self {
            receiving: Receiving::Data,
            line_end: LineEnd::Over,
            table: Table::new(),
            timers: Timers::default(),
            opening: Opening::Waiting,
            matcher: Matcher::Start,
            reask: Reask { left: limits::REASKS, on_binary_data: Trigger::Armed },
            refusals_left: limits::REFUSALS,
            marks: 0,
            answers_binary: Answers::Presumably,
            sub: None,
            line_mask: LineState(0),
            modem_mask: ModemState(0xFF),
            options,
        };
        match (session.options.mode, session.options.side) {
            (Mode::BinaryBlind, _) => session.opening = Opening::Over,
            (Mode::On, Side::Server) => session.open(now, out),
            (Mode::On, Side::Client) => session.timers.set(OPENING, now + limits::OPENING),
            (Mode::Auto | Mode::Off, _) => {}
        }
        if session.reasks() {
            session.timers.set(RECHECK, now + limits::RECHECK);
        }
        session
    }

    /// Whether we ask again for BINARY: servers are the ones that withdraw it.
    pub(crate) fn reasks(&self) -> bool {
        self.options.side == Side::Client
            && self.options.mode != Mode::BinaryBlind
            && self.matcher.peer().is_none()
    }

    /// How the next byte that we send is coded.
    pub(crate) fn transmit(&self) -> Coding {
        let agreed = self.table.state(Party::Us, Known::Binary) == State::Yes;
        if agreed || self.always_binary() { Coding::Binary } else { Coding::Nvt }
    }

    /// How the next byte that we receive is coded.
    pub(crate) fn receive(&self) -> Coding {
        // After our DONT the peer stays binary until his WONT.
        let agreed =
            matches!(self.table.state(Party::Peer, Known::Binary), State::Yes | State::WantNo(_));
        let busybox = self.matcher.peer() == Some(Fingerprint::Busybox);
        if agreed || busybox || self.always_binary() { Coding::Binary } else { Coding::Nvt }
    }

    fn always_binary(&self) -> bool {
        self.options.mode == Mode::BinaryBlind || self.matcher.peer() == Some(Fingerprint::Gensio)
    }

    /// Whether we have asked to send binary and do not know yet from where on the peer reads so.
    pub(crate) fn is_changing(&self) -> bool {
        matches!(self.table.state(Party::Us, Known::Binary), State::WantYes(_))
            && self.answers_binary == Answers::Presumably
            && self.matcher.peer().is_none()
    }

    /// Whether both directions are binary, and nothing but a command of the peer's can change that.
    pub(crate) fn is_settled(&self) -> bool {
        self.receiving == Receiving::Data
            && self.opening == Opening::Over
            && (self.receive(), self.transmit()) == (Coding::Binary, Coding::Binary)
            && !self.is_changing()
            && !(self.reasks() && self.lacks_binary())
    }

    /// Whether the peer cannot know yet that we speak telnet. A server that tells callers apart by
    /// their first bytes would take data that come first for a raw call.
    pub(crate) fn is_unheard(&self) -> bool {
        self.timers.get(OPENING).is_some()
    }

    /// Whether either party uses the option.
    pub(crate) fn agreed(&self, option: Known) -> bool {
        [Party::Us, Party::Peer]
            .into_iter()
            .any(|party| self.table.state(party, option) == State::Yes)
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            kind: Kind::Telnet,
            receive: self.receive(),
            transmit: self.transmit(),
            peer: self.matcher.peer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_small() {
        assert!(size_of::<Session>() <= 120, "{}", size_of::<Session>());
    }
}
