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
use crate::sets;

/// Takes bytes up to the end of a command line, and executes it.
pub(super) fn bytes(
    state: State,
    bytes: &mut &[u8],
    core: &mut Core,
    port: &mut Port<'_>,
) -> State {
    while let Some(&byte) = bytes.first()
        && let Some(recognised) = hear(bytes, core, port)
    {
        match recognised {
            Recognised::More => {}
            Recognised::Line | Recognised::Repeat => {
                let state = match sets::awaits_feed(state, byte, core, port) {
                    Ok(waits) => return waits,
                    Err(state) => state,
                };
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

/// Takes one byte, with its echo.
fn hear(bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) -> Option<Recognised> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    let chars = core.line_chars();
    let (echo, recognised) = core.recogniser.push(*byte, &chars);
    match echo {
        Echo::Byte if core.echoes() => port.echo(&[*byte]),
        Echo::Erase if core.echoes() => port.echo(b"\x08 \x08"),
        _ => {}
    }
    Some(recognised)
}

/// Takes bytes up to the end of a command line; whether there was one.
#[cfg(feature = "sets")]
pub(crate) fn hear_line(bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) -> bool {
    while let Some(recognised) = hear(bytes, core, port) {
        if recognised != Recognised::More {
            return true;
        }
    }
    false
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
