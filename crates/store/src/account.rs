//! Accounts as rows. What the values mean is the exchange's matter.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::time::{from_millis, to_millis};

/// An account as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// The login name; unique.
    pub name: String,
    /// What sort of account it is, such as `person` or `machine`.
    pub kind: String,
    /// What a password is compared with: never the password itself.
    pub verifier: String,
    /// What else is set, in order; a key may come several times.
    pub settings: Vec<(String, String)>,
    /// SSH public keys, as OpenSSH writes them.
    pub keys: Vec<String>,
    /// Fingerprints of client certificates.
    pub certificates: Vec<String>,
    /// When it was added; set by the store.
    pub created: SystemTime,
    /// When it was last changed; set by the store.
    pub changed: SystemTime,
}

pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<AccountRow>> {
    // One view of all tables: somebody may be writing.
    let view = connection.unchecked_transaction()?;
    let mut query = view.prepare("SELECT name FROM account ORDER BY name")?;
    let names: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names.iter().filter_map(|name| one(&view, name).transpose()).collect()
}

pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<AccountRow>> {
    let view = connection.unchecked_transaction()?;
    one(&view, name)
}

fn one(view: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<AccountRow>> {
    let mut query = view.prepare_cached(
        "SELECT name, kind, verifier, created_at, changed_at FROM account WHERE name = ?1",
    )?;
    let row = query.query_row([name], |row| {
        Ok(AccountRow {
            name: row.get(0)?,
            kind: row.get(1)?,
            verifier: row.get(2)?,
            settings: Vec::new(),
            keys: Vec::new(),
            certificates: Vec::new(),
            created: from_millis(row.get(3)?),
            changed: from_millis(row.get(4)?),
        })
    });
    let Some(mut account) = row.optional()? else { return Ok(None) };
    let mut settings = view
        .prepare_cached("SELECT key, value FROM account_setting WHERE account = ?1 ORDER BY n")?;
    account.settings = settings
        .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let list = |sql| -> rusqlite::Result<Vec<String>> {
        view.prepare_cached(sql)?.query_map([name], |row| row.get(0))?.collect()
    };
    account.keys = list("SELECT key FROM account_key WHERE account = ?1 ORDER BY n")?;
    account.certificates =
        list("SELECT fingerprint FROM account_certificate WHERE account = ?1 ORDER BY n")?;
    Ok(Some(account))
}

pub(crate) fn changes(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .query_row("SELECT value FROM fact WHERE name = 'account_changes'", [], |row| row.get(0))
}

pub(crate) fn add(
    connection: &mut Connection,
    account: &AccountRow,
    now: SystemTime,
) -> Result<(), StoreError> {
    let change = begin(connection)?;
    if one(&change, &account.name)?.is_some() {
        return Err(StoreError::AccountExists(account.name.clone()));
    }
    insert(&change, account, now, now)?;
    Ok(commit(change)?)
}

pub(crate) fn put(
    connection: &mut Connection,
    account: &AccountRow,
    now: SystemTime,
) -> rusqlite::Result<()> {
    let change = begin(connection)?;
    let created = one(&change, &account.name)?.map_or(now, |before| before.created);
    change.execute("DELETE FROM account WHERE name = ?1", [&account.name])?;
    insert(&change, account, created, now)?;
    commit(change)
}

pub(crate) fn remove(connection: &mut Connection, name: &str) -> rusqlite::Result<bool> {
    let change = begin(connection)?;
    let removed = change.execute("DELETE FROM account WHERE name = ?1", [name])?;
    if removed == 0 {
        return Ok(false);
    }
    commit(change)?;
    Ok(true)
}

fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn insert(
    change: &Transaction<'_>,
    account: &AccountRow,
    created: SystemTime,
    changed: SystemTime,
) -> rusqlite::Result<()> {
    change.execute(
        "INSERT INTO account VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            account.name,
            account.kind,
            account.verifier,
            to_millis(created),
            to_millis(changed)
        ],
    )?;
    for (n, (key, value)) in (0_i64..).zip(&account.settings) {
        change.execute(
            "INSERT INTO account_setting VALUES (?1, ?2, ?3, ?4)",
            params![account.name, n, key, value],
        )?;
    }
    for (n, key) in (0_i64..).zip(&account.keys) {
        change.execute(
            "INSERT INTO account_key VALUES (?1, ?2, ?3)",
            params![account.name, n, key],
        )?;
    }
    for (n, fingerprint) in (0_i64..).zip(&account.certificates) {
        change.execute(
            "INSERT INTO account_certificate VALUES (?1, ?2, ?3)",
            params![account.name, n, fingerprint],
        )?;
    }
    Ok(())
}

/// Tells all processes that something has changed.
fn commit(change: Transaction<'_>) -> rusqlite::Result<()> {
    change.execute("UPDATE fact SET value = value + 1 WHERE name = 'account_changes'", [])?;
    change.commit()
}
