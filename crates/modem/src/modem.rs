//! The modem.

use std::sync::Arc;

use at::result::Cause;
use clock::Instant;

use crate::core::{Core, DtrAction};
use crate::input::{CallEvent, DteLines, Input};
use crate::keeping::NotStored;
use crate::limits::TYPE_AHEAD;
use crate::memory::Remembered;
use crate::output::{Character, DceLines, Flow, Note, Output};
use crate::persona::Persona;
use crate::port::Port;
use crate::sets;
use crate::state::{State, StateName};
use crate::stored::Stored;
use crate::timer::Timer;

/// One modem: told what happens, it says what to do.
///
/// See the [crate's documentation](crate) for an example.
pub struct Modem {
    state: State,
    core: Core,
}

impl Modem {
    /// A modem that was just switched on, with the stored profile that `&Y` chose.
    ///
    /// The driver sets its end up by [`lines`](Self::lines), [`flow`](Self::flow),
    /// [`character`](Self::character) and [`port_rate`](Self::port_rate), and says what it knows with
    /// [`Input::Lines`] and [`Input::Rate`]; without that the equipment counts as ready.
    pub fn new(persona: Arc<Persona>, stored: Stored) -> Self {
        Self { state: State::Command, core: Core::new(persona, stored) }
    }

    /// Something happened at `now`, which never is before an earlier `now`.
    pub fn input(&mut self, now: Instant, input: Input<'_>, out: &mut impl Output) {
        let mut port = Port::new(now, out);
        self.run_timers(&mut port);
        match input {
            Input::Dte(bytes) => self.dte(bytes, &mut port),
            Input::Call(CallEvent::Data([])) => {}
            Input::Call(event) => {
                self.change(&mut port, |state, core, port| state.call(event, core, port))
            }
            Input::PassedLast(bytes) => self.core.memory.was_carried(bytes),
            Input::Break => self.change(&mut port, State::dte_break),
            Input::Lines(lines) => self.lines_changed(lines, &mut port),
            Input::Rate(rate) => {
                if rate > 0 {
                    self.core.rate = rate;
                }
            }
            #[cfg(feature = "wip")]
            Input::Net(event) => self
                .change(&mut port, |state, core, port| sets::wip::event(state, event, core, port)),
            #[cfg(feature = "gsm")]
            Input::Message(message) => sets::gsm::message(message, &mut self.core, &mut port),
            #[cfg(feature = "gsm")]
            Input::MessageSent(outcome) => sets::gsm::sent(outcome, &mut self.core, &mut port),
            #[cfg(feature = "gsm")]
            Input::Told(question, told) => sets::behind::told(question, told, &mut self.core),
            Input::Stored(kept) => self.stored_now(kept, &mut port),
            Input::Timeout => {}
        }
        self.parse_type_ahead(&mut port);
        // What was set to no time at all, such as S25=0, is due now.
        self.run_timers(&mut port);
        self.say_news(&mut port);
        if let Some((number, problem)) = self.core.memory.take_bad_profile() {
            port.note(Note::BadProfile(number, problem));
        }
        port.flush();
    }

