//! What a station keeps until the centre has it: a small SQLite file of its own.
//!
//! A sample counts once its transaction is on disk. Its number is given there, never twice: the last one is kept
//! apart from the samples, which go when they are acknowledged.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::Deserialize;
use telemetry::{Definition, PointId, Quality, Reason, Sample, Stamp, StoreId, Value};

use crate::alarm::Zone;

mod learned;
mod once;
mod plans;

pub(crate) use once::Once;
pub(crate) use plans::{Failure, Standing};

/// What happens when there is no room for another sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// The oldest one goes.
    #[default]
    DropOldest,
    /// New ones aren't kept.
    Stop,
}

/// Why something could not be kept, or read.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// SQLite, or the disk, says no.
    #[error("the store {}: {source}", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: rusqlite::Error,
    },
    /// As many as may be are there.
    #[error("the store is full: the centre has not taken {0} samples yet")]
    Full(u64),
    /// It is no store of a station, or of a later one.
    #[error("{} is no store that this version can read", .0.display())]
    Foreign(PathBuf),
}

/// A sample that has no number yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fresh {
    pub(crate) point: PointId,
    pub(crate) at_ms: i64,
    pub(crate) stamp: Stamp,
    pub(crate) reason: Reason,
    pub(crate) quality: Quality,
    pub(crate) value: Value,
    /// Where the point stands with it.
    pub(crate) zone: Option<Zone>,
}

/// The store. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    bound: u64,
    when_full: WhenFull,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    count: u64,
}

/// Marks our files among SQLite's: "TLst".
const APPLICATION: i32 = 0x544c_7374;
const VERSION: i32 = 3;

