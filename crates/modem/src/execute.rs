//! Command lines are executed: command by command, up to the first that fails.

mod dial;
mod named;
mod registers;

use std::time::Duration;

use at::body::{self, Command as Typed, Value};
use at::result::{Cause, ResultCode};

use crate::call::{Call, Direction};
use crate::core::{Core, EndSettings, Hook};
use crate::keeping::Unkept;
use crate::limits::{ANSWER, COMMANDS_PER_LINE};
use crate::output::{Action, Note};
use crate::persona::{Ampersand, AnswerWithoutCall, HangUpResult, Unknown, WithoutCall};
use crate::port::Port;
use crate::state::{Answering, Online, State, Storing, reset};
use crate::stored::Kept;
use crate::table::{Asked, Command, Control, Does, Effect, Told, knows};
use crate::{flow, help, mask, sets};

/// How a command leaves things.
pub(crate) enum Step {
    /// The next command follows.
    Next(State),
    /// The line ends in `ERROR`.
    Refused(State),
    /// The next command follows, and this is the result code unless one fails.
    Ends(State, ResultCode),
    /// The line ends, and its result code came already or comes when the call is up or not.
    Leaves(State),
}

/// Executes the body of a command line.
pub(crate) fn line(state: State, body: &[u8], core: &mut Core, port: &mut Port<'_>) -> State {
    let shown = mask::secrets(&String::from_utf8_lossy(body));
    port.note(Note::CommandLine(&at::secret::masked(&shown, knows)));
    line_from(state, body, 0, core, port)
}

/// Executes what is left of a command line after so many of its commands.
pub(crate) fn line_from(
    state: State,
    body: &[u8],
    done: usize,
    core: &mut Core,
    port: &mut Port<'_>,
) -> State {
    let place = Place { done, result: ResultCode::Ok, before: core.end_settings() };
    go_on(state, body, place, core, port)
}

/// How far a command line has come.
pub(crate) struct Place {
    /// So many of its commands are executed.
    pub(crate) done: usize,
    /// How it ends, unless a command fails.
    pub(crate) result: ResultCode,
    /// How the equipment's end was set before it.
    pub(crate) before: EndSettings,
}

/// Executes what is left of a command line.
pub(crate) fn go_on(
    state: State,
    body: &[u8],
    place: Place,
    core: &mut Core,
    port: &mut Port<'_>,
) -> State {
    let before = place.before;
    let (mut state, result) = commands(state, body, place, core, port);
    if let State::Storing(storing) = &mut state {
        storing.set_before(before);
        return state;
    }
    core.drive_lines(port);
    if let Some(code) = result {
        core.result(code, port);
    }
    core.apply_end_settings(before, port);
    state
}

fn commands(
    mut state: State,
    body: &[u8],
    Place { done, mut result, .. }: Place,
    core: &mut Core,
    port: &mut Port<'_>,
) -> (State, Option<ResultCode>) {
    for (count, typed) in body::commands(body, core.reading()).enumerate().skip(done) {
        let Ok(typed) = typed else { return (state, Some(ResultCode::Error)) };
        if count >= COMMANDS_PER_LINE || port.said() > ANSWER {
            return (state, Some(ResultCode::Error));
        }
        let step = command(state, &typed, core, port);
        let keeping = port.take_awaited();
        match step {
            Step::Next(next) => state = next,
            Step::Refused(state) => return (state, Some(ResultCode::Error)),
            Step::Ends(next, code) => (state, result) = (next, code),
            Step::Leaves(state) => return (sets::rest(state, body, count + 1), None),
        }
        if let Some(keeping) = keeping {
            let rest = (body, count + 1, result);
            return (Storing::begin(state, keeping, rest, core), None);
        }
    }
    (state, Some(result))
}

