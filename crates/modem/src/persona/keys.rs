//! The keys of a persona: one table that setting, checking and error messages go through.

mod commands;
mod identity;
mod incoming;
mod online;
mod results;

use super::{Persona, PersonaError, Value};
use crate::limits::PERSONA_TEXT;

/// One key of a persona, for checking and for documentation.
#[derive(Debug)]
pub struct Key {
    /// As it stands in a TOML file; nested tables are written `table.key`, and `*` stands for any
    /// last part.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What it is for.
    pub help: &'static str,
    pub(crate) set: Set,
}

/// How a key's value gets into the persona. An `Err` says what is wrong with the value.
pub(crate) enum Set {
    /// A string.
    Text(fn(&mut Persona, &str) -> Result<(), String>),
    /// A string, under a name of its own.
    NamedText(fn(&mut Persona, &str, &str) -> Result<(), String>),
    /// One of a few words; `None` for any other.
    Word(fn(&mut Persona, &str) -> Option<()>),
    /// A whole number up to a limit.
    Number(u32, fn(&mut Persona, u32)),
    /// A whole number up to a limit, under a name of its own.
    NamedNumber(u32, fn(&mut Persona, &str, u32) -> Result<(), String>),
    /// True or false.
    Switch(fn(&mut Persona, Switch)),
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) | Self::NamedText(_) => "Text",
            Self::Word(_) => "Word",
            Self::Number(..) | Self::NamedNumber(..) => "Number",
            Self::Switch(_) => "Switch",
        })
    }
}

/// A value that is true or false.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    Off,
    On,
}

impl Switch {
    pub(crate) fn choose<T>(self, off: T, on: T) -> T {
        match self {
            Self::Off => off,
            Self::On => on,
        }
    }
}

const FAMILIES: &[&[Key]] = &[
    identity::KEYS,
    commands::KEYS,
    results::KEYS,
    online::KEYS,
    incoming::KEYS,
    crate::sets::KEYS,
    #[cfg(feature = "gsm")]
    crate::sets::gsm::KEYS,
    #[cfg(feature = "wip")]
    crate::sets::wip_keys::KEYS,
];

/// All keys, in the order of the documentation.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    FAMILIES.iter().copied().flatten()
}

/// Sets a key of a persona.
pub(super) fn set(persona: &mut Persona, key: &str, value: Value<'_>) -> Result<(), PersonaError> {
    let (known, rest) =
        find(key).ok_or_else(|| PersonaError::UnknownKey { key: key.to_owned() })?;
    let refused = |given: String, reason: String| PersonaError::Refused {
        key: known.name,
        expected: known.takes,
        given,
        reason,
    };
    match (&known.set, value) {
        (_, Value::Text(text)) if text.len() > PERSONA_TEXT => {
            Err(refused(format!("{} bytes", text.len()), format!("at most {PERSONA_TEXT} bytes")))
        }
        (Set::Text(set), Value::Text(text)) => {
            set(persona, text).map_err(|reason| refused(text.to_owned(), reason))
        }
        (Set::NamedText(set), Value::Text(text)) => {
            set(persona, rest, text).map_err(|reason| refused(text.to_owned(), reason))
        }
        (Set::Word(set), Value::Text(text)) => {
            set(persona, text).ok_or_else(|| refused(text.to_owned(), String::new()))
        }
        (Set::Number(last, set), Value::Integer(number)) => {
            let number = bounded(number, *last)
                .ok_or_else(|| refused(number.to_string(), format!("at most {last}")))?;
            set(persona, number);
            Ok(())
        }
        (Set::NamedNumber(last, set), Value::Integer(number)) => {
            let number = bounded(number, *last)
                .ok_or_else(|| refused(number.to_string(), format!("at most {last}")))?;
            set(persona, rest, number).map_err(|reason| refused(number.to_string(), reason))
        }
        (Set::Switch(set), Value::Boolean(on)) => {
            set(persona, if on { Switch::On } else { Switch::Off });
            Ok(())
        }
        _ => Err(PersonaError::WrongKind {
            key: known.name,
            expected: known.takes,
            found: value.kind(),
        }),
    }
}

/// The key of this name, and the part of the name that `*` stands for.
fn find(name: &str) -> Option<(&'static Key, &str)> {
    keys().find_map(|key| match key.name.strip_suffix('*') {
        None => (key.name == name).then_some((key, "")),
        Some(table) => Some((key, name.strip_prefix(table).filter(|rest| !rest.is_empty())?)),
    })
}

fn bounded(number: i64, last: u32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number <= last)
}

/// A key that takes any text.
pub(crate) const fn text(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Persona, &str) -> Result<(), String>,
) -> Key {
    Key { name, takes: "a string", help, set: Set::Text(set) }
}

/// A key that takes one of a few words.
pub(crate) const fn word(
    name: &'static str,
    takes: &'static str,
    help: &'static str,
    set: fn(&mut Persona, &str) -> Option<()>,
) -> Key {
    Key { name, takes, help, set: Set::Word(set) }
}

/// A key that takes a whole number.
pub(crate) const fn number(
    name: &'static str,
    takes: &'static str,
    last: u32,
    help: &'static str,
    set: fn(&mut Persona, u32),
) -> Key {
    Key { name, takes, help, set: Set::Number(last, set) }
}

/// A key that is true or false.
pub(crate) const fn switch(
    name: &'static str,
    help: &'static str,
    set: fn(&mut Persona, Switch),
) -> Key {
    Key { name, takes: "true or false", help, set: Set::Switch(set) }
}

/// Puts the value that belongs to a word.
pub(crate) fn choose<T: Copy>(place: &mut T, word: &str, words: &[(&str, T)]) -> Option<()> {
    let (_, value) = words.iter().find(|(known, _)| *known == word)?;
    *place = *value;
    Some(())
}
