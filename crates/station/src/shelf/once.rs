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
    /// Nothing was: it is begun now, on disk.
    Begun,
    /// It was begun, and what came of it was never put down.
    Unknown,
    /// It was answered so.
    Answered(Pdu),
}

impl Shelf {
    /// Begins what has this mark, unless it was begun before. Of those with an answer the oldest are forgotten.
    pub(crate) fn begin_once(&self, mark: Mark) -> Result<Once, ShelfError> {
        let mark = mark.0.cast_signed();
        self.write(|transaction| {
            let find = "SELECT answer FROM once WHERE mark = ?1";
            let known: Option<Option<Vec<u8>>> =
                transaction.query_row(find, [mark], |row| row.get(0)).optional()?;
            if let Some(answer) = known {
                let pdu = answer.and_then(|answer| Pdu::new(&answer).ok());
                return Ok(pdu.map_or(Once::Unknown, Once::Answered));
            }
            transaction.execute("INSERT INTO once (mark) VALUES (?1)", [mark])?;
            transaction.execute(
                "DELETE FROM once WHERE id <= (SELECT max(id) FROM once) - ?1",
                [limits::ONCE],
            )?;
            Ok(Once::Begun)
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
        assert_eq!(shelf.begin_once(lost).unwrap(), Once::Begun);
        assert_eq!(shelf.begin_once(done).unwrap(), Once::Begun);
        shelf.end_once(done, &answer).unwrap();
        drop(shelf);
        let shelf = open();
        for _ in 0..2 {
            assert_eq!(shelf.begin_once(lost).unwrap(), Once::Unknown);
            assert_eq!(shelf.begin_once(done).unwrap(), Once::Answered(answer.clone()));
        }
    }

    #[test]
    fn a_centre_that_never_ends_asking_fills_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("a"), 10, WhenFull::Stop).unwrap();
        shelf.lock().connection.pragma_update(None, "synchronous", "off").unwrap();
        for mark in 0..limits::ONCE + 50 {
            assert_eq!(shelf.begin_once(Mark(mark)).unwrap(), Once::Begun);
        }
        let count = |sql| shelf.read(|c| c.query_row(sql, [], |row| row.get::<_, u64>(0)));
        assert_eq!(count("SELECT count(*) FROM once").unwrap(), limits::ONCE);
        assert_eq!(shelf.begin_once(Mark(limits::ONCE)).unwrap(), Once::Unknown, "the latest stay");
    }
}
