//! Thinning out old samples: their hours stay, then nothing.

use std::time::SystemTime;

use rusqlite::{Connection, params};

use crate::limits;
use crate::time::to_millis;

const HOUR: i64 = 3_600_000;

/// Draws some of a point's samples together that are older than `oldest`, hour by hour, from the next point behind
/// `after` that has some. Says which point that was, if there was one.
pub(super) fn draw_together(
    connection: &Connection,
    after: i64,
    oldest: SystemTime,
) -> rusqlite::Result<Option<i64>> {
    // Whole hours only.
    let before = to_millis(oldest) / HOUR * HOUR;
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT min(id) FROM point WHERE id > ?1
                AND EXISTS (SELECT 1 FROM sample WHERE point = point.id AND at < ?2)",
        )?
        .query_row([after, before], |row| row.get(0))?;
    let Some(point) = found else { return Ok(None) };
    let piece = connection.unchecked_transaction()?;
    // Up to the end of the hour in which the piece ends.
    let last: i64 = piece
        .prepare_cached(
            "SELECT max(at) FROM
                (SELECT at FROM sample WHERE point = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
        )?
        .query_row(params![point, before, limits::PRUNED_AT_ONCE], |row| row.get(0))?;
    let end = (last / HOUR + 1) * HOUR;
    piece
        .prepare_cached(
            "INSERT INTO sample_hour (point, at, count, total, least, most)
             SELECT point, at / 3600000 * 3600000, count(*), sum(number), min(number), max(number)
             FROM sample WHERE point = ?1 AND at < ?2 AND number IS NOT NULL GROUP BY 2
             ON CONFLICT (point, at) DO UPDATE SET count = count + excluded.count,
                total = total + excluded.total, least = min(least, excluded.least),
                most = max(most, excluded.most)",
        )?
        .execute([point, end])?;
    piece
        .prepare_cached("DELETE FROM sample WHERE point = ?1 AND at < ?2")?
        .execute([point, end])?;
    piece.commit()?;
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
        for n in 0..5 * 60_i64 {
            connection
                .execute(
                    "INSERT INTO sample VALUES (1, ?1, 0, 0, ?2, NULL)",
                    params![n * 60_000, n as f64],
                )
                .expect("written");
        }
        // Three hours and a half: the half stays.
        let oldest = UNIX_EPOCH + Duration::from_secs(3 * 3600 + 1800);
        let mut after = 0;
        while let Some(point) = draw_together(&connection, after, oldest).expect("drawn") {
            after = point;
        }
        let number = |sql: &str| -> f64 {
            connection.query_row(sql, [], |row| row.get(0)).expect("a number")
        };
        assert_eq!(number("SELECT count(*) * 1.0 FROM sample") as i64, 120);
        assert_eq!(number("SELECT count(*) * 1.0 FROM sample_hour") as i64, 3);
        assert_eq!(number("SELECT sum(total) FROM sample_hour") as i64, (0..180).sum::<i64>());
        assert_eq!(number("SELECT most FROM sample_hour WHERE at = 3600000") as i64, 119);
        assert!(
            remove_hours(&connection, UNIX_EPOCH + Duration::from_secs(7200)).expect("done") == 2
        );
    }
}
