//! Personas from TOML: the built-in ones and the owner's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

impl Personas {
    /// The personas that come with the program.
    ///
    /// # Errors
    /// A built-in persona is wrong, which the tests rule out.
    pub fn built_in() -> Result<Self, PersonaError> {
        let mut personas = Self(BTreeMap::new());
        for (name, text) in BUILT_IN {
            personas.add(name, text, name)?;
        }
        Ok(personas)
    }

    /// Adds the persona of a file, named as the file's stem; it may replace a built-in one.
    ///
    /// # Errors
    /// The file can't be read or is no persona.
    pub fn add_file(&mut self, path: &Path) -> Result<(), PersonaError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| PersonaError::Read { path: path.to_owned(), source })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        self.add(&name, &text, &path.display().to_string())
    }

    /// The persona of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Persona>> {
        self.0.get(name)
    }

    /// All names, in the alphabet's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn add(&mut self, name: &str, text: &str, file: &str) -> Result<(), PersonaError> {
        let wrong = |reason: String| PersonaError::Wrong { file: file.to_owned(), reason };
        let table: toml::Table = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let mut persona = match table.get("base") {
            None => Persona::default(),
            Some(base) => {
                let base = base.as_str().unwrap_or_default();
                let found = self.get(base).ok_or_else(|| {
                    let known = self.names().collect::<Vec<_>>().join(", ");
                    wrong(format!("there is no persona `{base}` to be the base; there are {known}"))
                })?;
                Persona::clone(found)
            }
        };
        let set = |key: &str, value: Value<'_>| {
            persona.set(key, value).map_err(|error| wrong(error.to_string()))
        };
        each_key("", &table, &mut { set }, &wrong)?;
        persona.set("name", Value::Text(name)).map_err(|error| wrong(error.to_string()))?;
        self.0.insert(name.to_owned(), Arc::new(persona));
        Ok(())
    }
}

/// Walks a table and the tables in it, whose keys are written `table.key`.
fn each_key(
    prefix: &str,
    table: &toml::Table,
    set: &mut impl FnMut(&str, Value<'_>) -> Result<(), PersonaError>,
    wrong: &impl Fn(String) -> PersonaError,
) -> Result<(), PersonaError> {
    for (key, value) in table.iter().filter(|(key, _)| !(prefix.is_empty() && *key == "base")) {
        let key = format!("{prefix}{key}");
        match value {
            toml::Value::String(text) => set(&key, Value::Text(text))?,
            toml::Value::Integer(number) => set(&key, Value::Integer(*number))?,
            toml::Value::Boolean(truth) => set(&key, Value::Boolean(*truth))?,
            toml::Value::Table(inner) => each_key(&format!("{key}."), inner, set, wrong)?,
            other => {
                let kind = other.type_str();
                return Err(wrong(format!(
                    "`{key}` takes text, a number, true or false; this is of type {kind}"
                )));
            }
        }
    }
    Ok(())
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

    #[test]
    fn an_owners_persona_builds_on_another_and_mistakes_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pump.toml");
        let mut personas = Personas::built_in().unwrap();
        std::fs::write(&file, "base = \"rtu\"\nmaker = \"Example\"\n").unwrap();
        personas.add_file(&file).unwrap();
        assert_eq!(personas.get("pump").unwrap().name(), "pump");
        for mistake in ["base = \"nobody\"", "colour = \"red\"", "maker = [1]", "maker = "] {
            std::fs::write(&file, mistake).unwrap();
            let error = personas.add_file(&file).unwrap_err().to_string();
            assert!(error.contains("pump.toml"), "{error}");
        }
    }
}
