//! Somebody calls.

use at::result::Cause;

use super::{Answering, State, refuse_second_caller};
use crate::call::{Call, Direction, Progress};
use crate::caller::{self, CallerText};
use crate::core::{Bell, Core};
use crate::input::{CallEvent, Caller};
use crate::limits::RING_COUNT_CLEARS;
use crate::output::{Action, Note};
use crate::persona::S0Means;
use crate::port::Port;
use crate::sets;
use crate::table::S0;
use crate::timer::Timer;

/// Somebody calls.
pub(crate) struct Ringing {
    call: Call,
    caller: CallerText,
    /// Rings of this call. S1 can be cleared by the equipment; the ring limit must not be.
    rings: u32,
}

impl Ringing {
    /// The first ring.
    pub(super) fn begin(caller: &Caller<'_>, core: &mut Core, port: &mut Port<'_>) -> State {
        let caller = CallerText::new(caller);
        core.memory.make().last_caller = Some(caller.clone());
        let call = Call::new(Direction::Answered, caller.party());
        core.rings = 0;
        sets::progress(Progress::Begun, core, port);
        Self { call, caller, rings: 0 }.ring(core, port)
    }

    /// The call that rings.
    pub(crate) fn into_call(self) -> Call {
        self.call
    }

    /// The call.
    pub(super) fn call_record(&self) -> &Call {
        &self.call
    }

    fn ring(mut self, core: &mut Core, port: &mut Port<'_>) -> State {
        if self.rings >= core.persona().incoming.ring_limit {
            return Box::new(self).send_away(Cause::RingLimit, core, port);
        }
        self.rings += 1;
        core.rings = core.rings.saturating_add(1);
        core.set_timer(Timer::RingCount, port, RING_COUNT_CLEARS);
        core.set_bell(Bell::Ringing, port);
        caller::ring(core, &self.caller, port);
        if answers_itself(core) {
            return Answering::by_itself(self.call, core, port);
        }
        core.set_timer(Timer::Bell, port, core.persona().incoming.ring_on);
        State::Ringing(Box::new(self))
    }

    /// Sends the caller away. The equipment hears only that the ringing stops.
    pub(crate) fn send_away(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        port.act(Action::Refuse(cause));
        self.stop(cause, core, port)
    }

    fn stop(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        core.clear_timer(Timer::Bell);
        core.set_bell(Bell::Silent, port);
        port.note(Note::Ended(cause));
        core.memory.call_ended(self.call, cause, port.now());
        sets::progress(Progress::Over, core, port);
        State::Command
    }

    pub(super) fn call(
        self: Box<Self>,
        event: CallEvent<'_>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match event {
            CallEvent::CallerGone | CallEvent::Failed(_) | CallEvent::Cleared(_) => {
                self.stop(Cause::CallerGone, core, port)
            }
            CallEvent::Ringing(_) => {
                refuse_second_caller(port);
                State::Ringing(self)
            }
            CallEvent::Connected(_)
            | CallEvent::Data(_)
            | CallEvent::Passed(_)
            | CallEvent::Break => State::Ringing(self),
        }
    }

    pub(super) fn timer(
        self: Box<Self>,
        timer: Timer,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match (timer, core.bell) {
            (Timer::Bell, Bell::Ringing) => {
                core.set_bell(Bell::Silent, port);
                core.set_timer(Timer::Bell, port, core.persona().incoming.ring_off);
                State::Ringing(self)
            }
            (Timer::Bell, Bell::Silent) => self.ring(core, port),
            _ => State::Ringing(self),
        }
    }
}

/// Whether S0 has the modem answer at this ring.
fn answers_itself(core: &Core) -> bool {
    if core.dtr_refuses() {
        return false;
    }
    match (core.settings.number(S0), core.persona().incoming.s0) {
        (0, _) => false,
        (_, S0Means::Switch) => true,
        (rings, S0Means::Rings) => u32::from(core.rings) >= rings,
    }
}
