//! Removing old records, a few at a time.

use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, params};

use super::thin;
use crate::limits;
use crate::settings::Settings;
use crate::time::to_millis;

/// What a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more to remove.
    More,
    /// Nothing is left to remove.
    Done,
}

/// Watches the clock: one that jumps must not empty the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pruning {
    looked: (Instant, SystemTime),
    even_since: Instant,
    /// The point behind which old samples are looked for.
    point: i64,
}

impl Pruning {
    pub(super) fn new(now: Instant, time: SystemTime) -> Self {
        Self { looked: (now, time), even_since: now, point: 0 }
    }

    /// Removes some of the records that are too many or too old.
    pub(super) fn step(
        &mut self,
        connection: &Connection,
        settings: &Settings,
        newest: i64,
        (now, time): (Instant, SystemTime),
    ) -> rusqlite::Result<Step> {
        let mut removed = 0;
        if let Some(most) = settings.most {
            let last = newest.saturating_sub_unsigned(most);
            removed += remove_up_to(connection, last)?;
        }
        let even = self.clock_is_even(now, time);
        if let Some(keep) = settings.keep
            && even
            && let Some(oldest) = time.checked_sub(keep)
        {
            removed += remove_before(connection, oldest)?;
        }
        if even && self.thin(connection, settings, time)? == Step::More {
            return Ok(Step::More);
        }
        let most = usize::try_from(limits::PRUNED_AT_ONCE).unwrap_or(usize::MAX);
        Ok(if removed >= most { Step::More } else { Step::Done })
    }

    /// Thins out some of the samples that are old.
    fn thin(
        &mut self,
        connection: &Connection,
        settings: &Settings,
        time: SystemTime,
    ) -> rusqlite::Result<Step> {
        if let Some(oldest) = settings.samples.and_then(|keep| time.checked_sub(keep)) {
            match thin::remove_samples(connection, self.point, oldest)? {
                Some(point) => {
                    self.point = point;
                    return Ok(Step::More);
                }
                None => self.point = 0,
            }
        }
        // Hours are at least kept as long as what they are the sums of.
        let keep = settings.hours.zip(settings.samples).map(|(hours, samples)| hours.max(samples));
        let oldest = keep.and_then(|keep| time.checked_sub(keep));
        let removed = match oldest {
            Some(oldest) => thin::remove_hours(connection, oldest)?,
            None => 0,
        };
        Ok(if removed > 0 { Step::More } else { Step::Done })
    }

    /// Whether the time of day has run evenly for long enough.
    fn clock_is_even(&mut self, now: Instant, time: SystemTime) -> bool {
        let (then, time_then) = self.looked;
        self.looked = (now, time);
        let expected = time_then.checked_add(now.saturating_duration_since(then)).unwrap_or(time);
        let apart = expected.duration_since(time).or_else(|_| time.duration_since(expected));
        if apart.unwrap_or(Duration::MAX) > limits::CLOCK_STEP {
            self.even_since = now;
        }
        now.saturating_duration_since(self.even_since) >= limits::CLOCK_CALM
    }
}

fn remove_up_to(connection: &Connection, last: i64) -> rusqlite::Result<usize> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM call WHERE id IN
            (SELECT id FROM call WHERE id <= ?1 AND ended_at IS NOT NULL ORDER BY id LIMIT ?2)",
    )?;
    delete.execute(params![last, limits::PRUNED_AT_ONCE])
}

