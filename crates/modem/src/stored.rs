//! What survives a power cut: profiles, telephone numbers and the profile to start with.
//!
//! As text, one line each, so that a person can read and repair it:
//!
//! ```text
//! profile 0 E0 Q1 S0=1
//! number 3 centre.example.org:8023
//! power-up 0
//! ```

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::limits::{
    ENTRIES, MESSAGES, MODULE_TEXT, NUMBER_TEXT, NUMBERS, PROFILE_TEXT, PROFILES, STORED_TEXT,
};
use crate::persona::Persona;
use crate::settings::{SettingError, Settings};

/// Stored profiles (`&W`), stored numbers (`&Z`) and the profile to start with (`&Y`).
///
/// ```
/// use modem::Stored;
///
/// let stored = Stored::from_text("profile 0 E0 S0=1\nnumber 3 10.0.0.5:8023\n")?;
/// assert_eq!(stored.number(3), Some("10.0.0.5:8023"));
/// assert_eq!(Stored::from_text(&stored.to_text())?, stored);
/// # Ok::<(), modem::StoredError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Sorted by slot.
    texts: Vec<(Slot, Box<str>)>,
    power_up: u8,
}

/// What a text is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Profile(u8),
    Number(u16),
    /// A telephone number of a module's card.
    Entry(u16),
    /// A message of a module's card.
    Message(u16),
    /// What a module keeps of itself, by its place among [`MODULE`].
    Module(usize),
}

/// What a module keeps of itself.
const MODULE: [&str; 12] = [
    "sim",
    "wind",
    "application",
    "centre",
    "bands",
    "preferred",
    "wip-stack",
    "wip-bearer-1",
    "wip-bearer-2",
    "wip-bearer-4",
    "wip-bearer-5",
    "wip-bearer-6",
];

/// Why a text of stored things was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: StoredProblem,
}

/// What is wrong with a line of stored things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredProblem {
    /// It begins neither with `profile` nor with `number` nor with `power-up`.
    UnknownKind,
    /// The number after the first word is missing or out of range.
    BadNumber,
    /// The same was stored before.
    Twice,
    /// A profile holds something that can't be a setting.
    BadProfile(SettingError),
    /// A telephone number is empty, too long, or has control characters in it.
    BadText,
    /// There is more text than could ever be stored.
    TooMuch,
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.problem {
            StoredProblem::UnknownKind => {
                f.write_str("expected a line that begins with profile, number or power-up, or with message, entry, sim, wind, application, centre or wip-…")
            }
            StoredProblem::BadNumber => write!(
                f,
                "expected a number after the first word: 0 to {} for profiles, 0 to {} for numbers",
                PROFILES - 1,
                NUMBERS - 1
            ),
            StoredProblem::Twice => f.write_str("this is stored twice"),
            StoredProblem::BadProfile(error) => write!(f, "not a profile: {error}"),
            StoredProblem::BadText => write!(
                f,
                "a telephone number has 1 to {NUMBER_TEXT} characters and no control characters"
            ),
            StoredProblem::TooMuch => f.write_str("there is more than could ever be stored"),
        }
    }
}

impl std::error::Error for StoredError {}

impl Stored {
    /// Nothing stored.
    pub fn new() -> Self {
        Self::default()
    }

    /// The stored profile `number`: the commands that make it out of the factory settings.
    pub fn profile(&self, number: u8) -> Option<&str> {
        self.text(Slot::Profile(number))
    }

    /// The stored telephone number `slot`.
    pub fn number(&self, slot: u16) -> Option<&str> {
        self.text(Slot::Number(slot))
    }

    /// The profile to start with.
    pub fn power_up(&self) -> u8 {
        self.power_up
    }

    /// All stored profiles.
    pub fn profiles(&self) -> impl Iterator<Item = (u8, &str)> {
        self.texts.iter().filter_map(|(slot, text)| match slot {
            Slot::Profile(number) => Some((*number, &**text)),
            _ => None,
        })
    }

    /// All stored telephone numbers.
    pub fn numbers(&self) -> impl Iterator<Item = (u16, &str)> {
        self.texts.iter().filter_map(|(slot, text)| match slot {
            Slot::Number(number) => Some((*number, &**text)),
            _ => None,
        })
    }

