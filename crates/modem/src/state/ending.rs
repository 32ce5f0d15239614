//! The ends of calls, and what follows from them in every state.

use std::time::Duration;

use at::result::{Cause, ResultCode};

use super::{CALL_OVER, State};
use crate::call::{Call, Direction, Progress};
use crate::core::{Carrier, Core, Hook};
use crate::output::{Action, Note};
use crate::port::Port;
use crate::sets;
use crate::table::{CARRIER_DETECT, DETAIL};
use crate::timer::Timer;

/// How long DCD is off after a call under `&C2`: long enough to be seen by whoever polls.
const CARRIER_LOST_SHOWN: Duration = Duration::from_millis(500);

/// Tells the equipment that a call was not established.
pub(crate) fn fail(call: Call, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
    let direction = call.direction;
    let code = match direction {
        Direction::Dialled => cause.result(core.x(), &core.persona().results.causes),
        Direction::Answered | Direction::Looped => CALL_OVER,
    };
    close(call, cause, core, port);
    detail(cause, code, direction, core, port);
    core.call_result(code, "", direction, port);
    State::Command
}

/// Tells the equipment that an established call is over. The far end knows already.
pub(super) fn end(call: Call, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
    end_with(CALL_OVER, call, cause, core, port)
}

/// The same with another result code.
pub(super) fn end_with(
    code: ResultCode,
    call: Call,
    cause: Cause,
    core: &mut Core,
    port: &mut Port<'_>,
) -> State {
    let direction = call.direction;
    if !call.held.is_empty() {
        port.note(Note::Lost(call.held.len()));
    }
    close(call, cause, core, port);
    detail(cause, code, direction, core, port);
    core.call_result(code, "", direction, port);
    State::Command
}

/// Ends an established call from our side, without a result code.
pub(crate) fn hang_up(call: Call, cause: Cause, core: &mut Core, port: &mut Port<'_>) {
    tell_far_end(&call, cause, port);
    close(call, cause, core, port);
}

/// Has the driver end the call, if there is still somebody to end it with.
pub(super) fn tell_far_end(call: &Call, cause: Cause, port: &mut Port<'_>) {
    if call.direction != Direction::Looped && call.gone.is_none() {
        port.act(Action::HangUp(cause));
    }
}

/// The circuits and timers of a call go; the call is remembered.
fn close(call: Call, cause: Cause, core: &mut Core, port: &mut Port<'_>) {
    for timer in [Timer::Connect, Timer::Pause, Timer::Guard, Timer::Idle, Timer::FarEnd] {
        core.clear_timer(timer);
    }
    let was_up = call.connected.is_some();
    if was_up && core.settings.number(CARRIER_DETECT) == 2 {
        core.set_timer(Timer::Pause, port, CARRIER_LOST_SHOWN);
        core.set_carrier(Carrier::Lost, port);
    } else {
        core.set_carrier(Carrier::Absent, port);
    }
    port.note(Note::Ended(cause));
    if call.direction != Direction::Looped {
        core.memory.call_ended(call, cause, port.now());
        sets::progress(Progress::Over, core, port);
    }
}

/// The line that says why, for equipment that asked for it.
fn detail(cause: Cause, with: ResultCode, direction: Direction, core: &Core, port: &mut Port<'_>) {
    if core.settings.number(DETAIL) == 1 && cause != Cause::LocalHangUp {
        let text = format!("@DETAIL: {}, {}", cause.code(), cause.words());
        core.call_line(&text, with, direction, port);
    }
}

/// What `Z` does apart from ending a call: the stored profile, and everything as after power-up.
pub(crate) fn reset(profile: u8, core: &mut Core, port: &mut Port<'_>) {
    core.load_profile(profile);
    core.hook = Hook::On;
    core.rings = 0;
    core.selected = 0;
    core.memory.take_gathered();
    core.drive_lines(port);
}
