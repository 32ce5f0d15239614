//! What the centre has changed of the configuration: single values, and whole ones with the one before each.
//!
//! A whole configuration is on trial until a call has reached the centre with it; single values belong to the whole one
//! that they were said of, and come and go with it.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Shelf, ShelfError};

/// A configuration that the centre has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) text: String,
    pub(crate) standing: Standing,
}

/// Whether a configuration has proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Trial,
    Proved,
}

/// What a failed call has meant for a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing: none is on trial.
    Nothing,
    /// So many calls have failed with it.
    Count(u32),
}

const BASE: &str = "coalesce((SELECT version FROM plan WHERE slot = 'current'), 0)";

impl Shelf {
    /// The configuration that counts now, unless it is the file's.
    pub(crate) fn taken(&self) -> Result<Option<Taken>, ShelfError> {
        self.read(|connection| {
            let select = "SELECT text, trial FROM plan WHERE slot = 'current'";
            let taken = connection.query_row(select, [], |row| {
                let standing = if row.get(1)? { Standing::Trial } else { Standing::Proved };
                Ok(Taken { text: row.get(0)?, standing })
            });
            taken.optional()
        })
    }

    /// Runs with this configuration from now on, on trial; the one before stays at hand.
    pub(crate) fn take_plan(&self, version: u64, text: &str) -> Result<(), ShelfError> {
        self.write(|transaction| {
            transaction.execute_batch(
                "DELETE FROM plan WHERE slot = 'before' AND EXISTS (SELECT 1 FROM plan WHERE slot = 'current' AND trial = 0);
                 DELETE FROM plan WHERE slot = 'current' AND trial = 1;
                 UPDATE plan SET slot = 'before' WHERE slot = 'current';
                 DELETE FROM plan WHERE slot = 'given-up';",
            )?;
            // One that comes while another is on trial falls back to what was before both.
            transaction.execute(
                "INSERT OR IGNORE INTO facts SELECT 'configuration-before', value FROM facts WHERE key = 'configuration'",
                [],
            )?;
            transaction.execute(
                "INSERT INTO plan (slot, version, text, trial, calls) VALUES ('current', ?1, ?2, 1, 0)",
                params![version, text],
            )?;
            // Who sends the same version again has forgotten what was said of it.
            transaction.execute("DELETE FROM changed WHERE base = ?1", [version])?;
            configuration(transaction, version)
        })
    }

    /// A call has reached the centre: what is on trial has proved itself.
    pub(crate) fn prove(&self) -> Result<(), ShelfError> {
        self.write(|transaction| {
            let proved = transaction
                .execute("UPDATE plan SET trial = 0 WHERE slot = 'current' AND trial = 1", [])?;
            if proved > 0 {
                transaction.execute_batch(&format!(
                    "DELETE FROM plan WHERE slot = 'before';
                     DELETE FROM facts WHERE key = 'configuration-before';
                     DELETE FROM changed WHERE base <> {BASE};"
                ))?;
            }
            Ok(())
        })
    }

    /// A call has not reached the centre.
    pub(crate) fn call_failed(&self) -> Result<Failure, ShelfError> {
        self.write(|transaction| {
            let counted = transaction.execute(
                "UPDATE plan SET calls = calls + 1 WHERE slot = 'current' AND trial = 1",
                [],
            )?;
            if counted == 0 {
                return Ok(Failure::Nothing);
            }
            let select = "SELECT calls FROM plan WHERE slot = 'current'";
            transaction.query_row(select, [], |row| row.get(0)).map(Failure::Count)
        })
    }