fn remove_before(connection: &Connection, time: SystemTime) -> rusqlite::Result<usize> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM call WHERE id IN
            (SELECT id FROM call WHERE rang_at < ?1 AND ended_at IS NOT NULL LIMIT ?2)",
    )?;
    delete.execute(params![to_millis(time), limits::PRUNED_AT_ONCE])
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn calls(connection: &mut Connection, times: &[u64]) {
        crate::schema::bring_up(connection).expect("made");
        for hours in times {
            let time = to_millis(UNIX_EPOCH + HOUR * (*hours as u32));
            connection
                .execute(
                    "INSERT INTO call (number, place, direction, line, party, over, rang_at, ended_at)
                     VALUES ('', '', '', '', '', '', ?1, ?1)",
                    [time],
                )
                .expect("written");
        }
    }

    fn left(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM call", [], |row| row.get(0)).expect("counted")
    }

    fn hours(hours: u32) -> (Instant, SystemTime) {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        (*START + HOUR * hours, UNIX_EPOCH + HOUR * (1_000 + hours))
    }

    #[test]
    fn records_that_are_too_many_or_too_old_are_removed() {
        let mut connection = Connection::open_in_memory().expect("opened");
        calls(&mut connection, &[1, 900, 950, 990, 999]);
        let (now, time) = hours(0);
        let mut pruning = Pruning::new(now, time);
        let most = Settings { keep: None, most: Some(4), ..Settings::default() };
        assert_eq!(pruning.step(&connection, &most, 5, hours(1)).expect("done"), Step::Done);
        assert_eq!(left(&connection), 4);
        let keep = Settings { keep: Some(HOUR * 100), most: None, ..Settings::default() };
        pruning.step(&connection, &keep, 5, hours(2)).expect("done");
        assert_eq!(left(&connection), 3);
    }

    #[test]
    fn samples_that_are_too_old_leave_their_hours_and_room_that_is_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut connection = Connection::open(folder.path().join("a.db")).expect("opened");
        crate::schema::bring_up(&mut connection).expect("made");
        connection
            .execute_batch(
                "PRAGMA synchronous = off;
                 INSERT INTO site (name) VALUES ('a'); INSERT INTO point (site, name) VALUES (1, 'p');",
            )
            .expect("written");
        // A hundred samples an hour, as long as a text.
        let fill = |from: i64| {
            let until = from + 200;
            connection
                .execute_batch(&format!(
                    "WITH RECURSIVE n (i) AS (SELECT {from} * 100 UNION ALL SELECT i + 1 FROM n WHERE i < {until} * 100 - 1)
                     INSERT INTO sample SELECT 1, i * 36000, 0, 0, i, NULL FROM n;
                     INSERT INTO sample_hour SELECT point, at / 3600000 * 3600000, count(*), sum(number), min(number),
                        max(number) FROM sample WHERE at >= {from} * 3600000 GROUP BY 2"
                ))
                .expect("written");
        };
        let number = |sql: &str| -> i64 {
            connection.query_row(sql, [], |row| row.get(0)).expect("a number")
        };
        let pages = || number("SELECT page_count FROM pragma_page_count");
        let settings = Settings {
            keep: None,
            most: None,
            samples: Some(HOUR * 500),
            hours: Some(HOUR * 2_000),
            ..Settings::default()
        };
        fill(0);
        let full = pages();
        let (now, time) = hours(0);
        let mut pruning = Pruning::new(now, time);
        // It is the hour 1,002 then: what is from before 502 is drawn together.
        while pruning.step(&connection, &settings, 0, hours(2)).expect("done") == Step::More {}
        assert_eq!(number("SELECT count(*) FROM sample"), 0);
        assert_eq!(number("SELECT sum(count) FROM sample_hour"), 20_000);
        fill(600);
        // The hours are new; without the room of the samples it would be twice as many.
        assert!(pages() <= full + full / 4, "{} pages after {full}", pages());
        assert_eq!(number("SELECT count(*) FROM sample"), 20_000, "which are not too old");
        // And at the hour 2,700 the hours before 700 go.
        while pruning.step(&connection, &settings, 0, hours(1_700)).expect("done") == Step::More {}
        assert_eq!(number("SELECT min(at) / 3600000 FROM sample_hour"), 700);
        assert_eq!(number("SELECT count(*) FROM sample_hour"), 100);
    }

    #[test]
    fn a_clock_that_jumps_removes_nothing() {
        let mut connection = Connection::open_in_memory().expect("opened");
        calls(&mut connection, &[990, 999]);
        let (now, time) = hours(0);
        let mut pruning = Pruning::new(now, time);
        let keep = Settings { keep: Some(HOUR * 100), most: None, ..Settings::default() };
        // A year ahead, and back again before an hour is over.
        let (now, _) = hours(2);
        pruning.step(&connection, &keep, 2, (now, time + HOUR * 9_000)).expect("done");
        assert_eq!(left(&connection), 2);
        let (_, back) = hours(2);
        pruning.step(&connection, &keep, 2, (now, back)).expect("done");
        assert_eq!(left(&connection), 2);
    }

    #[test]
    fn calls_in_progress_stay_however_old_they_are() {
        let mut connection = Connection::open_in_memory().expect("opened");
        calls(&mut connection, &[1, 2]);
        connection.execute("UPDATE call SET ended_at = NULL WHERE id = 1", []).expect("written");
        let (now, time) = hours(0);
        let both = Settings { keep: Some(HOUR), most: Some(0), ..Settings::default() };
        Pruning::new(now, time).step(&connection, &both, 2, hours(2)).expect("done");
        assert_eq!(left(&connection), 1);
    }
}
