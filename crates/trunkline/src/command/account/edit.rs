//! Changing `[[account]]` tables in the text of a file; everything else in it stays as it was, comments too.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::json::Json;

/// Why a file can't be changed by a program.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EditError {
    /// It isn't TOML.
    #[error("the file is no TOML: {0}")]
    NoToml(String),
    /// The account isn't in it.
    #[error("the account isn't in the file any more")]
    Gone,
    /// It is written in another way.
    #[error("the account is not written as an [[account]] table; change it by hand")]
    OtherForm,
}

/// A text as TOML writes it.
pub(super) fn text(text: &str) -> String {
    // JSON's escapes are a part of TOML's.
    Json::from(text).to_string()
}

/// A value as TOML writes it: as it is, if it is one, else as a text.
pub(super) fn value(value: &str) -> String {
    // A bare word is a text even where TOML would take it for a number, as `7E1`.
    let looks = value.starts_with(['"', '\'', '[', '{'])
        || !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_value =
        looks && !value.contains('\n') && DeTable::parse(&format!("value = {value}")).is_ok();
    if is_value { value.to_owned() } else { text(value) }
}

/// A list of texts as TOML writes it.
pub(super) fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|item| text(item)).collect::<Vec<_>>().join(", "))
}

/// A whole `[[account]]` table of keys with their values as TOML writes them.
pub(super) fn table(keys: &[(String, String)]) -> String {
    let mut table = String::from("[[account]]\n");
    for (key, value) in keys {
        table.push_str(&format!("{key} = {value}\n"));
    }
    table
}