fn command(state: State, typed: &Typed<'_>, core: &mut Core, port: &mut Port<'_>) -> Step {
    let state = match sets::command(state, typed, core, port) {
        Ok(step) => return step,
        Err(state) => state,
    };
    match typed {
        Typed::Help(which) => {
            core.information(&help::lines(*which, core), port);
            Step::Next(state)
        }
        Typed::Register { number, act } => {
            // Whatever names a register selects it.
            core.selected = number.unwrap_or(core.selected);
            let number = core.selected;
            settled(state, registers::register(number, act, core, port))
        }
        Typed::StoreNumber { slot, text } => settled(state, store_number(*slot, text, core, port)),
        Typed::ReadNumber { slot } => {
            if core.settings.find(typed).is_none() {
                return settled(state, unknown(core.grammar().unknown));
            }
            let text = core.stored.number(*slot).unwrap_or_default().to_owned();
            core.information(&[text], port);
            Step::Next(state)
        }
        Typed::Dial(dialled) => match core.settings.find(typed) {
            Some(_) => dial::dial(state, dialled, core, port),
            None => settled(state, unknown(core.grammar().unknown)),
        },
        Typed::Basic { number, .. } => {
            let Some(command) = core.settings.find(typed) else {
                return settled(state, unknown(core.grammar().unknown));
            };
            basic(state, command, number.unwrap_or(0), core, port)
        }
        Typed::Extended { act, .. } | Typed::Vendor { act, .. } => {
            match core.settings.find(typed) {
                Some(command) => {
                    let taken = named::command(&state, command, act, core, port);
                    settled(state, taken)
                }
                None => settled(state, named::unknown(typed, core, port)),
            }
        }
    }
}

/// Whether a command was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    No,
}

fn settled(state: State, taken: Taken) -> Step {
    match taken {
        Taken::Yes => Step::Next(state),
        Taken::No => Step::Refused(state),
    }
}

fn unknown(policy: Unknown) -> Taken {
    match policy {
        Unknown::Ok => Taken::Yes,
        Unknown::Error => Taken::No,
    }
}

/// What becomes of a value out of range: harmless where nothing depends on it.
fn out_of_range(command: &Command, core: &Core) -> Taken {
    match command.effect {
        Effect::Shown => unknown(core.grammar().unknown),
        Effect::Acts => Taken::No,
    }
}

