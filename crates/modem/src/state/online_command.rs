//! There is a call, and the equipment talks to the modem.
//!
//! What the far end sends meanwhile waits, up to a limit at which the modem wants no more of it. A far
//! end that goes away with bytes still waiting does not end the call yet: `O` delivers them and then
//! `NO CARRIER`, and only `H`, `Z`, DTR or the linger limit lose them.

use at::result::Cause;

use super::ending::{end, hang_up, tell_far_end};
use super::online::{arm_idle, break_to_dte, end_by_dtr, establish};
use super::{Online, State, refuse_second_caller};
use crate::call::{Call, Direction};
use crate::core::Core;
use crate::input::{CallEvent, Connected};
use crate::limits::LINGER;
use crate::output::Note;
use crate::port::Port;
use crate::timer::Timer;

/// There is a call, and the equipment talks to the modem.
pub(crate) struct OnlineCommand {
    call: Call,
}

impl OnlineCommand {
    /// A call is established, and the equipment stays in command state.
    pub(crate) fn connect(
        mut call: Call,
        connected: Connected,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        establish(&mut call, &connected, core, port);
        Self::begin(call, core, port)
    }

    /// The equipment escaped from its data.
    pub(super) fn begin(call: Call, core: &mut Core, port: &mut Port<'_>) -> State {
        if call.gone.is_some() && !call.held.is_empty() {
            core.set_timer(Timer::FarEnd, port, LINGER);
        }
        arm_idle(core, port);
        State::OnlineCommand(Box::new(Self { call }))
    }

    /// `O`
    pub(crate) fn resume(self, core: &mut Core, port: &mut Port<'_>) -> State {
        Online::resume(self.call, core, port)
    }

    /// `H` and `Z`.
    pub(crate) fn hang_up(self, core: &mut Core, port: &mut Port<'_>) {
        hang_up(self.call, Cause::LocalHangUp, core, port);
    }

    /// The call ends from this side, and the equipment is told.
    pub(crate) fn end(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        tell_far_end(&self.call, cause, port);
        end(self.call, cause, core, port)
    }

    /// Whether this is the modem's own loop.
    pub(crate) fn is_looped(&self) -> bool {
        self.call.direction == Direction::Looped
    }

    /// The call.
    pub(super) fn call_record(&self) -> &Call {
        &self.call
    }

    /// Whether the far end's bytes are welcome.
    pub(crate) fn wants_line(&self) -> bool {
        self.call.has_room()
    }

    pub(super) fn end_by_dtr(self, core: &mut Core, port: &mut Port<'_>) -> State {
        end_by_dtr(self.call, core, port)
    }

    pub(super) fn call(
        mut self: Box<Self>,
        event: CallEvent<'_>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match event {
            CallEvent::Ringing(_) => refuse_second_caller(port),
            _ if self.is_looped() => {}
            CallEvent::Connected(_) => {
                // The path mended.
                self.call.gone = None;
                core.clear_timer(Timer::FarEnd);
            }
            _ if self.call.gone.is_some() => {}
            CallEvent::Data(bytes) => {
                let lost = self.call.hold(bytes);
                if lost > 0 {
                    port.note(Note::Lost(lost));
                }
            }
            CallEvent::Passed(bytes) => self.call.received += bytes,
            CallEvent::Break => break_to_dte(core, port),
            CallEvent::Failed(cause) | CallEvent::Cleared(cause) => {
                return self.cleared(cause, core, port);
            }
            CallEvent::CallerGone => return self.cleared(Cause::RemoteHangUp, core, port),
        }
        State::OnlineCommand(self)
    }

    fn cleared(mut self: Box<Self>, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        if self.call.held.is_empty() {
            return end(self.call, cause, core, port);
        }
        self.call.gone = Some(cause);
        core.set_timer(Timer::FarEnd, port, LINGER);
        State::OnlineCommand(self)
    }

    pub(super) fn timer(
        self: Box<Self>,
        timer: Timer,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match timer {
            Timer::FarEnd => {
                let cause = self.call.gone.unwrap_or(Cause::RemoteHangUp);
                end(self.call, cause, core, port)
            }
            Timer::Idle => self.end(Cause::Idle, core, port),
            _ => State::OnlineCommand(self),
        }
    }
}
