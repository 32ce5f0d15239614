//! The states of a call.
//!
//! ```text
//!                 D                  established
//!   ┌─────────┐ ─────► ┌───────────┐ ──────────────────────┐
//!   │         │ ◄───── │ Dialling  │                       ▼      +++, DTR (&D1),
//!   │         │ failed └───────────┘                   ┌────────┐  BREAK (\K0)  ┌───────────────┐
//!   │         │                                        │        │ ────────────► │               │
//!   │ Command │ call   ┌─────────┐ A, S0 ┌───────────┐ │ Online │               │ OnlineCommand │
//!   │         │ ─────► │ Ringing │ ────► │ Answering │►│        │ ◄──────────── │               │
//!   │         │ ◄───── └─────────┘       └───────────┘ └────────┘       O       └───────────────┘
//!   │         │ gone, ATH, ring limit     failed │          │ H, Z, DTR (&D2), idle,     │
//!   └─────────┘ ◄────────────────────────────────┴──────────┴── far end gone ────────────┘
//! ```
//!
//! Each state is a struct with what only it needs, consumed by what happens to it, so that nothing of
//! an earlier state can be used again. `Ringing` takes commands like `Command` does. A command that stores something
//! has any of the three that take commands within `Storing` until that is kept.

mod answering;
mod command;
mod dialling;
mod ending;
mod online;
mod online_command;
mod ringing;
mod storing;

use at::result::{Cause, ResultCode};

use crate::call::Call;
use crate::core::{Carrier, Core, DtrAction};
use crate::input::CallEvent;
use crate::keeping::NotStored;
use crate::output::Action;
use crate::port::Port;
use crate::sets::Stage;
use crate::timer::Timer;

pub(crate) use answering::Answering;
#[cfg(feature = "sets")]
pub(crate) use command::hear_line;
pub(crate) use dialling::{Dialling, Stay};
pub(crate) use ending::{fail, reset};
pub(crate) use online::{Left, Online};
pub(crate) use online_command::OnlineCommand;
pub(crate) use ringing::Ringing;
pub(crate) use storing::Storing;

/// Where a call is. Everything but `Command` is rare, and boxed.
pub(crate) enum State {
    Command,
    Dialling(Box<Dialling>),
    Ringing(Box<Ringing>),
    Answering(Box<Answering>),
    Online(Box<Online>),
    OnlineCommand(Box<OnlineCommand>),
    /// A command line waits for what it has stored to be kept.
    Storing(Box<Storing>),
    /// Something of a command set's own is under way.
    #[cfg_attr(not(feature = "sets"), expect(dead_code, reason = "there are no sets"))]
    Set(Box<Stage>),
}

/// The name of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateName {
    /// No call; command lines are taken.
    Command,
    /// A call is being established. A byte from the equipment aborts it.
    Dialling,
    /// Somebody calls; command lines are taken.
    Ringing,
    /// The call is being answered.
    Answering,
    /// Data passes both ways.
    Online,
    /// There is a call, and command lines are taken; the far end's data waits.
    OnlineCommand,
    /// The equipment has a socket of a command set: no call, but data passes both ways.
    Socket,
}

impl StateName {
    /// For logs and `AT@LINE`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Dialling => "dialling",
            Self::Ringing => "ringing",
            Self::Answering => "answering",
            Self::Online => "online",
            Self::OnlineCommand => "online command",
            Self::Socket => "socket data",
        }
    }
}

impl State {
    pub(crate) fn name(&self) -> StateName {
        match self {
            Self::Command => StateName::Command,
            Self::Dialling(_) => StateName::Dialling,
            Self::Ringing(_) => StateName::Ringing,
            Self::Answering(_) => StateName::Answering,
            Self::Online(_) => StateName::Online,
            Self::OnlineCommand(_) => StateName::OnlineCommand,
            Self::Storing(storing) => storing.name(),
            Self::Set(stage) => stage.name(),
        }
    }

    /// Whether command lines are taken.
    pub(crate) fn takes_commands(&self) -> bool {
        matches!(self, Self::Command | Self::Ringing(_) | Self::OnlineCommand(_))
    }

    /// Whether a caller may ring.
    pub(crate) fn can_ring(&self, core: &Core) -> Result<(), Cause> {
        match self {
            Self::Command => core.can_ring(),
            Self::Answering(answering) if answering.awaits_caller() => core.can_ring(),
            _ => Err(Cause::LineInUse),
        }
    }

    /// Takes bytes from the equipment off the front of `bytes`: at least one, up to where the state
    /// changes.
    pub(crate) fn dte(self, bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) -> Self {
        match self {
            Self::Command | Self::Ringing(_) | Self::OnlineCommand(_) => {
                command::bytes(self, bytes, core, port)
            }
            Self::Dialling(dialling) => dialling.bytes(bytes, core, port),
            Self::Answering(answering) => answering.bytes(bytes, core, port),
            Self::Online(online) => online.bytes(bytes, core, port),
            Self::Storing(_) => {
                core.memory.typed_behind(std::mem::take(bytes));
                self
            }
            Self::Set(stage) => stage.dte(bytes, core, port),
        }
    }

