//! Personas from TOML: the built-in ones and the owner's.

#[cfg(feature = "configuration")]
mod file;
mod plain;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use modem::{BUILT_IN, Persona, Value};

/// All personas that lines of this process can be.
#[derive(Clone, Debug)]
pub struct Personas(BTreeMap<String, Arc<Persona>>);

/// Why a persona file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PersonaError {
    /// The file can't be read.
    #[error("can't read the persona file {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no TOML, or no persona.
    #[error("{file}: {reason}")]
    Wrong {
        /// Which file, or which built-in persona.
        file: String,
        /// What is wrong, with its place.
        reason: String,
    },
}

/// A key of a persona, written `table.key` in a table, and its value.
type Setting<'a> = (String, Value<'a>);

/// The one key that is no fact of the persona itself: which other it begins as.
const BASE: &str = "base";

impl Personas {
    /// The personas that come with the program.
    ///
    /// # Errors
    /// A built-in persona is wrong, which the tests rule out.
    pub fn built_in() -> Result<Self, PersonaError> {
        let mut personas = Self(BTreeMap::new());
        for (name, text) in BUILT_IN {
            plain::settings(text)
                .and_then(|settings| personas.add(name, settings))
                .map_err(|reason| PersonaError::Wrong { file: (*name).to_owned(), reason })?;
        }
        Ok(personas)
    }

    /// The persona of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Persona>> {
        self.0.get(name)
    }

    /// All names, in the alphabet's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Adds or replaces a persona: `base` comes first, whatever its place among the settings.
    fn add(&mut self, name: &str, settings: Vec<Setting<'_>>) -> Result<(), String> {
        let mut persona = Persona::default();
        if let Some((_, base)) = settings.iter().find(|(key, _)| key == BASE) {
            let Value::Text(base) = base else {
                return Err("`base` is the name of a persona".to_owned());
            };
            let found = self.get(base).ok_or_else(|| {
                let known = self.names().collect::<Vec<_>>().join(", ");
                format!("there is no persona `{base}` to be the base; there are {known}")
            })?;
            persona.clone_from(found);
        }
        for (key, value) in settings.iter().filter(|(key, _)| key != BASE) {
            persona.set(key, *value).map_err(|error| error.to_string())?;
        }
        persona.set("name", Value::Text(name)).map_err(|error| error.to_string())?;
        self.0.insert(name.to_owned(), Arc::new(persona));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_built_in_personas_are_right() {
        let personas = Personas::built_in().unwrap();
        assert!(personas.names().any(|name| name == "hayes"));
        assert_eq!(personas.names().count(), BUILT_IN.len());
    }
}
