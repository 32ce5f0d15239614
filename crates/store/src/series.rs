//! What is kept of a site's points: the latest, all of it, and as much as a picture shows.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::connection;
use crate::error::StoreError;
use crate::limits;
use crate::sample::{Bucket, KeptSample, SampleValue};
use crate::time::{from_millis, to_millis};
use crate::writer::{HOUR, hour};

/// Up to where a source's samples are kept; zero where none is.
pub(crate) fn upto(path: &Path, site: &str, source: &str) -> Result<u64, StoreError> {
    let connection = connection::reading(path)?;
    let found: Option<i64> = connection
        .query_row(
            "SELECT upto FROM source JOIN site ON site.id = source.site
             WHERE site.name = ?1 AND source.name = ?2",
            [site, source],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.map(i64::cast_unsigned).unwrap_or_default())
}

/// The latest sample of each point of a site.
pub(crate) fn latest(path: &Path, site: &str) -> Result<Vec<KeptSample>, StoreError> {
    let connection = connection::reading(path)?;
    let mut query = connection.prepare(
        "SELECT point.id, point.name FROM point JOIN site ON site.id = point.site
         WHERE site.name = ?1 ORDER BY point.name",
    )?;
    let points: Vec<(i64, String)> =
        query.query_map([site], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut newest = connection.prepare(
        "SELECT at, quality, number, words, n FROM sample WHERE point = ?1 ORDER BY at DESC, n DESC LIMIT 1",
    )?;
    let mut found = Vec::new();
    for (id, name) in points {
        found.extend(newest.query_row([id], |row| sample(name, row)).optional()?);
    }
    Ok(found)
}

/// A point over a time, in at most `buckets` pieces of equal length; those without a number are left out.
///
/// Where a piece is an hour or longer, the hours' sums are drawn together, and the samples only at both ends: years are
/// some thousand rows. Rows come in their order and are drawn together one by one, so that a million of them take no
/// memory, and no more time than reading them takes.
pub(crate) fn series(
    path: &Path,
    (site, point): (&str, &str),
    (from, until): (SystemTime, SystemTime),
    buckets: u32,
) -> Result<Vec<Bucket>, StoreError> {
    let connection = connection::reading(path)?;
    // One state of the file for all that is read of it.
    let connection = connection.unchecked_transaction()?;
    let Some(point) = find(&connection, site, point)? else { return Ok(Vec::new()) };
    let (from, until) = (to_millis(from), to_millis(until));
    let buckets = i64::from(buckets.clamp(1, limits::BUCKETS));
    let width = ((until.saturating_sub(from)).saturating_add(buckets) / buckets).max(1);
    let first = hour(from.saturating_add(HOUR - 1));
    let last = hour(until);
    // Where an hour has thousands of samples a picture of some hundred hours is drawn of hours, too.
    let width = match last.saturating_sub(first) >= limits::COARSE * HOUR
        && sum_of_hours(&connection, point, (first, last))? > limits::DRAWN
    {
        true => width.max(HOUR),
        false => width,
    };
    let mut drawing = Drawing { from, width, drawn: Vec::new() };
    if width < HOUR || first >= last {
        // Of what is thinned out there are only the hours.
        let oldest = oldest(&connection, point)?.unwrap_or(i64::MAX).clamp(from, until);
        drawing.hours(&connection, point, (from, hour(oldest) - 1))?;
        drawing.samples(&connection, point, (from, until))?;
    } else {
        drawing.samples(&connection, point, (from, first - 1))?;
        drawing.hours(&connection, point, (first, last - 1))?;
        drawing.samples(&connection, point, (last, until))?;
    }
    Ok(drawing.drawn.into_iter().map(|(_, sum)| sum.bucket()).collect())
}

/// How many numbers some hours have.
fn sum_of_hours(
    connection: &Connection,
    point: i64,
    (first, last): (i64, i64),
) -> rusqlite::Result<i64> {
    let sum =
        "SELECT coalesce(sum(count), 0) FROM sample_hour WHERE point = ?1 AND at BETWEEN ?2 AND ?3";
    connection.query_row(sum, [point, first, last], |row| row.get(0))
}

/// The moment of the oldest sample that isn't thinned out.
fn oldest(connection: &Connection, point: i64) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT min(at) FROM sample WHERE point = ?1", [point], |row| row.get(0))
}

/// Pieces that are being drawn together, in the order of their times.
struct Drawing {
    from: i64,
    width: i64,
    drawn: Vec<(i64, Sum)>,
}

