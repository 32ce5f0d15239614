//! Command state: no call, and what all states that take commands do with bytes.

use at::line::{Echo, Recognised};
use at::result::{Cause, ResultCode};

use super::{Ringing, State};
use crate::core::Core;
use crate::execute;
use crate::input::CallEvent;
use crate::output::Action;
use crate::persona::Overlong;
use crate::port::Port;

/// Takes bytes up to the end of a command line, and executes it.
pub(super) fn bytes(
    state: State,
    bytes: &mut &[u8],
    core: &mut Core,
    port: &mut Port<'_>,
) -> State {
    let chars = core.line_chars();
    let echoes = core.echoes();
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        let (echo, recognised) = core.recogniser.push(*byte, &chars);
        match echo {
            Echo::Byte if echoes => port.echo(&[*byte]),
            Echo::Erase if echoes => port.echo(b"\x08 \x08"),
            _ => {}
        }
        match recognised {
            Recognised::More => {}
            Recognised::Line | Recognised::Repeat => {
                let body = core.recogniser.body().to_vec();
                return execute::line(state, &body, core, port);
            }
            Recognised::TooLong => {
                if core.grammar().overlong == Overlong::Error {
                    core.result(ResultCode::Error, port);
                }
                return state;
            }
        }
    }
    state
}

/// News of a call, when there is none.
pub(super) fn call(event: CallEvent<'_>, core: &mut Core, port: &mut Port<'_>) -> State {
    match event {
        CallEvent::Ringing(caller) => match core.can_ring() {
            Ok(()) => Ringing::begin(&caller, core, port),
            Err(cause) => {
                port.act(Action::Refuse(cause));
                State::Command
            }
        },
        // A call that came about after it was given up would otherwise stay up unseen.
        CallEvent::Connected(_) => {
            port.act(Action::HangUp(Cause::LocalHangUp));
            State::Command
        }
        _ => State::Command,
    }
}
