//! What was asked with a mark: begun before the unit is asked, and kept with its answer, so that it is carried out once
//! though it is asked again after a lost call or a restart.

use modbus::pdu::Pdu;
use rusqlite::{OptionalExtension as _, params};
use telemetry::Mark;

use super::{Shelf, ShelfError};
use crate::limits;

/// What is known of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Once {
    /// It was begun, and what came of it was never put down.
    Unknown,
    /// It was answered so.
    Answered(Pdu),
}

impl Shelf {
    /// What is known of what has this mark; nothing, if it was never begun.
    pub(crate) fn once(&self, mark: Mark) -> Result<Option<Once>, ShelfError> {
        self.read(|connection| {
            let find = "SELECT answer FROM once WHERE mark = ?1";
            let answer = |row: &rusqlite::Row<'_>| row.get::<_, Option<Vec<u8>>>(0);
            let known = connection.query_row(find, [mark.0.cast_signed()], answer).optional()?;
            let once = |answer: Option<Vec<u8>>| {
                let pdu = answer.and_then(|answer| Pdu::new(&answer).ok());
                pdu.map_or(Once::Unknown, Once::Answered)
            };
            Ok(known.map(once))
        })
    }

    /// Begins what has this mark, which nobody has begun: it is on disk when this returns. The oldest are forgotten.
    pub(crate) fn begin_once(&self, mark: Mark) -> Result<(), ShelfError> {
        self.write(|transaction| {
            let mark = mark.0.cast_signed();
            transaction.execute("INSERT INTO once (mark) VALUES (?1)", [mark])?;
            let forget = "DELETE FROM once WHERE id <= (SELECT max(id) FROM once) - ?1";
            transaction.execute(forget, [limits::ONCE]).map(drop)
        })
    }

    /// Keeps the answer to what has this mark.
    pub(crate) fn end_once(&self, mark: Mark, answer: &Pdu) -> Result<(), ShelfError> {
        self.write(|transaction| {
            let update = "UPDATE once SET answer = ?2 WHERE mark = ?1";
            transaction.execute(update, params![mark.0.cast_signed(), answer.bytes()]).map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::WhenFull;

    #[test]
    fn what_was_begun_is_known_over_restarts_and_is_never_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        let open = || Shelf::open(&path, 10, WhenFull::Stop).unwrap();
        let answer = Pdu::new(&[6, 0, 1, 0, 7]).unwrap();
        let (lost, done) = (Mark(u64::MAX), Mark(7));
        let shelf = open();
        for mark in [lost, done] {
            assert_eq!(shelf.once(mark).unwrap(), None);
            shelf.begin_once(mark).unwrap();
        }
        shelf.end_once(done, &answer).unwrap();
        drop(shelf);
        let shelf = open();
        for _ in 0..2 {
            assert_eq!(shelf.once(lost).unwrap(), Some(Once::Unknown));
            assert_eq!(shelf.once(done).unwrap(), Some(Once::Answered(answer.clone())));
            assert!(shelf.begin_once(done).is_err(), "a mark is begun once");
        }
    }

    #[test]
    fn a_centre_that_never_ends_asking_fills_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("a"), 10, WhenFull::Stop).unwrap();
        shelf.lock().connection.pragma_update(None, "synchronous", "off").unwrap();
        for mark in 0..limits::ONCE + 50 {
            shelf.begin_once(Mark(mark)).unwrap();
        }
        let count = |sql| shelf.read(|c| c.query_row(sql, [], |row| row.get::<_, u64>(0)));
        assert_eq!(count("SELECT count(*) FROM once").unwrap(), limits::ONCE);
        let latest = shelf.once(Mark(limits::ONCE)).unwrap();
        assert_eq!(latest, Some(Once::Unknown), "the latest stay");
    }
}
