//! The `gsm` table of a line: what its module says in place of its persona's facts, and where its messages go.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use modem::{Persona, PersonaError, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use settings::{SecretError, SecretRef};

use crate::config::LineConfig;

/// What a configuration says of one line's module. Its keys are those of the persona's `gsm` table, with the
/// PIN and the PUK by reference; and `program` and `user` for messages to numbers that no line has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModuleConfig {
    facts: Vec<(String, Fact)>,
    secrets: Vec<(&'static str, SecretRef)>,
    /// What gets the messages that no line gets, with its arguments.
    pub program: Vec<String>,
    /// As whom the program runs.
    pub user: Option<String>,
}

/// A value of a persona's key.
#[derive(Clone, Debug, PartialEq)]
enum Fact {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

/// A secret of the module's can't be used. It is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// It can't be had.
    #[error("the module's {what}: {reason}")]
    Secret {
        /// `pin` or `puk`.
        what: &'static str,
        /// Why.
        reason: SecretError,
    },
    /// It is no PIN.
    #[error("the module's {0} is not four to eight digits; try: echo 1234 > its file")]
    NoCode(&'static str),
}

/// The keys that hold secrets.
const SECRETS: [&str; 2] = ["pin", "puk"];

impl ModuleConfig {
    /// Whether the real module behind the line is asked how it stands, if that is said here.
    pub fn asks_module(&self) -> Option<bool> {
        let (_, fact) = self.facts.iter().find(|(key, _)| key == "status")?;
        Some(*fact == Fact::Text("module".to_owned()))
    }

    /// The files that the table names, for who knows what their paths refer to.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.secrets.iter_mut().filter_map(|(_, secret)| match secret {
            SecretRef::File(path) => Some(path),
            _ => None,
        })
    }

    fn apply(&self, persona: &mut Persona) -> Result<(), ModuleError> {
        for (key, fact) in &self.facts {
            // It was tried when it was read.
            let _ = set(persona, key, fact.value());
        }
        for (what, secret) in &self.secrets {
            let secret = secret.resolve(Path::new(""));
            let secret = secret.map_err(|reason| ModuleError::Secret { what, reason })?;
            let text = std::str::from_utf8(secret.expose());
            let text = text.map_err(|_| ModuleError::NoCode(what))?;
            set(persona, what, Value::Text(text)).map_err(|_| ModuleError::NoCode(what))?;
        }
        Ok(())
    }
}

/// The persona of a line with what its configuration says of its module.
pub(crate) fn of(config: &LineConfig, persona: Arc<Persona>) -> Result<Arc<Persona>, ModuleError> {
    let Some(module) = &config.gsm else { return Ok(persona) };
    let mut own = Persona::clone(&persona);
    module.apply(&mut own)?;
    Ok(Arc::new(own))
}

fn set(persona: &mut Persona, key: &str, value: Value<'_>) -> Result<(), PersonaError> {
    persona.set(&format!("gsm.{key}"), value)
}

impl Fact {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Integer(number) => Value::Integer(*number),
            Self::Boolean(truth) => Value::Boolean(*truth),
        }
    }
}

impl<'de> Deserialize<'de> for ModuleConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = ModuleConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of what the module says")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ModuleConfig, M::Error> {
                let mut config = ModuleConfig::default();
                while let Some(key) = map.next_key::<String>()? {
                    config.read(key, &mut map)?;
                }
                Ok(config)
            }
        }
        deserializer.deserialize_map(Table)
    }
}

impl ModuleConfig {
    fn read<'de, M: MapAccess<'de>>(&mut self, key: String, map: &mut M) -> Result<(), M::Error> {
        if let Some(secret) = SECRETS.iter().find(|secret| **secret == key) {
            self.secrets.push((secret, map.next_value()?));
            return Ok(());
        }
        match key.as_str() {
            "program" => {
                self.program = map.next_value()?;
                let whole = self.program.first().is_some_and(|file| file.starts_with('/'));
                if !whole {
                    return Err(M::Error::custom(
                        "`program` is a list: the program with its whole path, then its arguments",
                    ));
                }
            }
            "user" => self.user = Some(map.next_value()?),
            _ => {
                let fact: Fact = map.next_value()?;
                set(&mut Persona::default(), &key, fact.value()).map_err(|error| match error {
                    PersonaError::UnknownKey { .. } => M::Error::custom(format!(
                        "`gsm` has no key `{key}`; expected `pin`, `puk`, `program`, `user` or one of the \
                         persona's `gsm` keys"
                    )),
                    other => M::Error::custom(other),
                })?;
                self.facts.push((key, fact));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Fact;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a whole number, true or false")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Fact, E> {
                Ok(Fact::Text(text.to_owned()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Fact, E> {
                Ok(Fact::Integer(number))
            }

            fn visit_bool<E: Error>(self, truth: bool) -> Result<Fact, E> {
                Ok(Fact::Boolean(truth))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(toml: &str) -> Result<ModuleConfig, String> {
        toml::from_str(toml).map_err(|error| error.to_string())
    }

    fn line(toml: &str) -> LineConfig {
        LineConfig { gsm: Some(Box::new(read(toml).unwrap())), ..LineConfig::new("a") }
    }

    #[test]
    fn what_a_line_says_of_its_module_goes_before_its_persona() {
        let mut persona = Persona::default();
        persona.set("sets", Value::Text("gsm")).unwrap();
        let line = line("number = '+4917000001'\nsignal = 7\npin-read-ok = true");
        let own = of(&line, Arc::new(persona)).unwrap();
        let modem = modem::Modem::new(own, modem::Stored::default());
        assert_eq!(modem.number().unwrap().to_string(), "+4917000001");
    }

    #[test]
    fn a_pin_comes_from_its_file_and_is_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pin");
        let persona = Arc::new(Persona::default());
        for (content, says) in [("8642\n", None), ("secret\n", Some("four to eight digits"))] {
            std::fs::write(&file, content).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            let line = line(&format!("pin = 'file:{}'", file.display()));
            match (of(&line, Arc::clone(&persona)), says) {
                (Ok(own), None) => assert!(!format!("{own:?}").contains("8642")),
                (Err(error), Some(says)) => {
                    let error = error.to_string();
                    assert!(error.contains(says) && !error.contains("secret"), "{error}");
                }
                (outcome, _) => panic!("{outcome:?}"),
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (toml, says) in [
            ("pin = '1234'", "file:PATH"),
            ("strength = 3", "no key `strength`"),
            ("registration = 'lost'", "\"home\""),
            ("signal = 'good'", "a string"),
            ("number = 'x'", "up to 20 digits"),
            ("program = ['sms']", "whole path"),
            ("signal = [1]", "a whole number"),
        ] {
            let error = read(toml).unwrap_err();
            assert!(error.contains(says), "{toml}: {error}");
        }
    }
}