const SCHEMA: &str = "
CREATE TABLE facts (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE point (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL, unit INTEGER NOT NULL, point TEXT NOT NULL, measure TEXT NOT NULL,
    zone TEXT NOT NULL DEFAULT '',
    UNIQUE (device, unit, point, measure)
);
CREATE TABLE sample (
    seq INTEGER PRIMARY KEY,
    point INTEGER NOT NULL, at_ms INTEGER NOT NULL, unsure INTEGER NOT NULL,
    reason INTEGER NOT NULL, quality INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE INDEX alarm ON sample (seq) WHERE reason IN (1, 2, 4);
CREATE TABLE change (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO facts VALUES ('store', randomblob(16)), ('last', 0), ('dropped', 0), ('configuration', 0);
";

/// Whole configurations, and what was learned of devices.
const SECOND: &str = "
CREATE TABLE plan (
    slot TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL,
    trial INTEGER NOT NULL, calls INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE changed (
    base INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (base, key)
) WITHOUT ROWID;
INSERT INTO changed SELECT 0, key, value FROM change;
DROP TABLE change;
CREATE TABLE learned (
    device TEXT NOT NULL, before TEXT NOT NULL, behind TEXT NOT NULL, PRIMARY KEY (device, before, behind)
) WITHOUT ROWID;
";

/// What was asked with a mark, and its answer.
const THIRD: &str = "
CREATE TABLE once (id INTEGER PRIMARY KEY AUTOINCREMENT, mark INTEGER NOT NULL UNIQUE, answer BLOB);
";

impl Shelf {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path, bound: u64, when_full: WhenFull) -> Result<Self, ShelfError> {
        let failed = |source| ShelfError::Sqlite { path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(failed)?;
        // Another process would give the same numbers to other samples.
        let pragmas = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
        connection.busy_timeout(std::time::Duration::from_millis(500)).map_err(failed)?;
        connection.execute_batch(pragmas).map_err(failed)?;
        let pragma =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let (application, version) =
            (pragma("application_id").map_err(failed)?, pragma("user_version").map_err(failed)?);
        match (application, version) {
            (0, 0) => make(&mut connection, &[SCHEMA, SECOND, THIRD]).map_err(failed)?,
            (APPLICATION, 1) => make(&mut connection, &[SECOND, THIRD]).map_err(failed)?,
            (APPLICATION, 2) => make(&mut connection, &[THIRD]).map_err(failed)?,
            (APPLICATION, VERSION) => {}
            _ => return Err(ShelfError::Foreign(path.to_owned())),
        }
        let count = connection
            .query_row("SELECT count(*) FROM sample", [], |row| row.get(0))
            .map_err(failed)?;
        let open = Mutex::new(Open { connection, count });
        Ok(Self(Arc::new(Inner { path: path.to_owned(), bound, when_full, open })))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has SQLite do what no station does.
    #[cfg(test)]
    pub(crate) fn meddle(&self, sql: &str) {
        self.lock().connection.execute_batch(sql).unwrap();
    }

    /// Away from the tasks, since it waits for the disk.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, ShelfError> + Send + 'static,
    ) -> Result<T, ShelfError> {
        let shelf = self.clone();
        match tokio::task::spawn_blocking(move || act(&shelf)).await {
            Ok(done) => done,
            Err(_) => Err(self.failed(rusqlite::Error::InvalidQuery)),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> ShelfError {
        ShelfError::Sqlite { path: self.0.path.clone(), source }
    }

    fn read<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ShelfError> {
        act(&self.lock().connection).map_err(|error| self.failed(error))
    }

    /// All of it, or nothing: on disk when this returns.
    fn write<T>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, ShelfError> {
        let mut open = self.lock();
        let write = || {
            let transaction = open.connection.transaction()?;
            let done = act(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        write().map_err(|error| self.failed(error))
    }

    /// The number of a point, and where it stood last.
    pub(crate) fn point(&self, definition: &Definition) -> Result<(PointId, Zone), ShelfError> {
        let open = self.lock();
        let Definition { device, unit, point, measure } = definition;
        let insert =
            "INSERT OR IGNORE INTO point (device, unit, point, measure) VALUES (?1, ?2, ?3, ?4)";
        let find =
            "SELECT id, zone FROM point WHERE (device, unit, point, measure) = (?1, ?2, ?3, ?4)";
        let key = params![device, unit, point, measure];
        open.connection.execute(insert, key).map_err(|error| self.failed(error))?;
        let found = |row: &rusqlite::Row<'_>| {
            Ok((PointId(row.get(0)?), Zone::of(&row.get::<_, String>(1)?)))
        };
        open.connection.query_row(find, key, found).map_err(|error| self.failed(error))
    }

    /// Every point of which there are samples behind this number, and the last one's number.
    pub(crate) fn points(
        &self,
        behind: u64,
    ) -> Result<(Vec<(PointId, Definition)>, u64), ShelfError> {
        let open = self.lock();
        let read = || {
            // A year of samples may wait, and this is asked for each batch.
            let mut select = open.connection.prepare_cached(
                "SELECT id, device, unit, point, measure FROM point
                 WHERE id IN (SELECT point FROM sample WHERE seq > ?1) ORDER BY id",
            )?;
            let rows = select.query_map([behind], |row| {
                let definition = Definition {
                    device: row.get(1)?,
                    unit: row.get(2)?,
                    point: row.get(3)?,
                    measure: row.get(4)?,
                };
                Ok((PointId(row.get(0)?), definition))
            })?;
            let points = rows.collect::<Result<_, _>>()?;
            let last = "SELECT coalesce(max(seq), ?1) FROM sample";
            Ok((points, open.connection.query_row(last, [behind], |row| row.get(0))?))
        };
        read().map_err(|error| self.failed(error))
    }

    /// Who it is, the number of its last sample, and the version of its configuration.
    pub(crate) fn facts(&self) -> Result<(StoreId, u64, u64), ShelfError> {
        let open = self.lock();
        let fact = |key: &str| {
            open.connection
                .query_row("SELECT value FROM facts WHERE key = ?1", [key], |row| row.get(0))
        };
        let store = open
            .connection
            .query_row("SELECT value FROM facts WHERE key = 'store'", [], |row| {
                row.get::<_, [u8; 16]>(0)
            })
            .map_err(|error| self.failed(error))?;
        let last = fact("last").map_err(|error| self.failed(error))?;
        let configuration = fact("configuration").map_err(|error| self.failed(error))?;
        Ok((StoreId(store), last, configuration))
    }

    /// Keeps samples: on disk when this returns.
    #[cfg(test)]
    pub(crate) fn put(&self, samples: &[Fresh]) -> Result<(), ShelfError> {
        self.put_mended(samples.to_vec(), |_| {})
    }

    /// The same, once nobody else changes what is kept: their time may have become known since they were read.
    pub(crate) fn put_mended(
        &self,
        mut samples: Vec<Fresh>,
        mend: impl FnOnce(&mut [Fresh]),
    ) -> Result<(), ShelfError> {
        let mut open = self.lock();
        mend(&mut samples);
        let more = samples.len() as u64;
        let excess = (open.count + more).saturating_sub(self.0.bound);
        if excess > 0 && self.0.when_full == WhenFull::Stop {
            return Err(ShelfError::Full(open.count));
        }
        let Open { connection, count } = &mut *open;
        let keep = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let dropped = if excess > 0 { drop_oldest(&transaction, excess)? } else { 0 };
            insert(&transaction, &samples)?;
            transaction.commit()?;
            Ok(dropped)
        };
        let dropped = keep(connection).map_err(|error| self.failed(error))?;
        *count = (*count + more).saturating_sub(dropped);
        Ok(())
    }

    /// The samples behind this number, in order.
    pub(crate) fn after(&self, seq: u64, most: u32) -> Result<Vec<Sample>, ShelfError> {
        let open = self.lock();
        let read = || {
            let mut select = open.connection.prepare_cached(
                "SELECT seq, point, at_ms, unsure, reason, quality, value FROM sample WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let rows = select.query_map(params![seq, most], |row| {
                Ok(Sample {
                    seq: row.get(0)?,
                    point: PointId(row.get(1)?),
                    at_ms: row.get(2)?,
                    stamp: if row.get(3)? { Stamp::Unsure } else { Stamp::Sure },
                    reason: Reason::of(row.get(4)?).unwrap_or(Reason::Schedule),
                    quality: Quality::of(row.get(5)?),
                    value: Value::decode(&row.get::<_, Vec<u8>>(6)?).unwrap_or(Value::None),
                })
            })?;
            rows.collect::<Result<_, _>>()
        };
        read().map_err(|error| self.failed(error))
    }

    /// The time of samples behind this number whose time was uncertain is known now: it is off by so much.
    pub(crate) fn mend_times(&self, behind: u64, off_ms: i64) -> Result<(), ShelfError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE sample SET at_ms = at_ms + ?2, unsure = 0 WHERE seq > ?1 AND unsure = 1",
                params![behind, off_ms],
            )?;
            Ok(())
        })
    }

    /// The centre has everything up to this number.
    pub(crate) fn acknowledged(&self, through: u64) -> Result<(), ShelfError> {
        let mut open = self.lock();
        let gone = open
            .connection
            .execute("DELETE FROM sample WHERE seq <= ?1", [through])
            .map_err(|error| self.failed(error))?;
        open.count = open.count.saturating_sub(gone as u64);
        Ok(())
    }

    /// A centre knows later samples than there are: from now on it is another store.
    pub(crate) fn be_reborn(&self) -> Result<(), ShelfError> {
        let open = self.lock();
        let done = open
            .connection
            .execute("UPDATE facts SET value = randomblob(16) WHERE key = 'store'", []);
        done.map(drop).map_err(|error| self.failed(error))
    }

    /// Whether an alarm waits.
    pub(crate) fn has_alarm(&self) -> Result<bool, ShelfError> {
        let open = self.lock();
        let find = "SELECT EXISTS (SELECT 1 FROM sample WHERE reason IN (1, 2, 4))";
        open.connection.query_row(find, [], |row| row.get(0)).map_err(|error| self.failed(error))
    }

    /// The time of the last samples that wait.
    pub(crate) fn latest_ms(&self) -> Result<i64, ShelfError> {
        let open = self.lock();
        let latest = open
            .connection
            .query_row("SELECT coalesce(max(at_ms), 0) FROM (SELECT at_ms FROM sample ORDER BY seq DESC LIMIT 100)", [], |row| row.get(0));
        latest.map_err(|error| self.failed(error))
    }

    /// How many samples wait, and how many were dropped for want of room.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let open = self.lock();
        let dropped = open
            .connection
            .query_row("SELECT value FROM facts WHERE key = 'dropped'", [], |row| row.get(0))
            .optional();
        (open.count, dropped.ok().flatten().unwrap_or(0))
    }
}