    /// When the modem wants [`Input::Timeout`] at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        [self.core.timers.next(), self.core.sets.deadline()].into_iter().flatten().min()
    }

    /// Whether more of the equipment's bytes are welcome. While not, the driver stops reading them.
    pub fn wants_dte(&self) -> bool {
        let grace = self.is_storing() || self.core.timers.get(Timer::Guard.index()).is_some();
        let full = |known: &Remembered| known.type_ahead.len() >= TYPE_AHEAD;
        !(grace && self.core.memory.get().is_some_and(full))
    }

    /// Whether more of the far end's bytes are welcome. While not, the driver stops reading them.
    pub fn wants_line(&self) -> bool {
        match &self.state {
            State::Online(online) => online.wants_line(&self.core),
            State::OnlineCommand(online) => online.wants_line(),
            State::Storing(storing) => storing.wants_line(),
            _ => false,
        }
    }

    /// Whether the far end's bytes may go to the equipment by the side of the modem, which would not change them; it is
    /// to be told how many have, now and then, by [`CallEvent::Passed`].
    pub fn lets_pass(&self) -> bool {
        match &self.state {
            State::Online(online) => online.lets_pass(&self.core),
            _ => false,
        }
    }

    /// Whether more of a socket's bytes, or of a server's connections, are welcome.
    #[cfg(feature = "wip")]
    pub fn wants_net(&self, channel: wip::Channel) -> bool {
        self.core.sets.get().is_some_and(|inner| inner.wip.wants(channel))
    }

    /// The socket that the equipment has, if it has one.
    #[cfg(feature = "wip")]
    pub fn mapped(&self) -> Option<wip::Channel> {
        self.core.sets.get()?.wip.mapped()
    }

    /// Whether a command line waits for what it has stored to be kept. Callers had better wait as well.
    pub fn is_storing(&self) -> bool {
        matches!(self.state, State::Storing(_))
    }

    /// Where the call is.
    pub fn state(&self) -> StateName {
        self.state.name()
    }

    /// Whether a caller may ring here now, or why not.
    pub fn can_ring(&self) -> Result<(), Cause> {
        self.state.can_ring(&self.core)
    }

    /// Whether a message for the module's number can arrive, or the number of `+CMS ERROR` for its sender.
    #[cfg(feature = "gsm")]
    pub fn can_receive(&self) -> Result<(), u16> {
        sets::gsm::can_receive(&self.core)
    }

    /// The module's own number, if it has one.
    #[cfg(feature = "gsm")]
    pub fn number(&self) -> Option<&crate::Number> {
        self.core.persona().sets.number()
    }

    /// What survives a power cut.
    pub fn stored(&self) -> &Stored {
        &self.core.stored
    }

    /// Which modem this one pretends to be.
    pub fn persona(&self) -> &Arc<Persona> {
        self.core.persona()
    }

    /// The circuits as they have to be driven now.
    pub fn lines(&self) -> DceLines {
        self.core.dce
    }

    /// The flow control of the equipment's port as it has to be now.
    pub fn flow(&self) -> Flow {
        self.core.end_settings().flow
    }

    /// The character format that `+ICF` asks for.
    pub fn character(&self) -> Character {
        self.core.character()
    }

    /// The port's speed that `+IPR` asks for; 0 leaves it to the port.
    pub fn port_rate(&self) -> u32 {
        self.core.end_settings().rate
    }

    /// Whose call it is and with whom, while there is one: what was dialled, or the caller's address.
    pub fn party(&self) -> Option<&str> {
        self.state.call_record().map(|call| &*call.party)
    }

    fn run_timers(&mut self, port: &mut Port<'_>) {
        if self.core.sets.deadline().is_some_and(|at| at <= port.now()) {
            self.change(port, sets::due);
        }
        while let Some(index) = self.core.timers.take_due(port.now()) {
            if let Some(timer) = Timer::at(index) {
                self.change(port, |state, core, port| state.timer(timer, core, port));
                self.parse_type_ahead(port);
            }
        }
    }

    /// Lets something happen to the state, and notes where that leads.
    fn change(
        &mut self,
        port: &mut Port<'_>,
        happens: impl FnOnce(State, &mut Core, &mut Port<'_>) -> State,
    ) {
        let before = self.state.name();
        let state = std::mem::replace(&mut self.state, State::Command);
        self.state = happens(state, &mut self.core, port);
        let after = self.state.name();
        if after != before {
            port.note(Note::State(after));
        }
    }

    fn dte(&mut self, bytes: &[u8], port: &mut Port<'_>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            // Data passes without the state being taken apart.
            if let State::Online(online) = &mut self.state {
                let Some(left) = online.pass(rest, &mut self.core, port) else { return };
                rest = rest.get(left.place()..).unwrap_or_default();
                self.change(port, |state, core, port| state.leave_data(left, core, port));
            } else {
                self.change(port, |state, core, port| state.dte(&mut rest, core, port));
            }
            self.parse_type_ahead(port);
            // What a line leads to is said behind it, whether or not more has come with it.
            self.say_news(port);
        }
    }

    /// What was stored is kept, or can't be: the line that waits for it goes on, and then what came behind it.
    fn stored_now(&mut self, kept: Result<(), NotStored>, port: &mut Port<'_>) {
        self.core.memory.stored(kept.is_ok());
        if self.is_storing() {
            self.change(port, |state, core, port| state.stored(kept, core, port));
            let behind = self.core.memory.take_type_ahead();
            // As if nothing had been waited for: what the line leads to, then what was typed.
            self.say_news(port);
            self.dte(&behind, port);
        }
    }

    fn say_news(&mut self, port: &mut Port<'_>) {
        if self.core.sets.has_news() {
            self.change(port, sets::news);
        }
    }

    /// What came while a command executed is parsed when the next command can be.
    fn parse_type_ahead(&mut self, port: &mut Port<'_>) {
        while self.state.takes_commands() {
            let kept = self.core.memory.take_type_ahead();
            let mut rest = kept.as_slice();
            if rest.is_empty() {
                return;
            }
            while !rest.is_empty() {
                self.change(port, |state, core, port| state.dte(&mut rest, core, port));
            }
        }
    }

    fn lines_changed(&mut self, lines: DteLines, port: &mut Port<'_>) {
        let before = self.core.dte.replace(lines);
        self.core.drive_lines(port);
        // How the circuits are at the start is no change of them.
        let was_on = match (before, &self.state) {
            (None, State::Command) => false,
            (before, _) => before.unwrap_or(DteLines::READY).dtr,
        };
        if lines.dtr {
            sets::dtr_on(&mut self.core, port);
            self.core.clear_timer(Timer::DtrOff);
        } else if was_on && self.core.dtr_action() != DtrAction::Nothing {
            let time = self.core.dtr_time();
            self.core.set_timer(Timer::DtrOff, port, time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand idle lines are a thousand of these, and little else.
    #[test]
    fn an_idle_modem_is_small() {
        assert!(size_of::<Modem>() <= 384, "{} bytes", size_of::<Modem>());
        assert!(size_of::<State>() <= 16);
    }

    #[test]
    fn a_modem_can_move_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<Modem>();
    }
}
