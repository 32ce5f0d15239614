//! The form of the file, and how an older one becomes today's.

use rusqlite::{Connection, TransactionBehavior};

/// Each step's place in the list is the version that it leads to. Steps are never changed once released,
/// only added.
const STEPS: [&str; 7] = [
    include_str!("schema/1_calls.sql"),
    include_str!("schema/2_accounts.sql"),
    include_str!("schema/3_samples.sql"),
    include_str!("schema/4_telling.sql"),
    include_str!("schema/5_site_station.sql"),
    include_str!("schema/6_sending.sql"),
    include_str!("schema/7_learned.sql"),
];

/// The version that this program makes.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Marks the file as ours, in the words of file(1)'s table: "trnk".
const APPLICATION: i64 = 0x7472_6e6b;

/// What a file is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing is in it.
    Empty,
    /// A store of this version.
    Ours(i64),
    /// Somebody else's.
    Foreign,
}

pub(crate) fn form(connection: &Connection) -> rusqlite::Result<Form> {
    let number = |pragma| connection.pragma_query_value::<i64, _>(None, pragma, |row| row.get(0));
    let application = number("application_id")?;
    let version = number("user_version")?;
    if application == APPLICATION && version > 0 {
        return Ok(Form::Ours(version));
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(if application == 0 && tables == 0 { Form::Empty } else { Form::Foreign })
}

/// Brings a store up to date: all of it or nothing.
pub(crate) fn bring_up(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it while we waited.
    let version = match form(&transaction)? {
        Form::Ours(version) => usize::try_from(version).unwrap_or(usize::MAX),
        Form::Empty | Form::Foreign => 0,
    };
    for step in STEPS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION.max(version as i64))?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OpenError;
    use crate::{Filter, Settings, Store};

    /// A store as an older program has left it, with a call in progress.
    fn older(path: &std::path::Path, version: usize) {
        let connection = Connection::open(path).expect("opened");
        for step in STEPS.iter().take(version) {
            connection.execute_batch(step).expect("made");
        }
        connection.pragma_update(None, "application_id", APPLICATION).expect("set");
        connection.pragma_update(None, "user_version", version as i64).expect("set");
        connection
            .execute_batch(
                "INSERT INTO call (number, place, direction, line, party, over, rang_at)
                 VALUES ('old', 'exchange', 'in', 'l', 'p', 'tcp', 1000)",
            )
            .expect("written");
    }

    #[test]
    fn a_store_of_every_older_version_is_brought_up_to_date_with_its_calls() {
        for version in 1..STEPS.len() {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("trunkline.db");
            older(&path, version);
            let store = Store::open(&path, &Settings::default()).expect("opened");
            let calls: Vec<_> = store
                .calls(Filter::default())
                .expect("a list")
                .map(|call| call.expect("a row"))
                .collect();
            assert_eq!(calls.len(), 1);
            assert_eq!(calls[0].number, "old");
            assert_eq!(store.accounts().expect("a list"), []);
            drop(store);
            // Once more, when there is nothing to do.
            Store::open(&path, &Settings::default()).expect("opened again");
        }
    }

    #[test]
    fn what_was_measured_before_hours_were_summed_up_is_in_them() {
        let mut connection = Connection::open_in_memory().expect("opened");
        for step in STEPS.iter().take(3) {
            connection.execute_batch(step).expect("made");
        }
        connection.pragma_update(None, "application_id", APPLICATION).expect("set");
        connection.pragma_update(None, "user_version", 3).expect("set");
        connection
            .execute_batch(
                "INSERT INTO sample_hour VALUES (1, 3600000, 2, 5.0, 2.0, 3.0);
                 INSERT INTO sample VALUES (1, 3600001, 0, 0, 7.0, NULL), (1, 3600002, 0, 2, NULL, NULL),
                    (1, -1, 0, 0, 1.0, NULL);",
            )
            .expect("written");
        bring_up(&mut connection).expect("brought up");
        let hours: Vec<(i64, i64, f64, f64)> = connection
            .prepare("SELECT at, count, total, most FROM sample_hour ORDER BY at")
            .expect("prepared")
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .expect("asked")
            .map(|row| row.expect("a row"))
            .collect();
        assert_eq!(hours, [(-3_600_000, 1, 1.0, 1.0), (3_600_000, 3, 12.0, 7.0)]);
    }

    #[test]
    fn a_visitor_brings_an_older_store_up_to_date_only_when_nobody_runs_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trunkline.db");
        older(&path, 1);
        let lock = crate::lock::Lock::take(&path).expect("the lock");
        assert!(matches!(Store::visit(&path), Err(OpenError::Older { .. })));
        drop(lock);
        Store::visit(&path).expect("a visit");
    }

    #[test]
    fn a_newer_store_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trunkline.db");
        older(&path, STEPS.len());
        let connection = Connection::open(&path).expect("opened");
        connection.pragma_update(None, "user_version", VERSION + 1).expect("set");
        drop(connection);
        let error = Store::open(&path, &Settings::default()).expect_err("newer");
        assert!(error.to_string().contains("newer trunkline"), "{error}");
    }
}
