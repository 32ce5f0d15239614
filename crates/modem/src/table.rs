//! The one table of AT commands and S registers, in families.
//!
//! It feeds the dispatcher, the answers to `=?` and `?`, `&V`, `&F`, `&W`, the help that `AT$` prints,
//! the manual ([`manual`]) and the tests that show every command a value it must refuse.

mod ampersand;
mod backslash;
mod basic;
mod cell;
mod extended;
mod manual;
mod own;
mod registers;

pub(crate) use ampersand::*;
pub(crate) use backslash::*;
pub(crate) use basic::*;
pub(crate) use cell::{Allowed, Cell, Key};
pub(crate) use extended::*;
#[cfg(feature = "gsm")]
pub(crate) use manual::row;
pub use manual::{manual, persona_manual};
pub(crate) use own::*;
pub(crate) use registers::*;

use crate::core::Core;
use crate::sets;
use crate::settings::Settings;
use crate::state::State;

/// One command or register.
#[derive(Debug)]
pub(crate) struct Command {
    /// As it is typed, without `AT`: `E`, `&C`, `S7`, `+IFC`, `@REASON`.
    pub(crate) name: &'static str,
    /// The numbers it sets; empty for a command that only does something.
    pub(crate) cells: &'static [Cell],
    /// Whether it changes anything beyond what `&V` shows.
    pub(crate) effect: Effect,
    /// Whether `&W` stores it.
    pub(crate) kept: Kept,
    /// What it does.
    pub(crate) does: Does,
    /// One line for the user.
    pub(crate) help: &'static str,
}

/// Whether a command changes anything beyond what `&V` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes what the modem does.
    Acts,
    /// It is stored and shown, for initialisation strings that insist on it.
    Shown,
}

/// Whether a command is part of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// `&W` stores it.
    Profile,
    /// It holds for now.
    Session,
}

/// What a command does.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    /// Sets its cells.
    Sets,
    /// Sets its cells, and answers `?` and `=?` without its name, as T.31 has it.
    SetsBare,
    /// Sets other commands' cells: another name for them. The second function reads the number back.
    Means(fn(&mut Settings, u32), fn(&Settings) -> u32),
    /// Prints lines.
    Tells(fn(&Asked<'_>) -> Told),
    /// Controls the call, the stored profiles or the machine.
    Controls(Control),
}

/// What a telling command may look at.
pub(crate) struct Asked<'m> {
    /// The modem,
    pub(crate) core: &'m Core,
    /// where its call is,
    pub(crate) state: &'m State,
    /// and the number behind the command.
    pub(crate) number: u32,
}

/// What a telling command answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// These lines, then `OK`.
    Lines(Vec<String>),
    /// Only `OK`.
    Nothing,
    /// `ERROR`.
    Refused,
}

/// Commands that do more than hold a number or print a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// `A`
    Answer,
    /// `D`
    Dial,
    /// `H`
    Hook,
    /// `O`
    Online,
    /// `Z`
    Reset,
    /// `&F`
    Factory,
    /// `&T`
    Test,
    /// `&W`
    StoreProfile,
    /// `&Y`
    PowerUpProfile,
    /// `&Z`
    StoreNumber,
    /// `\B`
    SendBreak,
    /// `S1`
    RingCount,
    /// `+VRID`
    RepeatCallerId,
}

impl std::fmt::Debug for Does {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sets => f.write_str("Sets"),
            Self::SetsBare => f.write_str("SetsBare"),
            Self::Means(..) => f.write_str("Means"),
            Self::Tells(_) => f.write_str("Tells"),
            Self::Controls(control) => write!(f, "Controls({control:?})"),
        }
    }
}

/// A family of the table, under the heading it has in the manual.
pub(crate) struct Family {
    /// The heading.
    pub(crate) title: &'static str,
    /// Its commands, in the order of the manual.
    pub(crate) commands: &'static [Command],
}

/// The whole table.
pub(crate) const FAMILIES: &[Family] = &[
    Family { title: "Basic commands", commands: BASIC },
    Family { title: "Commands with &", commands: AMPERSAND },
    Family { title: "Commands with \\, %, -, # and $", commands: BACKSLASH },
    Family { title: "S registers", commands: REGISTERS },
    Family { title: "V.250 extended commands", commands: EXTENDED },
    Family { title: "Trunkline's own commands", commands: OWN },
];

/// Every command of the table.
pub(crate) fn commands() -> impl Iterator<Item = &'static Command> {
    FAMILIES.iter().flat_map(|family| family.commands)
}

/// Whether any modem has a command of this name, given in capital letters with what stands before its letters.
pub fn knows(name: &str) -> bool {
    commands().any(|command| command.name == name) || sets::knows(name)
}

/// The command whose name is `first`, if there is one, and `rest`, in capital letters.
pub(crate) fn find(first: Option<u8>, rest: &[u8]) -> Option<&'static Command> {
    commands().find(|command| {
        let name = command.name.as_bytes();
        match first {
            None => name == rest,
            Some(first) => name.split_first() == Some((&first, rest)),
        }
    })
}

/// The register of this number.
pub(crate) fn find_register(number: u16) -> Option<&'static Command> {
    let key = Key::register(number);
    REGISTERS.iter().find(|command| command.cells.first().is_some_and(|cell| cell.key == key))
}

/// A command that sets cells which change what the modem does.
pub(crate) const fn acts(
    name: &'static str,
    cells: &'static [Cell],
    help: &'static str,
) -> Command {
    Command { name, cells, effect: Effect::Acts, kept: Kept::Profile, does: Does::Sets, help }
}

/// A command whose cells are stored and shown, and change nothing else.
pub(crate) const fn shown(
    name: &'static str,
    cells: &'static [Cell],
    help: &'static str,
) -> Command {
    Command { name, cells, effect: Effect::Shown, kept: Kept::Profile, does: Does::Sets, help }
}

/// A command that does something and sets nothing; its cell gives the range of its number.
const fn does(
    name: &'static str,
    cells: &'static [Cell],
    does: Does,
    help: &'static str,
) -> Command {
    Command { name, cells, effect: Effect::Acts, kept: Kept::Session, does, help }
}

#[cfg(test)]
mod tests;
