//! Accounts as the store keeps them, and as a configuration writes them: a row is an `[[account]]` table.

use std::path::{Path, PathBuf};

use exchange::{AccountConfig, KeptIn};
use store::{AccountRow, Store};

/// What a row's `kind` says of an account whose secret a machine has made.
pub(crate) const MACHINE: &str = "machine";
/// And of any other.
pub(crate) const PERSON: &str = "person";

/// Why the store's accounts can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoredError {
    /// The store can't be opened.
    #[error("can't open the store {}", path.display())]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: store::OpenError,
    },
    /// It can't be read or changed.
    #[error("the store {}", path.display())]
    Store {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: store::StoreError,
    },
    /// An account in it makes no sense.
    #[error("account `{name}` in the store: {why}")]
    Row {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
}

/// The store, for a look or a change beside whoever else has it open.
pub(crate) fn visit(path: &Path) -> Result<Store, StoredError> {
    let wrong = |source| StoredError::Open { path: path.to_owned(), source };
    Store::visit_or_create(path).map_err(wrong)
}

/// The accounts in the store; none if there is no store yet.
pub(crate) fn accounts(path: &Path) -> Result<Vec<AccountConfig>, StoredError> {
    rows(path)?.iter().map(config).collect()
}

/// The same, as they are kept.
pub(crate) fn rows(path: &Path) -> Result<Vec<AccountRow>, StoredError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let wrong = |source| StoredError::Store { path: path.to_owned(), source };
    visit(path)?.accounts().map_err(wrong)
}

/// A number that grows with each change of an account.
pub(crate) fn changes(path: &Path) -> Option<i64> {
    if !path.exists() {
        return Some(0);
    }
    visit(path).ok()?.account_changes().ok()
}

/// What a row says, as a configuration would.
pub(crate) fn config(row: &AccountRow) -> Result<AccountConfig, StoredError> {
    let table: AccountConfig = toml::from_str(&body(row)).map_err(|error| StoredError::Row {
        name: row.name.clone(),
        why: error.message().to_owned(),
    })?;
    Ok(AccountConfig { kept_in: KeptIn::Store, ..table })
}

/// The lines of a row's table.
fn body(row: &AccountRow) -> String {
    keys(row).iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
}

/// A row's keys, with their values as TOML writes them.
pub(crate) fn keys(row: &AccountRow) -> Vec<(String, String)> {
    let text = |text: &str| crate::json::Json::from(text).to_string();
    let list = |texts: &[String]| {
        format!("[{}]", texts.iter().map(|item| text(item)).collect::<Vec<_>>().join(", "))
    };
    let mut keys = vec![("name".to_owned(), text(&row.name))];
    if !row.verifier.is_empty() {
        keys.push(("password".to_owned(), text(&row.verifier)));
    }
    if !row.keys.is_empty() {
        keys.push(("ssh-keys".to_owned(), list(&row.keys)));
    }
    if !row.certificates.is_empty() {
        keys.push(("certificates".to_owned(), list(&row.certificates)));
    }
    keys.extend(row.settings.iter().cloned());
    keys
}

/// The row of an account with these keys, their values as TOML writes them.
pub(crate) fn row(keys: &[(String, String)]) -> Result<AccountRow, String> {
    let now = std::time::SystemTime::now();
    let mut row = AccountRow {
        name: String::new(),
        kind: PERSON.to_owned(),
        verifier: String::new(),
        settings: Vec::new(),
        keys: Vec::new(),
        certificates: Vec::new(),
        created: now,
        changed: now,
    };
    for (key, value) in keys {
        match key.as_str() {
            "name" => row.name = read(key, value)?,
            "password" => row.verifier = read(key, value)?,
            "ssh-keys" => row.keys = read(key, value)?,
            "certificates" => row.certificates = read(key, value)?,
            _ => row.settings.push((key.clone(), value.clone())),
        }
    }
    if row.verifier.starts_with("$trunkline-machine$") {
        row.kind = MACHINE.to_owned();
    }
    // A reference to a file would be followed by whoever reads the store, from wherever he stands.
    let kept = row.verifier.is_empty() || row.verifier.starts_with('$') || row.verifier == "locked";
    if kept {
        Ok(row)
    } else {
        Err("the store keeps a password's hash, not a reference".to_owned())
    }
}

fn read<T: serde::de::DeserializeOwned>(key: &str, value: &str) -> Result<T, String> {
    let mut table: std::collections::BTreeMap<String, T> =
        toml::from_str(&format!("value = {value}"))
            .map_err(|error| format!("`{key}`: {}", error.message()))?;
    table.remove("value").ok_or_else(|| format!("`{key}` has no value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(keys: &[(&str, &str)]) -> Vec<(String, String)> {
        keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_account_is_read_back_as_it_was_kept() {
        let given = pairs(&[
            ("name", "\"site\""),
            ("password", "\"$argon2id$x\""),
            ("certificates", "[\"sha256:00\"]"),
            ("program", "[\"/bin/cat\", \"a \\\" b\"]"),
            ("environment", "{ SITE = \"42\" }"),
        ]);
        let row = row(&given).unwrap();
        assert_eq!(
            (row.kind.as_str(), row.certificates.as_slice()),
            (PERSON, &["sha256:00".to_owned()][..])
        );
        assert_eq!(keys(&row), given);
    }

    #[test]
    fn a_machine_is_known_by_its_verifier_and_a_reference_is_refused() {
        let with = |password| row(&pairs(&[("name", "\"a\""), ("password", password)]));
        assert_eq!(with("\"$trunkline-machine$v=1\"").unwrap().kind, MACHINE);
        assert!(with("\"file:secret\"").is_err());
        assert!(with("nonsense").is_err());
    }

    #[test]
    fn a_row_that_makes_no_sense_is_named() {
        let row =
            row(&pairs(&[("name", "\"a\""), ("password", "\"locked\""), ("frob", "1")])).unwrap();
        let error = config(&row).unwrap_err().to_string();
        assert!(error.contains("account `a`") && error.contains("frob"), "{error}");
    }
}
