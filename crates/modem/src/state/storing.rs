//! A command has stored something, and its line goes on once that is kept.
//!
//! What the equipment types meanwhile waits, and aborts nothing: V.250, 5.6, has only commands abortable that say so.

use at::result::ResultCode;

use super::{State, refuse_second_caller};
use crate::call::Call;
use crate::core::{Core, EndSettings};
use crate::execute::{self, Place};
use crate::input::CallEvent;
use crate::keeping::{Keeping, NotStored};
use crate::port::Port;
use crate::timer::Timer;

/// A command has stored something.
pub(crate) struct Storing {
    /// What it was typed in; it takes commands.
    inner: State,
    keeping: Keeping,
    then: Then,
    /// How the equipment's end was set before the line.
    before: EndSettings,
    /// How often the bell may still wait for the line's end.
    bells: u8,
}

/// As often as is longer than a driver takes to say what came of it.
const BELLS: u8 = 8;

/// What follows.
enum Then {
    /// The rest of the line.
    Rest { body: Box<[u8]>, done: usize, result: ResultCode },
    /// The module starts anew.
    #[cfg(feature = "gsm")]
    Restart { is_over: bool },
}

impl Storing {
    /// What is left of the line waits, after so many of its commands.
    pub(crate) fn begin(
        inner: State,
        keeping: Keeping,
        (body, done, result): (&[u8], usize, ResultCode),
        core: &Core,
    ) -> State {
        Self::with(inner, keeping, Then::Rest { body: body.into(), done, result }, core)
    }

    /// The module starts anew once it is kept, or known that it isn't.
    #[cfg(feature = "gsm")]
    pub(crate) fn before_restart(inner: State, keeping: Keeping, core: &Core) -> State {
        Self::with(inner, keeping, Then::Restart { is_over: false }, core)
    }

    fn with(inner: State, keeping: Keeping, then: Then, core: &Core) -> State {
        let before = core.end_settings();
        State::Storing(Box::new(Self { inner, keeping, then, before, bells: BELLS }))
    }

    /// The time in which the module starts is over: the start comes to its end as soon as the disk lets it.
    #[cfg(feature = "gsm")]
    pub(crate) fn restart_over(&mut self) {
        if let Then::Restart { is_over } = &mut self.then {
            *is_over = true;
        }
    }

    /// The equipment's end is set anew behind the line's result code.
    pub(crate) fn set_before(&mut self, before: EndSettings) {
        self.before = before;
    }

    pub(super) fn stored(
        self,
        kept: Result<(), NotStored>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        let Self { inner, keeping, then, before, .. } = self;
        if kept.is_ok() && !keeping.lines.is_empty() {
            core.information(&keeping.lines, port);
        }
        match (kept, &then) {
            (Ok(()), Then::Rest { body, done, result }) => {
                let place = Place { done: *done, result: *result, before };
                return execute::go_on(inner, body, place, core, port);
            }
            #[cfg(feature = "gsm")]
            (Ok(()), Then::Restart { .. }) => core.result(ResultCode::Ok, port),
            (Err(NotStored), _) => {
                core.drive_lines(port);
                keeping.unkept.say(core, port);
            }
        }
        core.apply_end_settings(before, port);
        match then {
            Then::Rest { .. } => inner,
            #[cfg(feature = "gsm")]
            Then::Restart { is_over } => {
                let state = crate::sets::gsm::Held::deaf(inner, core, port);
                if is_over { crate::sets::gsm::awake(state, core, port) } else { state }
            }
        }
    }

    pub(super) fn name(&self) -> super::StateName {
        self.inner.name()
    }

    pub(super) fn call_record(&self) -> Option<&Call> {
        self.inner.call_record()
    }

    /// Whether the far end's bytes are welcome.
    pub(crate) fn wants_line(&self) -> bool {
        matches!(&self.inner, State::OnlineCommand(online) if online.wants_line())
    }

    pub(super) fn call(
        self: Box<Self>,
        event: CallEvent<'_>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        if let CallEvent::Ringing(_) = event {
            refuse_second_caller(port);
            return State::Storing(self);
        }
        self.within(core, port, |inner, core, port| inner.call(event, core, port))
    }

    pub(super) fn timer(
        mut self: Box<Self>,
        timer: Timer,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        // The next ring, at which the modem may answer by itself, comes behind the line's end.
        if let (Timer::Bell, State::Ringing(_), 1..) = (timer, &self.inner, self.bells) {
            self.bells -= 1;
            core.set_timer(Timer::Bell, port, core.persona().incoming.ring_on);
            return State::Storing(self);
        }
        self.within(core, port, |inner, core, port| inner.timer(timer, core, port))
    }

    /// DTR has been off for as long as S25 says, and that means something: nobody is there to wait for the line's end.
    pub(super) fn dtr_off(self, core: &mut Core, port: &mut Port<'_>) -> State {
        core.apply_end_settings(self.before, port);
        self.inner.dtr_off(core, port)
    }

    /// Lets something happen to what the line was typed in. When that leads to a call that is set up, nobody is there to
    /// hear of the line's end.
    fn within(
        mut self: Box<Self>,
        core: &mut Core,
        port: &mut Port<'_>,
        happens: impl FnOnce(State, &mut Core, &mut Port<'_>) -> State,
    ) -> State {
        self.inner = happens(std::mem::replace(&mut self.inner, State::Command), core, port);
        if self.inner.takes_commands() {
            return State::Storing(self);
        }
        core.apply_end_settings(self.before, port);
        self.inner
    }
}