impl Drawing {
    fn hours(
        &mut self,
        connection: &Connection,
        point: i64,
        (from, until): (i64, i64),
    ) -> rusqlite::Result<()> {
        let mut query = connection.prepare(
            "SELECT at, count, total, least, most FROM sample_hour
             WHERE point = ?1 AND at BETWEEN ?2 AND ?3 ORDER BY at",
        )?;
        let mut rows = query.query([point, from, until])?;
        while let Some(row) = rows.next()? {
            let at = row.get(0)?;
            let (count, total) = (row.get(1)?, row.get(2)?);
            self.add(Sum { at, count, total, least: row.get(3)?, most: row.get(4)? });
        }
        Ok(())
    }

    fn samples(
        &mut self,
        connection: &Connection,
        point: i64,
        (from, until): (i64, i64),
    ) -> rusqlite::Result<()> {
        let mut query = connection.prepare(
            "SELECT at, number FROM sample
             WHERE point = ?1 AND at BETWEEN ?2 AND ?3 AND number IS NOT NULL ORDER BY at, n",
        )?;
        let mut rows = query.query([point, from, until])?;
        while let Some(row) = rows.next()? {
            let (at, number) = (row.get(0)?, row.get(1)?);
            self.add(Sum { at, count: 1, total: number, least: number, most: number });
        }
        Ok(())
    }

    fn add(&mut self, sum: Sum) {
        let place = sum.at.saturating_sub(self.from) / self.width;
        match self.drawn.last_mut() {
            Some((last, whole)) if *last == place => whole.add(&sum),
            _ => self.drawn.push((place, sum)),
        }
    }
}

#[derive(Clone, Copy)]
struct Sum {
    at: i64,
    count: i64,
    total: f64,
    least: f64,
    most: f64,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    fn bucket(self) -> Bucket {
        #[allow(clippy::cast_precision_loss, reason = "no point has 2^53 samples")]
        let mean = self.total / self.count.max(1) as f64;
        Bucket {
            at: from_millis(self.at),
            count: self.count.cast_unsigned(),
            // A sum of the greatest numbers is none.
            mean: mean.max(self.least).min(self.most),
            least: self.least,
            most: self.most,
        }
    }
}

fn find(connection: &Connection, site: &str, point: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row(
            "SELECT point.id FROM point JOIN site ON site.id = point.site
             WHERE site.name = ?1 AND point.name = ?2",
            [site, point],
            |row| row.get(0),
        )
        .optional()
}

fn sample(point: String, row: &Row<'_>) -> rusqlite::Result<KeptSample> {
    let number: Option<f64> = row.get(2)?;
    let words: Option<String> = row.get(3)?;
    Ok(KeptSample {
        point,
        at: from_millis(row.get(0)?),
        quality: row.get(1)?,
        value: match (number, words) {
            (Some(number), _) => SampleValue::Number(number),
            (None, Some(words)) => SampleValue::Text(words),
            (None, None) => SampleValue::None,
        },
    })
}

/// How many samples of a point there are over a time.
pub(crate) fn count(
    path: &Path,
    (site, point): (&str, &str),
    (from, until): (SystemTime, SystemTime),
) -> Result<u64, StoreError> {
    let connection = connection::reading(path)?;
    let Some(point) = find(&connection, site, point)? else { return Ok(0) };
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM sample WHERE point = ?1 AND at BETWEEN ?2 AND ?3",
        [point, to_millis(from), to_millis(until)],
        |row| row.get(0),
    )?;
    Ok(count.cast_unsigned())
}

/// Samples of a point, the oldest first, read bit by bit.
#[derive(Debug)]
pub struct Samples {
    path: PathBuf,
    point: Option<i64>,
    name: String,
    /// The place behind the last one that was read.
    next: (i64, i64),
    until: i64,
    page: VecDeque<KeptSample>,
}

impl Samples {
    pub(crate) fn open(
        path: &Path,
        (site, point): (&str, &str),
        (from, until): (SystemTime, SystemTime),
    ) -> Result<Self, StoreError> {
        let found = find(&connection::reading(path)?, site, point)?;
        Ok(Self {
            path: path.to_owned(),
            point: found,
            name: point.to_owned(),
            next: (to_millis(from), 0),
            until: to_millis(until),
            page: VecDeque::new(),
        })
    }

    /// The file is let go of after each page, so that whoever reads slowly doesn't keep the journal from being cut back.
    fn turn(&mut self) -> Result<(), StoreError> {
        let Some(point) = self.point else { return Ok(()) };
        let connection = connection::reading(&self.path)?;
        let mut query = connection.prepare(
            "SELECT at, quality, number, words, n FROM sample
             WHERE point = ?1 AND (at, n) >= (?2, ?3) AND at <= ?4 ORDER BY at, n LIMIT ?5",
        )?;
        let (at, n) = self.next;
        let mut rows =
            query.query(params![point, at, n, self.until, limits::SAMPLES_PAGE as i64])?;
        while let Some(row) = rows.next()? {
            self.next = (row.get(0)?, row.get::<_, i64>(4)? + 1);
            self.page.push_back(sample(self.name.clone(), row)?);
        }
        if self.page.len() < limits::SAMPLES_PAGE {
            self.point = None;
        }
        Ok(())
    }
}