    /// The equipment's data left data state.
    pub(crate) fn leave_data(self, left: Left, core: &mut Core, port: &mut Port<'_>) -> Self {
        match self {
            Self::Online(online) => online.leave(left, core, port),
            other => other,
        }
    }

    /// The call, in the states that have one.
    pub(crate) fn call_record(&self) -> Option<&Call> {
        match self {
            Self::Command | Self::Set(_) => None,
            Self::Storing(storing) => storing.call_record(),
            Self::Dialling(dialling) => Some(dialling.call_record()),
            Self::Ringing(ringing) => Some(ringing.call_record()),
            Self::Answering(answering) => Some(answering.call_record()),
            Self::Online(online) => Some(online.call_record()),
            Self::OnlineCommand(online) => Some(online.call_record()),
        }
    }

    /// The equipment sent a BREAK.
    pub(crate) fn dte_break(self, core: &mut Core, port: &mut Port<'_>) -> Self {
        match self {
            Self::Dialling(dialling) => dialling.abort(Cause::DteAbort, core, port),
            Self::Answering(answering) => answering.dte_break(core, port),
            Self::Online(online) => online.dte_break(core, port),
            Self::Command
            | Self::Ringing(_)
            | Self::OnlineCommand(_)
            | Self::Storing(_)
            | Self::Set(_) => self,
        }
    }

    /// DTR has been off for as long as S25 says.
    pub(crate) fn dtr_off(self, core: &mut Core, port: &mut Port<'_>) -> Self {
        let action = core.dtr_action();
        let state = match (self, action) {
            (state, DtrAction::Nothing) => state,
            (Self::Dialling(dialling), _) => dialling.abort(Cause::DtrDrop, core, port),
            (Self::Answering(answering), _) => answering.abort(Cause::DtrDrop, core, port),
            (Self::Set(stage), _) => stage.dtr_off(core, port),
            (Self::Storing(storing), _) => return storing.dtr_off(core, port),
            (Self::Online(online), DtrAction::Escape) => online.escape(core, port),
            (Self::Online(online), _) => online.end_by_dtr(core, port),
            (Self::OnlineCommand(online), DtrAction::HangUp | DtrAction::Reset) => {
                online.end_by_dtr(core, port)
            }
            (Self::Ringing(ringing), DtrAction::HangUp | DtrAction::Reset) => {
                ringing.send_away(Cause::NotReady, core, port)
            }
            (state, _) => state,
        };
        if action == DtrAction::Reset {
            let before = core.end_settings();
            reset(core.stored.power_up(), core, port);
            core.apply_end_settings(before, port);
        }
        state
    }

    /// News of the call.
    pub(crate) fn call(self, event: CallEvent<'_>, core: &mut Core, port: &mut Port<'_>) -> Self {
        match self {
            Self::Command => command::call(event, core, port),
            Self::Dialling(dialling) => dialling.call(event, core, port),
            Self::Ringing(ringing) => ringing.call(event, core, port),
            Self::Answering(answering) => answering.call(event, core, port),
            Self::Online(online) => online.call(event, core, port),
            Self::OnlineCommand(online) => online.call(event, core, port),
            Self::Storing(storing) => storing.call(event, core, port),
            Self::Set(stage) => stage.call(event, core, port),
        }
    }

    /// What was stored is kept, or can't be.
    pub(crate) fn stored(
        self,
        kept: Result<(), NotStored>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> Self {
        match self {
            Self::Storing(storing) => storing.stored(kept, core, port),
            other => other,
        }
    }

    /// A timer ran out.
    pub(crate) fn timer(self, timer: Timer, core: &mut Core, port: &mut Port<'_>) -> Self {
        match (timer, self) {
            (Timer::RingCount, state) => {
                core.rings = 0;
                state
            }
            (Timer::DtrOff, state) => state.dtr_off(core, port),
            // The moment for which &C2 shows that the carrier was lost is over.
            (Timer::Pause, state @ (Self::Command | Self::Ringing(_))) => {
                core.set_carrier(Carrier::Absent, port);
                state
            }
            (_, Self::Command) => Self::Command,
            (_, Self::Dialling(dialling)) => dialling.timer(timer, core, port),
            (_, Self::Ringing(ringing)) => ringing.timer(timer, core, port),
            (_, Self::Answering(answering)) => answering.timer(timer, core, port),
            (_, Self::Online(online)) => online.timer(timer, core, port),
            (_, Self::OnlineCommand(online)) => online.timer(timer, core, port),
            (_, Self::Storing(storing)) => storing.timer(timer, core, port),
            (_, Self::Set(stage)) => stage.timer(timer, core, port),
        }
    }
}

/// A second caller, or one that comes while the modem dials: there is one line.
fn refuse_second_caller(port: &mut Port<'_>) {
    port.act(Action::Refuse(Cause::LineInUse));
}

/// An established call ends like this, whatever the cause.
const CALL_OVER: ResultCode = ResultCode::NoCarrier;