/// The file with a table more at its end.
pub(super) fn append(file: &str, table: &str) -> String {
    let gap = match file {
        "" => "",
        _ if file.ends_with("\n\n") => "",
        _ if file.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    format!("{file}{gap}{table}")
}

/// The file with one key of an account set to a value as TOML writes it.
///
/// # Errors
/// The account isn't there, or not as a table of its own.
pub(super) fn set(file: &str, account: &str, key: &str, value: &str) -> Result<String, EditError> {
    let place = find(file, account, key)?;
    Ok(match place.value {
        Some(old) => splice(file, old, value),
        None => {
            // After its name: above a sub-table, where a key would belong to that.
            let end = line_end(file, place.name.end);
            let line_end =
                if file.get(..end).is_some_and(|text| text.ends_with('\n')) { "" } else { "\n" };
            splice(file, end..end, &format!("{line_end}{key} = {value}\n"))
        }
    })
}

/// The file without a key of an account, if it was there.
///
/// # Errors
/// The account isn't there, or not as a table of its own.
pub(super) fn unset(file: &str, account: &str, key: &str) -> Result<String, EditError> {
    let place = find(file, account, key)?;
    Ok(match place.value {
        Some(old) => splice(file, line_start(file, old.start)..line_end(file, old.end), ""),
        None => file.to_owned(),
    })
}

/// The file without an account.
///
/// # Errors
/// The account isn't there, or not as a table of its own.
pub(super) fn remove(file: &str, account: &str) -> Result<String, EditError> {
    let place = find(file, account, "")?;
    let start = line_start(file, place.whole.start);
    let mut end = line_end(file, place.whole.end);
    // One of the two blank lines around it goes as well.
    if file.get(..start).is_some_and(|text| text.is_empty() || text.ends_with("\n\n"))
        && file.get(end..).is_some_and(|text| text.starts_with('\n'))
    {
        end += 1;
    }
    Ok(splice(file, start..end, ""))
}

/// Where an account stands.
struct Place {
    /// From its header to the end of its last value.
    whole: Range<usize>,
    name: Range<usize>,
    /// The value that was asked for.
    value: Option<Range<usize>>,
}

fn find(file: &str, account: &str, key: &str) -> Result<Place, EditError> {
    let root =
        DeTable::parse(file).map_err(|error| EditError::NoToml(error.message().to_owned()))?;
    let Some(DeValue::Array(accounts)) = root.get_ref().get("account").map(|value| value.get_ref())
    else {
        return Err(EditError::Gone);
    };
    for entry in accounts.iter() {
        let DeValue::Table(table) = entry.get_ref() else { continue };
        let Some(name) = table.get("name").filter(|name| name.get_ref().as_str() == Some(account))
        else {
            continue;
        };
        if !file.get(entry.span()).is_some_and(|header| header.starts_with("[[")) {
            return Err(EditError::OtherForm);
        }
        let whole = entry.span().start..end(table).max(entry.span().end);
        return Ok(Place {
            whole,
            name: name.span(),
            value: table.get(key).map(|value| value.span()),
        });
    }
    Err(EditError::Gone)
}

fn end(table: &DeTable<'_>) -> usize {
    let ends = table.iter().map(|(key, value)| match value.get_ref() {
        DeValue::Table(inner) => end(inner).max(value.span().end),
        _ => value.span().end.max(key.span().end),
    });
    ends.max().unwrap_or_default()
}

fn line_start(file: &str, at: usize) -> usize {
    file.get(..at).and_then(|text| text.rfind('\n')).map_or(0, |end| end + 1)
}

fn line_end(file: &str, at: usize) -> usize {
    file.get(at..).and_then(|text| text.find('\n')).map_or(file.len(), |end| at + end + 1)
}

fn splice(file: &str, old: Range<usize>, new: &str) -> String {
    let mut text = file.to_owned();
    text.replace_range(old, new);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Our accounts.\n\n# the pumps\n[[account]]\nname = \"pump\" # first\npassword = \"$argon2id$x\"\n\
        program = [\n  \"/bin/cat\",\n]\n[account.environment]\nSITE = \"1\"\n\n[[account]]\nname = \"tank\"\nprogram = [\"/bin/sh\"]\n";

    #[test]
    fn an_account_is_appended_after_a_blank_line() {
        let table = table(&[
            ("name".into(), text("a\"b")),
            ("program".into(), list(&["/bin/sh".into(), "-l".into()])),
        ]);
        assert_eq!(table, "[[account]]\nname = \"a\\\"b\"\nprogram = [\"/bin/sh\", \"-l\"]\n");
        assert_eq!(append("", &table), table);
        assert_eq!(append("# x", &table), format!("# x\n\n{table}"));
        assert_eq!(append("# x\n", &table), format!("# x\n\n{table}"));
    }

    #[test]
    fn a_key_is_replaced_where_it_stands_or_added_below_the_name() {
        let changed = set(FILE, "pump", "program", "[\"/bin/ls\"]").unwrap();
        assert!(changed.contains("program = [\"/bin/ls\"]\n[account.environment]"), "{changed}");
        let changed = set(FILE, "pump", "user", "\"rtu\"").unwrap();
        assert!(changed.contains("name = \"pump\" # first\nuser = \"rtu\"\npassword"), "{changed}");
        let changed = set(FILE.trim_end(), "tank", "program", "[]").unwrap();
        assert!(changed.ends_with("name = \"tank\"\nprogram = []"), "{changed}");
    }

    #[test]
    fn a_key_is_taken_out_with_its_line() {
        let changed = unset(FILE, "tank", "program").unwrap();
        assert!(changed.ends_with("[[account]]\nname = \"tank\"\n"), "{changed}");
        assert_eq!(unset(FILE, "tank", "user").unwrap(), FILE);
    }

    #[test]
    fn a_removed_account_leaves_its_neighbours_and_all_comments() {
        let without = remove(FILE, "pump").unwrap();
        assert_eq!(
            without,
            "# Our accounts.\n\n# the pumps\n\n[[account]]\nname = \"tank\"\nprogram = [\"/bin/sh\"]\n"
        );
        let without = remove(FILE, "tank").unwrap();
        assert!(without.ends_with("SITE = \"1\"\n\n"), "{without}");
    }

    #[test]
    fn a_value_is_taken_as_it_is_or_as_a_text() {
        for (given, written) in [
            ("30m", "\"30m\""),
            ("2", "2"),
            ("[\"a\"]", "[\"a\"]"),
            ("7E1", "\"7E1\""),
            ("1\nx = 2", "\"1\\nx = 2\""),
        ] {
            assert_eq!(value(given), written);
        }
    }

    #[test]
    fn what_can_not_be_changed_is_left_alone() {
        assert_eq!(remove(FILE, "nobody"), Err(EditError::Gone));
        assert_eq!(remove("account = [{ name = \"a\" }]", "a"), Err(EditError::OtherForm));
        assert!(matches!(remove("[[", "a"), Err(EditError::NoToml(_))));
    }
}
