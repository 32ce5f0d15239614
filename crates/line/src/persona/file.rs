//! Personas from the owner's files, which may use all of TOML.

use std::path::Path;

use modem::Value;
use toml::Table;

use super::{PersonaError, Personas, Setting};

impl Personas {
    /// Adds the persona of a file, named as the file's stem; it may replace a built-in one.
    ///
    /// # Errors
    /// The file can't be read or is no persona.
    pub fn add_file(&mut self, path: &Path) -> Result<(), PersonaError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| PersonaError::Read { path: path.to_owned(), source })?;
        let wrong =
            |reason: String| PersonaError::Wrong { file: path.display().to_string(), reason };
        let table: Table = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        settings(&table).and_then(|settings| self.add(&name, settings)).map_err(wrong)
    }
}

/// What a table and the tables in it set.
pub(super) fn settings(table: &Table) -> Result<Vec<Setting<'_>>, String> {
    let mut settings = Vec::new();
    walk("", table, &mut settings)?;
    Ok(settings)
}

fn walk<'a>(prefix: &str, table: &'a Table, settings: &mut Vec<Setting<'a>>) -> Result<(), String> {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        let value = match value {
            toml::Value::String(text) => Value::Text(text),
            toml::Value::Integer(number) => Value::Integer(*number),
            toml::Value::Boolean(truth) => Value::Boolean(*truth),
            toml::Value::Table(inner) => {
                walk(&format!("{key}."), inner, settings)?;
                continue;
            }
            other => {
                let kind = other.type_str();
                return Err(format!(
                    "`{key}` takes text, a number, true or false; this is of type {kind}"
                ));
            }
        };
        settings.push((key, value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
