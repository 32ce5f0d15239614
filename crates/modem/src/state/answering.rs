//! The modem answers, or waits for somebody to answer.

use std::time::Duration;

use at::result::Cause;
use clock::Instant;

use super::{Online, State, dialling, fail, refuse_second_caller};
use crate::call::{Call, Direction, Progress};
use crate::caller::CallerText;
use crate::core::{Bell, Carrier, Core};
use crate::input::CallEvent;
use crate::output::{Action, Note};
use crate::port::Port;
use crate::sets;
use crate::table::S7;
use crate::timer::Timer;

/// The modem answers.
pub(crate) struct Answering {
    call: Call,
    by: By,
    phase: Phase,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// `ATA`, which ended then: a byte aborts it.
    Command(Instant),
    /// S0: the equipment doesn't know and may send what it likes.
    Itself,
}

/// How far the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody calls yet.
    Awaiting,
    /// The bell still rings: the equipment shall see it.
    Delayed,
    /// The driver was told to answer.
    PickedUp,
}

impl Answering {
    /// `ATA` while somebody calls.
    pub(crate) fn by_command(call: Call, core: &mut Core, port: &mut Port<'_>) -> State {
        Self { call, by: By::Command(port.now()), phase: Phase::Delayed }.pick_up(core, port)
    }

    /// `ATA` before somebody calls.
    pub(crate) fn await_caller(
        limit: Option<Duration>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        core.set_timer(Timer::Connect, port, limit.unwrap_or_else(|| connect_limit(core)));
        let call = Call::new(Direction::Answered, "");
        let by = By::Command(port.now());
        State::Answering(Box::new(Self { call, by, phase: Phase::Awaiting }))
    }

    /// S0.
    pub(super) fn by_itself(call: Call, core: &mut Core, port: &mut Port<'_>) -> State {
        let delay = core.persona().incoming.answer_delay;
        let answering = Self { call, by: By::Itself, phase: Phase::Delayed };
        if delay.is_zero() {
            return answering.pick_up(core, port);
        }
        core.clear_timer(Timer::Bell);
        core.set_timer(Timer::Pause, port, delay);
        State::Answering(Box::new(answering))
    }

    fn pick_up(mut self, core: &mut Core, port: &mut Port<'_>) -> State {
        core.clear_timer(Timer::Bell);
        core.clear_timer(Timer::Pause);
        core.bell = Bell::Silent;
        core.set_carrier(Carrier::Answering, port);
        core.set_timer(Timer::Connect, port, connect_limit(core));
        self.phase = Phase::PickedUp;
        port.act(Action::Answer);
        State::Answering(Box::new(self))
    }

    /// The call.
    pub(super) fn call_record(&self) -> &Call {
        &self.call
    }

    /// Whether a caller would be answered at once.
    pub(super) fn awaits_caller(&self) -> bool {
        self.phase == Phase::Awaiting
    }

    pub(super) fn bytes(
        self: Box<Self>,
        bytes: &mut &[u8],
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        let By::Command(since) = self.by else {
            *bytes = &[];
            return State::Answering(self);
        };
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if dialling::aborts(*byte, since, core, port) {
                return self.abort(Cause::DteAbort, core, port);
            }
        }
        State::Answering(self)
    }

    pub(super) fn dte_break(self: Box<Self>, core: &mut Core, port: &mut Port<'_>) -> State {
        match self.by {
            By::Command(_) => self.abort(Cause::DteAbort, core, port),
            By::Itself => State::Answering(self),
        }
    }

    /// Gives up.
    pub(super) fn abort(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        match self.phase {
            Phase::Awaiting => {}
            Phase::Delayed => port.act(Action::Refuse(cause)),
            Phase::PickedUp => port.act(Action::HangUp(cause)),
        }
        self.over(cause, core, port)
    }

    /// The caller is gone. Equipment that didn't ask for the call is told only once the modem had
    /// picked up.
    fn over(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        if self.by == By::Itself && self.phase == Phase::Delayed {
            core.clear_timer(Timer::Pause);
            core.set_bell(Bell::Silent, port);
            port.note(Note::Ended(cause));
            core.memory.call_ended(self.call, cause, port.now());
            sets::progress(Progress::Over, core, port);
            return State::Command;
        }
        fail(self.call, cause, core, port)
    }

    pub(super) fn call(
        mut self: Box<Self>,
        event: CallEvent<'_>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match (event, self.phase) {
            (CallEvent::Ringing(caller), Phase::Awaiting) => {
                let caller = CallerText::new(&caller);
                self.call = Call::new(Direction::Answered, caller.party());
                core.memory.make().last_caller = Some(caller);
                sets::progress(Progress::Begun, core, port);
                self.pick_up(core, port)
            }
            (CallEvent::Ringing(_), _) => {
                refuse_second_caller(port);
                State::Answering(self)
            }
            (_, Phase::Awaiting) => State::Answering(self),
            (CallEvent::CallerGone, _) => self.over(Cause::CallerGone, core, port),
            (CallEvent::Failed(cause) | CallEvent::Cleared(cause), _) => {
                self.over(cause, core, port)
            }
            (CallEvent::Connected(connected), Phase::PickedUp) => {
                core.memory.take_type_ahead();
                Online::connect(self.call, connected, core, port)
            }
            (
                CallEvent::Connected(_)
                | CallEvent::Data(_)
                | CallEvent::Passed(_)
                | CallEvent::Break,
                _,
            ) => State::Answering(self),
        }
    }

    pub(super) fn timer(
        self: Box<Self>,
        timer: Timer,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match (timer, self.phase) {
            (Timer::Connect, _) => self.abort(Cause::TimedOut, core, port),
            (Timer::Pause, Phase::Delayed) => self.pick_up(core, port),
            _ => State::Answering(self),
        }
    }
}

fn connect_limit(core: &Core) -> Duration {
    Duration::from_secs(u64::from(core.settings.number(S7)))
}