impl Iterator for Samples {
    type Item = Result<KeptSample, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && let Err(error) = self.turn()
        {
            self.point = None;
            return Some(Err(error));
        }
        self.page.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::{Settings, Store};

    const BEGAN: i64 = 1_500_000_000_000;
    const SAMPLES: i64 = 1_000_000;
    /// One every two minutes: nearly four years.
    const EVERY: i64 = 120_000;

    fn millions() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trunkline.db");
        drop(Store::open(&path, &Settings::default()).expect("made"));
        let connection = Connection::open(&path).expect("opened");
        connection
            .execute_batch(&format!(
                "PRAGMA synchronous = off;
                 INSERT INTO site (name) VALUES ('a'); INSERT INTO point (site, name) VALUES (1, 'p');
                 WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {SAMPLES})
                 INSERT INTO sample SELECT 1, {BEGAN} + i * {EVERY}, 0, 0,
                    CASE i WHEN 567890 THEN 1e6 WHEN 567891 THEN -1e6 ELSE i % 97 END, NULL FROM n;
                 INSERT INTO point (site, name) VALUES (1, 'fast');
                 INSERT INTO sample SELECT 2, {BEGAN} + (at - {BEGAN}) / 60, 0, 0, number, NULL FROM sample
                    WHERE at < {BEGAN} + 300000 * {EVERY};
                 INSERT INTO sample_hour SELECT point, at / 3600000 * 3600000, count(*), sum(number), min(number),
                    max(number) FROM sample GROUP BY 1, 2;"
            ))
            .expect("written");
        folder
    }

    fn time(sample: i64) -> SystemTime {
        let millis = u64::try_from(BEGAN + sample * EVERY).expect("after 1970");
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn a_million_samples_come_as_a_few_hundred_pieces_with_every_spike_also_when_they_are_thinned_out()
     {
        let folder = millions();
        let path = folder.path().join("trunkline.db");
        let draw = |from: i64, until: i64, buckets: u32| {
            series(&path, ("a", "p"), (time(from), time(until)), buckets).expect("drawn")
        };
        let all = draw(0, SAMPLES, 400);
        assert!((390..=401).contains(&all.len()), "{}", all.len());
        assert_eq!(all.iter().map(|bucket| bucket.count).sum::<u64>(), SAMPLES as u64);
        let spikes = |drawn: &[Bucket]| {
            let most = drawn.iter().map(|bucket| bucket.most).fold(f64::MIN, f64::max);
            let least = drawn.iter().map(|bucket| bucket.least).fold(f64::MAX, f64::min);
            (least as i64, most as i64)
        };
        assert_eq!(spikes(&all), (-1_000_000, 1_000_000));
        // Parts of it, in pieces of months down to minutes, that begin and end anywhere.
        for (from, until, buckets) in [
            (567_000, 568_000, 400),
            (567_890, 567_892, 400),
            (500_007, 600_003, 100),
            (567_889, 567_931, 1),
            (567_895, 567_940, 2),
            (1, 999_999, 4_000),
        ] {
            let drawn = draw(from, until, buckets);
            assert!(drawn.len() <= buckets as usize + 1);
            assert!(drawn.windows(2).all(|pair| pair[0].at < pair[1].at), "in order");
            let count: u64 = drawn.iter().map(|bucket| bucket.count).sum();
            assert_eq!(count, (until - from + 1) as u64, "{from} to {until}");
            let seen = (from..=until).contains(&567_890);
            assert_eq!(spikes(&drawn).1 == 1_000_000, seen, "{from} to {until}");
        }

        // Every two seconds for a week: too much to be read one by one for a picture of it.
        let week = (time(0), time(300_000 / 60));
        let fast = series(&path, ("a", "fast"), week, 400).expect("drawn");
        assert!((166..=168).contains(&fast.len()), "{}", fast.len());
        assert_eq!(fast.iter().map(|bucket| bucket.count).sum::<u64>(), 300_000);
        // What is thinned out stays in the picture, at any width.
        let connection = Connection::open(&path).expect("opened");
        let old = hour(BEGAN + 600_000 * EVERY);
        connection.execute("DELETE FROM sample WHERE at < ?1", [old]).expect("thinned");
        for (from, until) in [(0, SAMPLES), (599_000, 601_000), (599_000, 600_040)] {
            let drawn = draw(from, until, 400);
            let count: u64 = drawn.iter().map(|bucket| bucket.count).sum();
            // Of the first hour it is all or nothing: thirty samples.
            let wanted = (until - from + 1).min(SAMPLES - from) as u64;
            assert!((wanted - 30..=wanted).contains(&count), "{from} to {until}: {count}");
        }
    }
}