    /// All stored messages of a module's card.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (u16, &str)> {
        self.texts.iter().filter_map(|(slot, text)| match slot {
            Slot::Message(place) => Some((*place, &**text)),
            _ => None,
        })
    }

    /// All telephone numbers of a module's card.
    #[cfg(feature = "gsm")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u16, &str)> {
        self.texts.iter().filter_map(|(slot, text)| match slot {
            Slot::Entry(place) => Some((*place, &**text)),
            _ => None,
        })
    }

    /// What a module keeps of itself under this name.
    #[cfg(any(feature = "gsm", feature = "wip"))]
    pub(crate) fn module(&self, name: &str) -> Option<&str> {
        self.text(module_slot(name)?)
    }

    /// Everything, as text that [`Stored::from_text`] reads.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail.
        for (number, profile) in self.profiles() {
            let _ = writeln!(text, "profile {number} {profile}");
        }
        for (slot, number) in self.numbers() {
            let _ = writeln!(text, "number {slot} {number}");
        }
        for (slot, kept) in &self.texts {
            let _ = match slot {
                Slot::Module(place) => {
                    writeln!(text, "{} {kept}", MODULE.get(*place).unwrap_or(&""))
                }
                Slot::Entry(place) => writeln!(text, "entry {place} {kept}"),
                _ => Ok(()),
            };
        }
        for (place, message) in self.messages() {
            let _ = writeln!(text, "message {place} {message}");
        }
        let _ = writeln!(text, "power-up {}", self.power_up);
        text
    }

    /// Reads what [`Stored::to_text`] wrote, or what a person made of it. Empty lines and lines that
    /// begin with `#` are passed over.
    pub fn from_text(text: &str) -> Result<Self, StoredError> {
        let mut stored = Self::new();
        let mut power_up = None;
        if text.len() > STORED_TEXT {
            return Err(StoredError { line: 1, problem: StoredProblem::TooMuch });
        }
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            stored
                .read_line(line, &mut power_up)
                .map_err(|problem| StoredError { line: place + 1, problem })?;
        }
        stored.power_up = power_up.unwrap_or(0);
        Ok(stored)
    }

    fn read_line(&mut self, line: &str, power_up: &mut Option<u8>) -> Result<(), StoredProblem> {
        let (kind, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        let (number, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match kind {
            "profile" => {
                let number = bounded(number, u16::from(PROFILES))? as u8;
                if self.profile(number).is_some() {
                    return Err(StoredProblem::Twice);
                }
                check_profile(text)?;
                // A profile that can be read can be stored.
                let _ = self.set_profile(number, text.trim());
            }
            "number" => {
                let slot = bounded(number, NUMBERS)?;
                if self.number(slot).is_some() {
                    return Err(StoredProblem::Twice);
                }
                let text = text.trim();
                if text.is_empty() || self.set_number(slot, text) == Kept::Refused {
                    return Err(StoredProblem::BadText);
                }
            }
            "power-up" => {
                let number = bounded(rest, u16::from(PROFILES))? as u8;
                if power_up.replace(number).is_some() {
                    return Err(StoredProblem::Twice);
                }
            }
            "entry" => {
                let place = bounded(number, ENTRIES + 1)?;
                self.read_text(Slot::Entry(place), text)?;
            }
            "message" => {
                let place = bounded(number, MESSAGES + 1)?;
                self.read_text(Slot::Message(place), text)?;
            }
            _ => {
                let slot = module_slot(kind).ok_or(StoredProblem::UnknownKind)?;
                self.read_text(slot, rest)?;
            }
        }
        Ok(())
    }

    fn read_text(&mut self, slot: Slot, text: &str) -> Result<(), StoredProblem> {
        if self.text(slot).is_some() {
            return Err(StoredProblem::Twice);
        }
        match self.set_text(slot, text) {
            Kept::Changed => Ok(()),
            Kept::AsBefore | Kept::Refused => Err(StoredProblem::BadText),
        }
    }

    /// Stores a message of a module's card; an empty text erases it.
    #[cfg(feature = "gsm")]
    pub(crate) fn set_message(&mut self, place: u16, text: &str) -> Kept {
        if place > MESSAGES { Kept::Refused } else { self.set_text(Slot::Message(place), text) }
    }

    /// Stores a telephone number of a module's card; an empty text erases it.
    #[cfg(feature = "gsm")]
    pub(crate) fn set_entry(&mut self, place: u16, text: &str) -> Kept {
        if place > ENTRIES { Kept::Refused } else { self.set_text(Slot::Entry(place), text) }
    }

    /// Stores what a module keeps of itself; an empty text erases it.
    #[cfg(any(feature = "gsm", feature = "wip"))]
    pub(crate) fn set_module(&mut self, name: &str, text: &str) -> Kept {
        module_slot(name).map_or(Kept::Refused, |slot| self.set_text(slot, text))
    }

    fn set_text(&mut self, slot: Slot, text: &str) -> Kept {
        let text = text.trim();
        let most = if matches!(slot, Slot::Module(_)) { MODULE_TEXT } else { NUMBER_TEXT };
        if text.len() > most || text.contains(char::is_control) {
            return Kept::Refused;
        }
        if !text.is_empty() {
            return self.put(slot, text);
        }
        self.erase(slot)
    }

    fn erase(&mut self, slot: Slot) -> Kept {
        match self.place(slot) {
            Ok(place) => {
                self.texts.remove(place);
                Kept::Changed
            }
            Err(_) => Kept::AsBefore,
        }
    }

    /// Stores a profile whose text came from the settings.
    pub(crate) fn set_profile(&mut self, number: u8, text: &str) -> Kept {
        self.put(Slot::Profile(number), text)
    }

    /// Stores a telephone number; an empty text erases it.
    pub(crate) fn set_number(&mut self, slot: u16, text: &str) -> Kept {
        let text = text.trim();
        if slot >= NUMBERS {
            return Kept::Refused;
        }
        self.set_text(Slot::Number(slot), text)
    }

    /// Chooses the profile to start with: one that is stored, or the first.
    pub(crate) fn set_power_up(&mut self, number: u8) -> Kept {
        if number != 0 && self.profile(number).is_none() {
            return Kept::Refused;
        }
        match std::mem::replace(&mut self.power_up, number) == number {
            true => Kept::AsBefore,
            false => Kept::Changed,
        }
    }

    fn text(&self, slot: Slot) -> Option<&str> {
        self.texts.get(self.place(slot).ok()?).map(|entry| &*entry.1)
    }

    fn put(&mut self, slot: Slot, text: &str) -> Kept {
        match self.place(slot) {
            Ok(place) => replace(self.texts.get_mut(place).map(|entry| &mut entry.1), text),
            Err(place) => {
                self.texts.insert(place, (slot, text.into()));
                Kept::Changed
            }
        }
    }

    fn place(&self, slot: Slot) -> Result<usize, usize> {
        self.texts.binary_search_by_key(&slot, |entry| entry.0)
    }
}

/// What became of something to be stored. What is as before needs no writing: equipment that stores
/// its settings every time it starts would wear the memory out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Changed,
    AsBefore,
    Refused,
}

