//! Who asks what, who answers what.

use clock::Instant;

use crate::event::Event;
use crate::options::{ComPort, Profile, Side};
use crate::q::{Happening, Opinion, Say, State};
use crate::replies::Replies;
use crate::session::{Answers, OPENING, Opening, RECHECK, Session, Trigger};
use crate::table::{Party, Table};
use crate::wire::{Known, TIMING_MARK, Verb};

impl Session {
    /// Takes one command of the peer's negotiation.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        verb: Verb,
        code: u8,
        out: &mut Replies,
    ) -> Option<Event> {
        self.matcher.negotiation(verb, code);
        if self.opening == Opening::Waiting {
            self.opening = Opening::Due;
        }
        if code == TIMING_MARK {
            return self.timing_mark(verb, out);
        }
        let (party, on) = match verb {
            Verb::Do => (Party::Us, Say::On),
            Verb::Dont => (Party::Us, Say::Off),
            Verb::Will => (Party::Peer, Say::On),
            Verb::Wont => (Party::Peer, Say::Off),
        };
        match (Known::from_code(code), on) {
            (Some(option), Say::On) => {
                let opinion = self.opinion(party, option);
                self.happen(now, party, option, Happening::PeerOn(opinion), out);
            }
            (Some(option), Say::Off) => {
                self.happen(now, party, option, Happening::PeerOff, out);
            }
            (None, Say::On) => self.refuse(party, code, out),
            (None, Say::Off) => {}
        }
        None
    }

    /// inetutils and netkit telnetd wait for an answer to every option they name.
    fn refuse(&mut self, party: Party, code: u8, out: &mut Replies) {
        if self.refusals_left > 0 && out.has_room() {
            self.refusals_left -= 1;
            out.negotiate(party.verb(Say::Off), code);
        }
    }

    /// A server says that it has come so far; a client, that it does not do this, which tells as much.
    fn timing_mark(&mut self, verb: Verb, out: &mut Replies) -> Option<Event> {
        match verb {
            Verb::Do if out.has_room() => {
                let answer = match self.options.side {
                    Side::Server => Verb::Will,
                    Side::Client => Verb::Wont,
                };
                out.negotiate(answer, TIMING_MARK);
                None
            }
            Verb::Will | Verb::Wont if self.marks > 0 => {
                self.marks -= 1;
                Some(Event::Mark)
            }
            Verb::Will => {
                self.refuse(Party::Peer, TIMING_MARK, out);
                None
            }
            Verb::Do | Verb::Wont | Verb::Dont => None,
        }
    }

    /// What we think of an option that the peer proposes.
    fn opinion(&self, party: Party, option: Known) -> Opinion {
        use Known::{Binary, ComPort as Port, Echo, SuppressGoAhead, TerminalType, WindowSize};
        let options = &self.options;
        let fine = match (option, party, options.side) {
            (Binary | SuppressGoAhead, _, _) => true,
            // The server may echo; nobody else does, and a client's echo would come back for ever.
            (Echo, Party::Us, side) => side == Side::Server,
            (Echo, Party::Peer, side) => side == Side::Client,
            (TerminalType, Party::Us, Side::Client) => options.terminal.is_some(),
            (WindowSize, Party::Us, Side::Client) => options.size.is_some(),
            (TerminalType | WindowSize, party, side) => {
                party == Party::Peer && side == Side::Server
            }
            // pyserial says both WILL and DO, and wants at least one of them.
            (Port, _, _) => options.com_port != ComPort::Refuse,
        };
        if fine { Opinion::Agree } else { Opinion::Refuse }
    }

    /// Lets something happen to an option: sends what the Q method says and does what follows.
    pub(crate) fn happen(
        &mut self,
        now: Instant,
        party: Party,
        option: Known,
        happening: Happening,
        out: &mut Replies,
    ) {
        let entry = self.table.entry(party, option);
        let before = entry.state;
        let step = entry.foresee(happening);
        if let Some(say) = step.say {
            if step.next == before {
                return self.refuse(party, option.code(), out);
            }
            // However full the queue is: both ends must know of a change, and the budget counts them.
            out.negotiate(party.verb(say), option.code());
        }
        self.table.take(now, party, option, step);
        if step.next == before {
            return;
        }
        if (before, happening) == (State::Yes, Happening::PeerOff) && option == Known::Binary {
            self.reask.on_binary_data = Trigger::Armed;
        }
        if step.next == State::Yes {
            self.begun(party, option, out);
        }
    }

    /// Sends what is due at the moment when an option comes into force.
    fn begun(&mut self, party: Party, option: Known, out: &mut Replies) {
        match (party, option) {
            (Party::Peer, Known::TerminalType) => out.sub(option.code(), &[1]),
            (Party::Us, Known::WindowSize) => self.tell_size(out),
            _ => {}
        }
    }

    /// Our own first questions.
    pub(crate) fn open(&mut self, now: Instant, out: &mut Replies) {
        self.opening = Opening::Over;
        self.timers.clear(OPENING);
        let human = self.options.profile == Profile::Human;
        let port = self.options.com_port;
        let server = self.options.side == Side::Server;
        let questions = [
            (Party::Us, Known::Echo, server),
            (Party::Us, Known::SuppressGoAhead, server),
            (Party::Us, Known::Binary, !server),
            (Party::Peer, Known::Binary, !server),
            (Party::Peer, Known::SuppressGoAhead, true),
            (Party::Us, Known::SuppressGoAhead, !server),
            (Party::Peer, Known::Binary, server),
            (Party::Us, Known::Binary, server),
            (Party::Peer, Known::TerminalType, server && human),
            (Party::Peer, Known::WindowSize, server && human),
            (Party::Us, Known::ComPort, port == ComPort::Client),
            (Party::Peer, Known::ComPort, port == ComPort::AccessServer),
        ];
        for (party, option, asked) in questions {
            if asked {
                self.happen(now, party, option, Happening::WantOn, out);
            }
        }
    }

    /// The peer's batch is at its end: our questions follow his first ones.
    pub(crate) fn batch_over(&mut self, now: Instant, out: &mut Replies) {
        if self.opening == Opening::Due {
            self.open(now, out);
        }
    }

    /// Asks for BINARY in each direction that is not binary, if it has not been asked too often.
    pub(crate) fn ask_binary(&mut self, now: Instant, out: &mut Replies) {
        if !self.reasks() || self.reask.left == 0 || self.opening != Opening::Over {
            return;
        }
        let before = out.0.len();
        for party in [Party::Peer, Party::Us] {
            self.happen(now, party, Known::Binary, Happening::WantOn, out);
        }
        if out.0.len() > before {
            self.reask.left -= 1;
        }
    }

    /// Whether one of the directions is not binary.
    pub(crate) fn lacks_binary(&self) -> bool {
        [Party::Us, Party::Peer]
            .into_iter()
            .any(|party| self.table.state(party, Known::Binary) != State::Yes)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.timers.next(), self.table.answer_by()].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(crate) fn timeout(&mut self, now: Instant, out: &mut Replies) {
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                OPENING if self.opening != Opening::Over => self.open(now, out),
                RECHECK => self.ask_binary(now, out),
                _ => {}
            }
        }
        if self.table.answer_by().is_none_or(|at| at > now) {
            return;
        }
        for option in Table::KNOWN {
            for party in [Party::Us, Party::Peer] {
                if self.table.is_overdue(now, party, option) {
                    if (party, option) == (Party::Us, Known::Binary) {
                        self.answers_binary = Answers::Never;
                    }
                    self.happen(now, party, option, Happening::NoAnswer, out);
                }
            }
        }
    }
}
