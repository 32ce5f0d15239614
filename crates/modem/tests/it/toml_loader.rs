//! A persona from its TOML text: what a program that uses this crate does with a configuration file.

use modem::{Persona, Value};

/// The built-in persona of this name.
pub(crate) fn built_in(name: &str) -> Persona {
    let text = Persona::built_in(name).unwrap_or_else(|| panic!("no persona {name}"));
    load(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A persona from TOML text.
pub(crate) fn load(text: &str) -> Result<Persona, String> {
    let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let mut persona = match table.get("base") {
        Some(base) => built_in(base.as_str().ok_or("base is a string")?),
        None => Persona::default(),
    };
    set_all(&mut persona, "", &table)?;
    Ok(persona)
}

fn set_all(persona: &mut Persona, prefix: &str, table: &toml::Table) -> Result<(), String> {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        let value = match value {
            toml::Value::String(text) => Value::Text(text),
            toml::Value::Integer(number) => Value::Integer(*number),
            toml::Value::Boolean(on) => Value::Boolean(*on),
            toml::Value::Table(inner) => {
                set_all(persona, &format!("{key}."), inner)?;
                continue;
            }
            other => return Err(format!("{key}: a persona has no {}", other.type_str())),
        };
        persona.set(&key, value).map_err(|error| error.to_string())?;
    }
    Ok(())
}