fn replace(place: Option<&mut Box<str>>, text: &str) -> Kept {
    match place {
        Some(place) if **place != *text => {
            *place = text.into();
            Kept::Changed
        }
        _ => Kept::AsBefore,
    }
}

fn module_slot(name: &str) -> Option<Slot> {
    MODULE.iter().position(|known| *known == name).map(Slot::Module)
}

fn bounded(text: &str, end: u16) -> Result<u16, StoredProblem> {
    text.parse().ok().filter(|number| *number < end).ok_or(StoredProblem::BadNumber)
}

/// Whether a profile could be loaded into a modem that knows all registers. Those of a persona are
/// checked again when they are loaded.
fn check_profile(text: &str) -> Result<(), StoredProblem> {
    if text.len() > PROFILE_TEXT {
        return Err(StoredProblem::TooMuch);
    }
    Settings::factory(Arc::new(Persona::with_every_command()))
        .apply(text)
        .map_err(StoredProblem::BadProfile)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        Stored::from_text(text).unwrap_err().to_string()
    }

    #[test]
    fn what_a_person_wrote_is_read() {
        let text = "# the pump house\n\n number 7  centre.example.org:8023 \nprofile 0 E0 V0\n";
        let stored = Stored::from_text(text).unwrap();
        assert_eq!(stored.profile(0), Some("E0 V0"));
        assert_eq!(stored.number(7), Some("centre.example.org:8023"));
        assert_eq!(stored.power_up(), 0);
        assert_eq!(Stored::from_text("").unwrap(), Stored::new());
    }

    #[test]
    fn a_bad_line_is_refused_with_its_number() {
        assert_eq!(
            refused("power-up 0\nprofil 0 E0"),
            "line 2: expected a line that begins with profile, number or power-up, or with message, entry, sim, \
             wind, application, centre or wip-…"
        );
        assert!(refused("profile 10 E0").starts_with("line 1: expected a number"));
        assert!(refused("number x 1").starts_with("line 1: expected a number"));
        assert!(refused("power-up").starts_with("line 1: expected a number"));
        assert_eq!(refused("number 1 a\nnumber 1 b"), "line 2: this is stored twice");
        assert_eq!(refused("power-up 0\npower-up 0"), "line 2: this is stored twice");
        assert_eq!(refused("profile 0 X9"), "line 1: not a profile: the value is out of range");
        assert!(refused("profile 0 H0").ends_with("sets nothing that could be stored"));
        assert!(refused("number 1").starts_with("line 1: a telephone number has"));
        assert!(refused(&format!("number 1 {}", "5".repeat(600))).starts_with("line 1: a tele"));
        assert!(refused(&"# much\n".repeat(100_000)).ends_with("could ever be stored"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_the_same(
            text in "((profile|number|power-up) [0-9]{1,2} ?[ -~]{0,20}\n){0,8}.{0,20}"
        ) {
            if let Ok(stored) = Stored::from_text(&text) {
                prop_assert_eq!(Stored::from_text(&stored.to_text()), Ok(stored));
            }
        }
    }
}
