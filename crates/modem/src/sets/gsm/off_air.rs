//! A module that its equipment has taken off the air has no calls.

use at::result::Cause;

use super::Part;
use super::indicators::InCall;
use super::network::{Air, Selection};
use crate::core::Core;
use crate::port::Port;
use crate::state::State;

/// Whether calls go at all, or why the equipment has them not go.
pub(in crate::sets) fn can_call(core: &Core) -> Result<(), Cause> {
    let part = core.sets.get().and_then(|inner| inner.gsm.as_ref());
    match part.is_some_and(|part| part.is_off_air()) {
        true => Err(Cause::NotRegistered),
        false => Ok(()),
    }
}

/// A call that there is when the module leaves the air ends.
pub(in crate::sets) fn end_lost_call(state: State, core: &mut Core, port: &mut Port<'_>) -> State {
    let part = core.sets.get().and_then(|inner| inner.gsm.as_ref());
    match state {
        state if !part.is_some_and(|part| part.has_lost_call()) => state,
        State::OnlineCommand(online) => online.end(Cause::LocalHangUp, core, port),
        State::Ringing(ringing) => ringing.send_away(Cause::NotRegistered, core, port),
        other => other,
    }
}

impl Part {
    /// Whether the equipment has taken the module off the air, and its calls with it.
    pub(super) fn is_off_air(&self) -> bool {
        self.air != Air::On || self.network.selection == Selection::Off
    }

    /// Whether there is a call, and no air for it.
    pub(in crate::sets) fn has_lost_call(&self) -> bool {
        self.in_call == InCall::Yes && self.is_off_air()
    }
}
