//! `D`: what is dialled, and whether it is dialled now.

use at::dial::{Dial, Recall, Target, Then};
use at::result::Cause;

use super::Step;
use crate::call::{Call, Direction};
use crate::core::{Core, Hook};
use crate::limits::GATHERED_DIGITS;
use crate::persona::{EmptyDial, Semicolon};
use crate::port::Port;
use crate::state::{Dialling, State, Stay, fail};
use crate::{mask, sets};

/// Executes `D`.
pub(super) fn dial(state: State, dialled: &[u8], core: &mut Core, port: &mut Port<'_>) -> Step {
    // There is one line, and a call or a caller has it.
    if !matches!(state, State::Command) {
        return Step::Refused(state);
    }
    let typed = match sets::dialled(dialled, core, port) {
        Err(sets::Told) => return Step::Leaves(state),
        Ok(Some(number)) => return place(number, dialled, core, port),
        Ok(None) => Dial::parse(dialled),
    };
    let Ok(typed) = typed else { return Step::Refused(state) };
    if typed.recall() == Some(Recall::ShowLast) {
        let last = core.memory.get().and_then(|known| known.last_dialled.as_ref());
        let text = last.map(|last| mask::secrets(last.text())).unwrap_or_default();
        core.information(&[text], port);
        return Step::Next(state);
    }
    if gathers(&typed, core) {
        return gather(typed, core);
    }
    place(typed, dialled, core, port)
}

fn place(typed: Dial, dialled: &[u8], core: &mut Core, port: &mut Port<'_>) -> Step {
    let stay = match typed.then() {
        Then::GoOnline => Stay::GoOnline,
        Then::StayInCommand => Stay::InCommand,
    };
    core.hook = Hook::On;
    let chosen = sets::can_call(core).and_then(|()| choose(typed, core));
    core.drive_lines(port);
    match chosen {
        Ok(dial) => {
            core.memory.make().last_dialled = Some(dial.clone());
            let call = Call::new(Direction::Dialled, &mask::secrets(dial.text()));
            Step::Leaves(Dialling::begin(call, dial, stay, core, port))
        }
        Err(cause) => {
            let text = String::from_utf8_lossy(dialled);
            let call = Call::new(Direction::Dialled, &mask::secrets(text.trim()));
            Step::Leaves(fail(call, cause, core, port))
        }
    }
}

/// Whether the dial string is kept for the next one, or for nothing.
fn gathers(typed: &Dial, core: &Core) -> bool {
    if typed.then() == Then::GoOnline {
        return false;
    }
    match core.persona().dialling.semicolon {
        Semicolon::Auto => typed.is_partial(core.persona().dial_rules()),
        Semicolon::Gather | Semicolon::Nothing => true,
        Semicolon::Call => false,
    }
}

fn gather(typed: Dial, core: &mut Core) -> Step {
    if core.persona().dialling.semicolon == Semicolon::Nothing {
        return Step::Next(State::Command);
    }
    let joined = match core.memory.take_gathered() {
        Some(before) => before.followed_by(&typed),
        None => Ok(typed),
    };
    match joined {
        Ok(digits) if digits.text().len() <= GATHERED_DIGITS => {
            core.memory.make().gathered = Some(digits);
            Step::Next(State::Command)
        }
        _ => Step::Refused(State::Command),
    }
}

/// What is to be dialled: what was typed, with the digits gathered before in front, or what it stands
/// for.
fn choose(typed: Dial, core: &mut Core) -> Result<Dial, Cause> {
    let joined = match core.memory.take_gathered() {
        Some(before) => before.followed_by(&typed).map_err(|_| Cause::BadNumber)?,
        None => typed,
    };
    match joined.recall() {
        Some(Recall::Last) => {
            let last = core.memory.get().and_then(|known| known.last_dialled.clone());
            return last.ok_or(Cause::NothingDialled);
        }
        Some(Recall::Stored(slot)) => return stored(slot, core).ok_or(Cause::UnknownNumber),
        Some(Recall::ShowLast) | None => {}
    }
    let empty = matches!(joined.target(core.persona().dial_rules()), Ok(Target::Empty));
    match core.persona().dialling.empty {
        EmptyDial::Stored if empty => stored(0, core).ok_or(Cause::NothingDialled),
        EmptyDial::Nothing if empty => Err(Cause::NothingDialled),
        _ => Ok(joined),
    }
}

fn stored(slot: u16, core: &Core) -> Option<Dial> {
    Dial::parse(core.stored.number(slot)?.as_bytes()).ok()
}
