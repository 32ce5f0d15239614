//! Thinning out old samples: their hours, which are summed up as samples come, stay; then nothing.

use std::collections::HashMap;
use std::time::SystemTime;

use rusqlite::{Connection, params};

use crate::limits;
use crate::time::to_millis;

pub(crate) const HOUR: i64 = 3_600_000;

/// The beginning of the hour in which a moment is.
pub(crate) const fn hour(at: i64) -> i64 {
    at - at.rem_euclid(HOUR)
}

/// The hours of samples that are about to be kept, each with its sums: one step for many samples of an hour.
#[derive(Debug, Default)]
pub(super) struct Hours(HashMap<(i64, i64), [f64; 4]>);

impl Hours {
    pub(super) fn add(&mut self, point: i64, at: i64, number: f64) {
        let [count, total, least, most] =
            self.0.entry((point, hour(at))).or_insert([0.0, 0.0, number, number]);
        (*count, *total) = (*count + 1.0, *total + number);
        (*least, *most) = (least.min(number), most.max(number));
    }

    pub(super) fn put(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut upsert = connection.prepare_cached(
            "INSERT INTO sample_hour (point, at, count, total, least, most)
             VALUES (?1, ?2, CAST(?3 AS INTEGER), ?4, ?5, ?6)
             ON CONFLICT (point, at) DO UPDATE SET count = count + excluded.count,
                total = total + excluded.total, least = min(least, excluded.least),
                most = max(most, excluded.most)",
        )?;
        for ((point, at), [count, total, least, most]) in self.0 {
            // A sum of the greatest numbers is none.
            let total = total.clamp(f64::MIN, f64::MAX);
            upsert.execute(params![point, at, count, total, least, most])?;
        }
        Ok(())
    }
}

/// Removes some of a point's samples that are older than `oldest`, whole hours of them, from the next point behind
/// `after` that has some. Says which point that was, if there was one.
pub(super) fn remove_samples(
    connection: &Connection,
    after: i64,
    oldest: SystemTime,
) -> rusqlite::Result<Option<i64>> {
    // Whole hours only.
    let before = hour(to_millis(oldest));
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT min(id) FROM point WHERE id > ?1
                AND EXISTS (SELECT 1 FROM sample WHERE point = point.id AND at < ?2)",
        )?
        .query_row([after, before], |row| row.get(0))?;
    let Some(point) = found else { return Ok(None) };
    // Up to the end of the hour in which the piece ends.
    let last: i64 = connection
        .prepare_cached(
            "SELECT max(at) FROM
                (SELECT at FROM sample WHERE point = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
        )?
        .query_row(params![point, before, limits::PRUNED_AT_ONCE], |row| row.get(0))?;
    connection
        .prepare_cached("DELETE FROM sample WHERE point = ?1 AND at < ?2")?
        .execute([point, hour(last) + HOUR])?;
    // The same point again while it has more.
    Ok(Some(point - 1))
}

/// Removes some hours that are older than `oldest`; says how many.
pub(super) fn remove_hours(connection: &Connection, oldest: SystemTime) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM sample_hour WHERE (point, at) IN (SELECT point.id, sample_hour.at
                FROM point JOIN sample_hour ON sample_hour.point = point.id AND sample_hour.at < ?1 LIMIT ?2)",
        )?
        .execute(params![to_millis(oldest), limits::PRUNED_AT_ONCE])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn hours_tell_what_the_samples_told() {
        let mut connection = Connection::open_in_memory().expect("opened");
        crate::schema::bring_up(&mut connection).expect("made");
        connection
            .execute_batch("INSERT INTO site (name) VALUES ('a'); INSERT INTO point (site, name) VALUES (1, 'p');")
            .expect("written");
        for half in [0..150_i64, 150..300] {
            let mut hours = Hours::default();
            for n in half {
                let (at, number) = (n * 60_000, n as f64);
                connection
                    .execute(
                        "INSERT INTO sample VALUES (1, ?1, 0, 0, ?2, NULL)",
                        params![at, number],
                    )
                    .expect("written");
                hours.add(1, at, number);
            }
            hours.put(&connection).expect("written");
        }
        // Three hours and a half: the half stays.
        let oldest = UNIX_EPOCH + Duration::from_secs(3 * 3600 + 1800);
        let mut after = 0;
        while let Some(point) = remove_samples(&connection, after, oldest).expect("removed") {
            after = point;
        }
        let number = |sql: &str| -> f64 {
            connection.query_row(sql, [], |row| row.get(0)).expect("a number")
        };
        assert_eq!(number("SELECT count(*) * 1.0 FROM sample") as i64, 120);
        assert_eq!(number("SELECT count(*) * 1.0 FROM sample_hour") as i64, 5);
        assert_eq!(number("SELECT sum(total) FROM sample_hour") as i64, (0..300).sum::<i64>());
        assert_eq!(number("SELECT most FROM sample_hour WHERE at = 3600000") as i64, 119);
        assert_eq!(number("SELECT least FROM sample_hour WHERE at = 3600000") as i64, 60);
        assert!(
            remove_hours(&connection, UNIX_EPOCH + Duration::from_secs(7200)).expect("done") == 2
        );
    }

    #[test]
    fn an_hour_before_1970_is_an_hour_like_others() {
        assert_eq!([hour(-1), hour(0), hour(HOUR + 1)], [-HOUR, 0, HOUR]);
    }
}
