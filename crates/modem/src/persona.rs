//! Which modem this one pretends to be, as data.

mod facts;
mod keys;

use std::fmt;

use at::dial::DialRules;

use crate::limits::LAST_REGISTER;
use crate::settings::Overlay;
use crate::table;

pub(crate) use facts::*;
#[cfg(feature = "sets")]
pub(crate) use keys::{Key, Set as ValueSetter, number, switch};
pub use keys::{Key as PersonaKey, keys as persona_keys};
#[cfg(feature = "gsm")]
pub(crate) use keys::{choose, text, word};

/// The personas that are compiled in: name and TOML text.
///
/// A loader starts from [`Persona::default`], or from the persona that the text names as its `base`,
/// and gives every other key of the text to [`Persona::set`], nested tables as `table.key`.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("hayes", include_str!("../personas/hayes.toml")),
    ("v250", include_str!("../personas/v250.toml")),
    ("xport", include_str!("../personas/xport.toml")),
    ("moxa", include_str!("../personas/moxa.toml")),
    ("digi", include_str!("../personas/digi.toml")),
    ("airlink", include_str!("../personas/airlink.toml")),
    ("perle", include_str!("../personas/perle.toml")),
    ("vscom", include_str!("../personas/vscom.toml")),
    ("comip", include_str!("../personas/comip.toml")),
    ("usr", include_str!("../personas/usr.toml")),
    ("rockwell", include_str!("../personas/rockwell.toml")),
    ("rtu", include_str!("../personas/rtu.toml")),
    ("dart", include_str!("../personas/dart.toml")),
    ("gsm", include_str!("../personas/gsm.toml")),
    #[cfg(feature = "wip")]
    ("wavecom-q24", include_str!("../personas/wavecom-q24.toml")),
    #[cfg(feature = "wip")]
    ("wavecom-q26", include_str!("../personas/wavecom-q26.toml")),
    #[cfg(feature = "wip")]
    ("wismo", include_str!("../personas/wismo.toml")),
    #[cfg(feature = "wip")]
    ("q2406", include_str!("../personas/q2406.toml")),
    #[cfg(feature = "wip")]
    ("q2406-edsoft", include_str!("../personas/q2406-edsoft.toml")),
];

/// The facts of one kind of modem: what it calls itself, what it starts with, what it answers.
///
/// Plain data, shared by all lines that pretend to be the same modem. [`Persona::default`] is `hayes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Persona {
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) grammar: Grammar,
    pub(crate) results: Results,
    pub(crate) dialling: Dialling,
    pub(crate) online: OnlineRules,
    pub(crate) incoming: Incoming,
    /// The command sets beside the table.
    pub(crate) sets: crate::sets::Facts,
    /// What `&F` restores, where it differs from the table's defaults.
    pub(crate) factory: Overlay,
}

/// A value of a persona's key, as a configuration file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A string.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

impl Value<'_> {
    /// What kind of value this is, for error messages.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Boolean(_) => "true or false",
        }
    }
}

/// Why a persona's key could not be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonaError {
    /// There is no such key.
    UnknownKey {
        /// The key that was given.
        key: String,
    },
    /// The key takes another kind of value.
    WrongKind {
        /// The key.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The key does not take this value.
    Refused {
        /// The key.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        given: String,
        /// What is wrong with it, if there is more to say.
        reason: String,
    },
}

impl fmt::Display for PersonaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key } => {
                write!(f, "a persona has no key {key:?}; it has ")?;
                for (place, known) in keys::keys().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", known.name)?;
                }
                Ok(())
            }
            Self::WrongKind { key, expected, found } => {
                write!(f, "{key} takes {expected}, not {found}")
            }
            Self::Refused { key, expected, given, reason } => {
                write!(f, "{key} takes {expected}, not {given:?}")?;
                if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
            }
        }
    }
}

impl std::error::Error for PersonaError {}

impl Persona {
    /// Sets one key. Keys of nested tables are written `table.key`.
    ///
    /// ```
    /// use modem::{Persona, Value};
    ///
    /// let mut persona = Persona::default();
    /// persona.set("maker", Value::Text("Example"))?;
    /// persona.set("settings", Value::Text("E0 Q1 S0=1"))?;
    /// assert!(persona.set("ring-limit", Value::Text("many")).is_err());
    /// # Ok::<(), modem::PersonaError>(())
    /// ```
    pub fn set(&mut self, key: &str, value: Value<'_>) -> Result<(), PersonaError> {
        keys::set(self, key, value)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its dial strings are read.
    pub fn dial_rules(&self) -> &DialRules {
        &self.dialling.rules
    }

    /// The port to call where none was dialled, if this modem has one of its own.
    pub fn dial_port(&self) -> Option<u16> {
        self.dialling.dial_port
    }

    /// The port on which this modem listens, if it has one of its own.
    pub fn listen_port(&self) -> Option<u16> {
        self.dialling.listen_port
    }

    /// How TCP sockets of its command sets talk to their peers.
    #[cfg(feature = "wip")]
    pub fn transport(&self) -> wip::Transport {
        self.sets.transport()
    }

    /// Whether the real module behind its line is asked how it stands.
    #[cfg(feature = "gsm")]
    pub fn asks_module(&self) -> bool {
        self.sets.is_answered_by_module()
    }

    /// Whether this modem has the command of the table.
    pub(crate) fn has(&self, command: &str) -> bool {
        let grammar = &self.grammar;
        let answered = grammar.gsm == Gsm::Answered || self.sets.is_module();
        let hidden = !answered && table::GSM.contains(&command);
        !hidden && (grammar.only.is_empty() || grammar.only.iter().any(|name| name == command))
    }

    /// A persona that refuses no setting the table or any persona knows, for checking what is stored.
    pub(crate) fn with_every_command() -> Self {
        let mut persona = Self::default();
        persona.grammar.gsm = Gsm::Answered;
        persona.grammar.registers = vec![(0, LAST_REGISTER)];
        persona.sets = crate::sets::Facts::with_every_set();
        persona
    }

    /// The TOML text of the persona of this name that is compiled in.
    pub fn built_in(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}