    /// Gives up the configuration that counts for the one before, or for the file's.
    pub(crate) fn give_up_plan(&self, why: &str) -> Result<(), ShelfError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM plan WHERE slot = 'given-up'", [])?;
            transaction.execute(
                "UPDATE plan SET slot = 'given-up', text = ?1 WHERE slot = 'current'",
                [why],
            )?;
            transaction.execute_batch(&format!(
                "UPDATE plan SET slot = 'current', trial = 0 WHERE slot = 'before';
                 UPDATE facts SET value = coalesce(
                     (SELECT value FROM facts WHERE key = 'configuration-before'), {BASE})
                 WHERE key = 'configuration';
                 DELETE FROM facts WHERE key = 'configuration-before';
                 DELETE FROM changed WHERE base IN (SELECT version FROM plan WHERE slot = 'given-up');"
            ))
        })
    }

    /// The configuration that was given up, and why.
    pub(crate) fn given_up(&self) -> Result<Option<(u64, String)>, ShelfError> {
        self.read(|connection| {
            let select = "SELECT version, text FROM plan WHERE slot = 'given-up'";
            connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
    }

    /// The values that the centre has changed of the configuration that counts.
    pub(crate) fn changes(&self) -> Result<Vec<(String, String)>, ShelfError> {
        self.read(|connection| {
            let select = format!("SELECT key, value FROM changed WHERE base = {BASE} ORDER BY key");
            let mut select = connection.prepare(&select)?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// Keeps values that the centre has changed, all of them or nothing.
    pub(crate) fn change(
        &self,
        version: u64,
        changes: &[(String, String)],
    ) -> Result<(), ShelfError> {
        self.write(|transaction| {
            for (key, value) in changes {
                let put = format!("INSERT OR REPLACE INTO changed VALUES ({BASE}, ?1, ?2)");
                transaction.execute(&put, [key, value])?;
            }
            configuration(transaction, version)
        })
    }
}

fn configuration(transaction: &Transaction<'_>, version: u64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE facts SET value = ?1 WHERE key = 'configuration'", [version])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::WhenFull;

    fn texts(shelf: &Shelf) -> (Option<(String, Standing)>, u64, Option<u64>) {
        let taken = shelf.taken().unwrap().map(|taken| (taken.text, taken.standing));
        let given_up = shelf.given_up().unwrap().map(|(version, _)| version);
        (taken, shelf.facts().unwrap().2, given_up)
    }

    fn change(key: &str) -> Vec<(String, String)> {
        vec![(key.to_owned(), "1m".to_owned())]
    }

    #[test]
    fn a_configuration_that_proves_itself_stays_and_one_that_does_not_leaves_what_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        let open = || Shelf::open(&path, 10, WhenFull::Stop).unwrap();
        let shelf = open();
        shelf.change(3, &change("call-every")).unwrap();
        assert_eq!(texts(&shelf), (None, 3, None));
        assert_eq!(shelf.call_failed().unwrap(), Failure::Nothing);

        // The first one fails: the file counts again, with what was changed of it.
        shelf.take_plan(5, "five").unwrap();
        assert_eq!(texts(&shelf), (Some(("five".into(), Standing::Trial)), 5, None));
        assert_eq!(shelf.changes().unwrap(), []);
        assert_eq!(shelf.call_failed().unwrap(), Failure::Count(1));
        drop(shelf);
        let shelf = open();
        assert_eq!(shelf.call_failed().unwrap(), Failure::Count(2), "kept over a restart");
        shelf.give_up_plan("nobody answers").unwrap();
        assert_eq!(texts(&shelf), (None, 3, Some(5)));
        assert_eq!(shelf.changes().unwrap(), change("call-every"));

        // The second proves itself, the third doesn't.
        shelf.take_plan(6, "six").unwrap();
        assert_eq!(texts(&shelf), (Some(("six".into(), Standing::Trial)), 6, None));
        shelf.prove().unwrap();
        shelf.change(7, &change("meter.every")).unwrap();
        shelf.take_plan(8, "eight").unwrap();
        shelf.give_up_plan("nobody answers").unwrap();
        assert_eq!(texts(&shelf), (Some(("six".into(), Standing::Proved)), 7, Some(8)));
        assert_eq!(shelf.changes().unwrap(), change("meter.every"));
        // A call that succeeds afterwards proves nothing new.
        shelf.prove().unwrap();
        assert_eq!(shelf.changes().unwrap(), change("meter.every"));
    }

    #[test]
    fn one_that_comes_while_another_is_on_trial_falls_back_to_what_has_proved_itself() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("station.db"), 10, WhenFull::Stop).unwrap();
        shelf.take_plan(1, "one").unwrap();
        shelf.prove().unwrap();
        shelf.take_plan(2, "two").unwrap();
        shelf.take_plan(3, "three").unwrap();
        assert_eq!(texts(&shelf), (Some(("three".into(), Standing::Trial)), 3, None));
        shelf.give_up_plan("nobody answers").unwrap();
        assert_eq!(texts(&shelf), (Some(("one".into(), Standing::Proved)), 1, Some(3)));
    }
}