fn make(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    steps.iter().try_for_each(|step| transaction.execute_batch(step))?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn drop_oldest(transaction: &Transaction<'_>, excess: u64) -> rusqlite::Result<u64> {
    let oldest = "DELETE FROM sample WHERE seq IN (SELECT seq FROM sample ORDER BY seq LIMIT ?1)";
    let dropped = transaction.execute(oldest, [excess])? as u64;
    transaction.execute("UPDATE facts SET value = value + ?1 WHERE key = 'dropped'", [dropped])?;
    Ok(dropped)
}

fn insert(transaction: &Transaction<'_>, samples: &[Fresh]) -> rusqlite::Result<()> {
    let mut last: u64 =
        transaction
            .query_row("SELECT value FROM facts WHERE key = 'last'", [], |row| row.get(0))?;
    let mut put =
        transaction.prepare_cached("INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let mut stand = transaction.prepare_cached("UPDATE point SET zone = ?2 WHERE id = ?1")?;
    for fresh in samples {
        last += 1;
        let mut value = Vec::new();
        fresh.value.encode(&mut value);
        let unsure = fresh.stamp == Stamp::Unsure;
        let (reason, quality) = (fresh.reason.code(), fresh.quality.code());
        put.execute(params![last, fresh.point.0, fresh.at_ms, unsure, reason, quality, value])?;
        if let Some(zone) = &fresh.zone {
            stand.execute(params![fresh.point.0, zone.text()])?;
        }
    }
    transaction.execute("UPDATE facts SET value = ?1 WHERE key = 'last'", [last])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(point: PointId, n: i64) -> Fresh {
        Fresh {
            point,
            at_ms: n,
            stamp: Stamp::Sure,
            reason: Reason::Schedule,
            quality: Quality::Good,
            value: Value::Signed(n),
            zone: None,
        }
    }

    fn shelf(path: &Path, bound: u64, when_full: WhenFull) -> (Shelf, PointId) {
        let shelf = Shelf::open(path, bound, when_full).unwrap();
        let definition = Definition {
            device: "pump".into(),
            unit: 1,
            point: "level".into(),
            measure: "m".into(),
        };
        let point = shelf.point(&definition).unwrap().0;
        assert_eq!(shelf.point(&definition).unwrap().0, point);
        (shelf, point)
    }

    fn numbers(shelf: &Shelf) -> Vec<u64> {
        shelf.after(0, 1000).unwrap().iter().map(|sample| sample.seq).collect()
    }

    #[test]
    fn a_number_is_never_given_twice_though_all_samples_went() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        let (first, point) = shelf(&path, 100, WhenFull::Stop);
        first.put(&[fresh(point, 1), fresh(point, 2)]).unwrap();
        first.acknowledged(2).unwrap();
        let (store, last, _) = first.facts().unwrap();
        assert_eq!(last, 2);
        drop(first);
        let (again, _) = shelf(&path, 100, WhenFull::Stop);
        again.put(&[fresh(point, 3)]).unwrap();
        assert_eq!(numbers(&again), [3]);
        assert_eq!(again.facts().unwrap().0, store);
        again.be_reborn().unwrap();
        assert_ne!(again.facts().unwrap().0, store);
    }

    #[test]
    fn a_full_store_drops_the_oldest_or_takes_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let (drops, point) = shelf(&folder.path().join("a"), 5, WhenFull::DropOldest);
        for n in 0..12 {
            drops.put(&[fresh(point, n), fresh(point, n)]).unwrap();
        }
        assert_eq!(numbers(&drops), [20, 21, 22, 23, 24]);
        assert_eq!(drops.counts(), (5, 19));

        let (stops, point) = shelf(&folder.path().join("b"), 3, WhenFull::Stop);
        stops.put(&[fresh(point, 0), fresh(point, 1)]).unwrap();
        assert!(matches!(stops.put(&[fresh(point, 2), fresh(point, 3)]), Err(ShelfError::Full(2))));
        assert_eq!(numbers(&stops), [1, 2]);
        stops.acknowledged(1).unwrap();
        stops.put(&[fresh(point, 2), fresh(point, 3)]).unwrap();
        assert_eq!(numbers(&stops), [2, 3, 4]);
    }

    #[test]
    fn a_full_disk_keeps_nothing_and_gives_no_number_until_there_is_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, point) = shelf(&folder.path().join("station.db"), 1_000_000, WhenFull::Stop);
        // Pages that SQLite may have: the same error as a disk without room.
        let pages = |count: u32| {
            let open = shelf.lock();
            open.connection.pragma_update(None, "max_page_count", count).unwrap();
        };
        pages(20);
        let batch: Vec<Fresh> = (0..100).map(|n| fresh(point, n)).collect();
        let kept = (0..100).take_while(|_| shelf.put(&batch).is_ok()).count() as u64;
        assert!((1..100).contains(&kept), "{kept}");
        assert!(matches!(shelf.put(&batch), Err(ShelfError::Sqlite { .. })));
        assert_eq!(shelf.facts().unwrap().1, kept * 100);
        pages(1000);
        shelf.put(&batch).unwrap();
        let last = shelf.after(kept * 100, 1000).unwrap();
        assert_eq!(last.first().unwrap().seq, kept * 100 + 1);
        assert_eq!(shelf.counts(), ((kept + 1) * 100, 0));
    }

    #[test]
    fn points_are_those_of_samples_that_wait_and_only_of_later_ones_where_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, level) = shelf(&folder.path().join("a"), 100, WhenFull::Stop);
        assert_eq!(shelf.points(0).unwrap(), (vec![], 0));
        let [device, point, measure] = ["pump", "flow", ""].map(str::to_owned);
        let flow = shelf.point(&Definition { device, unit: 1, point, measure }).unwrap().0;
        shelf.put(&[fresh(level, 1), fresh(level, 2), fresh(flow, 3)]).unwrap();
        let points = |behind| {
            let (points, last) = shelf.points(behind).unwrap();
            (points.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), last)
        };
        assert_eq!(points(0), (vec![level, flow], 3));
        assert_eq!(points(2), (vec![flow], 3));
        assert_eq!(points(3), (vec![], 3));
        shelf.acknowledged(3).unwrap();
        assert_eq!(points(3), (vec![], 3), "all are gone, and their numbers aren't given again");
    }

    #[test]
    fn times_that_were_uncertain_are_mended_once_the_time_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, point) = shelf(&folder.path().join("a"), 100, WhenFull::Stop);
        let unsure = |n| Fresh { stamp: Stamp::Unsure, ..fresh(point, n) };
        shelf.put(&[unsure(10), unsure(20), fresh(point, 30), unsure(40)]).unwrap();
        // The first is of an earlier life, when the clock was off by something else.
        shelf.mend_times(1, 1000).unwrap();
        let times: Vec<_> =
            shelf.after(0, 10).unwrap().iter().map(|sample| (sample.at_ms, sample.stamp)).collect();
        let (sure, unsure) = (Stamp::Sure, Stamp::Unsure);
        assert_eq!(times, [(10, unsure), (1020, sure), (30, sure), (1040, sure)]);
    }

    #[test]
    fn a_store_of_the_first_version_is_taken_over_with_all_that_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let mut old = Connection::open(&path).unwrap();
        make(&mut old, &[SCHEMA]).unwrap();
        old.execute_batch(
            "PRAGMA user_version = 1; INSERT INTO change VALUES ('call-every', '2h');
             INSERT INTO point (device, unit, point, measure) VALUES ('a', 1, 'b', '');
             INSERT INTO sample VALUES (7, 1, 5, 0, 0, 0, x'0101');",
        )
        .unwrap();
        drop(old);
        for _ in 0..2 {
            let shelf = Shelf::open(&path, 10, WhenFull::Stop).unwrap();
            assert_eq!(shelf.changes().unwrap(), [("call-every".to_owned(), "2h".to_owned())]);
            assert_eq!(numbers(&shelf), [7]);
        }
    }

    #[test]
    fn a_second_station_is_not_let_at_the_same_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        let _first = shelf(&path, 5, WhenFull::Stop);
        assert!(Shelf::open(&path, 5, WhenFull::Stop).is_err());
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA user_version = 7; CREATE TABLE mine (x)").unwrap();
        drop(other);
        assert!(matches!(Shelf::open(&path, 5, WhenFull::Stop), Err(ShelfError::Foreign(_))));
    }
}