fn basic(
    state: State,
    command: &'static Command,
    number: u32,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Step {
    let in_range = match command.cells.first() {
        Some(cell) => cell.accept(number).is_some(),
        None => number == 0,
    };
    if !in_range {
        return settled(state, out_of_range(command, core));
    }
    match command.does {
        Does::Sets | Does::SetsBare | Does::Means(..) => {
            let value = std::iter::once(Value::Number(number));
            settled(state, taken(core.settings.assign(command, value).is_ok()))
        }
        Does::Tells(tells) => {
            let told = tells(&Asked { core, state: &state, number });
            settled(state, tell(told, core, port))
        }
        Does::Controls(control) => self::control(state, control, number, core, port),
    }
}

fn taken(done: bool) -> Taken {
    if done { Taken::Yes } else { Taken::No }
}

/// Sends what a telling command answers.
fn tell(told: Told, core: &Core, port: &mut Port<'_>) -> Taken {
    match told {
        Told::Lines(lines) => {
            core.information(&lines, port);
            Taken::Yes
        }
        Told::Nothing => Taken::Yes,
        Told::Refused => Taken::No,
    }
}

fn control(
    state: State,
    control: Control,
    number: u32,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Step {
    // All the numbers here passed a range that ends far below 256.
    let small = u8::try_from(number).unwrap_or(u8::MAX);
    match control {
        Control::Answer => answer(state, core, port),
        Control::Hook => hook(state, number, core, port),
        Control::Online => online(state, core, port),
        Control::Reset => {
            let state = match state {
                State::OnlineCommand(online) => {
                    online.hang_up(core, port);
                    State::Command
                }
                other => other,
            };
            reset(small, core, port);
            Step::Next(state)
        }
        Control::Factory => {
            core.settings.restore_factory();
            flow::set_factory(&mut core.settings, number);
            Step::Next(state)
        }
        Control::Test => test(state, number, core, port),
        Control::StoreProfile => {
            let kept = core.stored.set_profile(small, &core.settings.to_text());
            settled(state, store(kept, core, port))
        }
        Control::PowerUpProfile if core.grammar().ampersand == Ampersand::Usr => Step::Next(state),
        Control::PowerUpProfile => {
            let taken = match core.stored.set_power_up(small) {
                // Strings for other makes have other things in mind with &Y.
                Kept::Refused => unknown(core.grammar().unknown),
                kept => store(kept, core, port),
            };
            settled(state, taken)
        }
        Control::SendBreak => match &state {
            State::OnlineCommand(online) if !online.is_looped() => {
                let tenths = u64::from(if number == 0 { 3 } else { number });
                port.act(Action::Break(Duration::from_millis(100 * tenths)));
                Step::Next(state)
            }
            _ => Step::Refused(state),
        },
        // These are not typed as a letter with a number.
        Control::Dial | Control::StoreNumber | Control::RingCount | Control::RepeatCallerId => {
            Step::Refused(state)
        }
    }
}

fn answer(state: State, core: &mut Core, port: &mut Port<'_>) -> Step {
    match state {
        State::Ringing(ringing) => {
            Step::Leaves(Answering::by_command(ringing.into_call(), core, port))
        }
        State::Command => match core.persona().results.answer_without_call {
            AnswerWithoutCall::NoCarrier => Step::Ends(state, ResultCode::NoCarrier),
            AnswerWithoutCall::Error => Step::Refused(state),
            AnswerWithoutCall::Wait(limit) => {
                Step::Leaves(Answering::await_caller(limit, core, port))
            }
        },
        other => Step::Refused(other),
    }
}

fn hook(state: State, number: u32, core: &mut Core, port: &mut Port<'_>) -> Step {
    core.memory.take_gathered();
    core.hook = if number == 1 { Hook::Off } else { Hook::On };
    match state {
        State::Ringing(ringing) => Step::Next(ringing.send_away(Cause::LocalHangUp, core, port)),
        // Off hook is where a call is.
        State::OnlineCommand(online) if number == 1 => {
            core.hook = Hook::On;
            Step::Next(State::OnlineCommand(online))
        }
        State::OnlineCommand(online) => {
            online.hang_up(core, port);
            match core.persona().results.hang_up {
                HangUpResult::Ok => Step::Next(State::Command),
                HangUpResult::NoCarrier => Step::Ends(State::Command, ResultCode::NoCarrier),
                HangUpResult::Both => {
                    core.result(ResultCode::NoCarrier, port);
                    Step::Next(State::Command)
                }
            }
        }
        other => Step::Next(other),
    }
}

fn online(state: State, core: &mut Core, port: &mut Port<'_>) -> Step {
    match state {
        State::OnlineCommand(online) => {
            core.drive_lines(port);
            Step::Leaves(online.resume(core, port))
        }
        other => match core.persona().results.online_without_call {
            WithoutCall::NoCarrier => Step::Ends(other, ResultCode::NoCarrier),
            WithoutCall::Error => Step::Refused(other),
        },
    }
}

/// `&T1` sends the equipment's data back to it; `&T0` ends that.
fn test(state: State, number: u32, core: &mut Core, port: &mut Port<'_>) -> Step {
    match (state, number) {
        (State::Command, 1) => {
            let looped = Call::new(Direction::Looped, "");
            let connected = crate::Connected { rate: None, delay: Some(Duration::ZERO) };
            Step::Leaves(Online::connect(looped, connected, core, port))
        }
        (State::OnlineCommand(online), 0) if online.is_looped() => {
            online.hang_up(core, port);
            Step::Next(State::Command)
        }
        (state, 0) => Step::Next(state),
        (state, _) => Step::Refused(state),
    }
}

fn store_number(slot: u16, text: &str, core: &mut Core, port: &mut Port<'_>) -> Taken {
    if !core.persona().has("&Z") && core.persona().dialling.destination_register.is_none() {
        return unknown(core.grammar().unknown);
    }
    let kept = core.stored.set_number(slot, text);
    store(kept, core, port)
}

/// Has the driver keep what changed.
fn store(kept: Kept, core: &Core, port: &mut Port<'_>) -> Taken {
    match kept {
        Kept::Changed | Kept::AsBefore => {
            core.keep(kept, Some(Unkept::Error), port);
            Taken::Yes
        }
        Kept::Refused => Taken::No,
    }
}
