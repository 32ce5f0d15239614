//! The little of TOML that the built-in personas are written in: comments, `[tables]`, and on a line each
//! a key with its text, whole number, `true` or `false`.
//!
//! They are read at every start, also by a build that knows no other TOML.

use modem::Value;

use super::Setting;

/// The settings of a text, in its order; or the first line that is none of that.
pub(super) fn settings(text: &str) -> Result<Vec<Setting<'_>>, String> {
    let mut settings = Vec::new();
    let mut table = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
            continue;
        }
        let wrong = || format!("`{line}` is no `key = value`");
        let (key, written) = line.split_once(" = ").ok_or_else(wrong)?;
        let key = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        settings.push((key, value(written).ok_or_else(wrong)?));
    }
    Ok(settings)
}

fn value(written: &str) -> Option<Value<'_>> {
    if let Some(text) = written.strip_prefix('"') {
        return text.strip_suffix('"').map(Value::Text);
    }
    match written {
        "true" => Some(Value::Boolean(true)),
        "false" => Some(Value::Boolean(false)),
        number => number.parse().ok().map(Value::Integer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "configuration")]
    fn every_built_in_persona_reads_as_its_toml_does() {
        for (name, text) in modem::BUILT_IN {
            let table = toml::from_str(text).unwrap();
            let whole = super::super::file::settings(&table).unwrap();
            assert_eq!(settings(text), Ok(whole), "{name}");
        }
    }

    #[test]
    fn other_toml_is_refused_rather_than_misread() {
        for other in ["a = [1]", "a = \"b", "a = 'b'", "a=1", "a = 1 # one", "[a", "a = 1.5", "a"] {
            assert!(settings(other).is_err(), "{other}");
        }
    }
}
