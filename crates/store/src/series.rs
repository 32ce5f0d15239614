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
/// The rows are read in their order and drawn together one by one: a million of them take no memory, and no more time
/// than reading them takes.
pub(crate) fn series(
    path: &Path,
    (site, point): (&str, &str),
    (from, until): (SystemTime, SystemTime),
    buckets: u32,
) -> Result<Vec<Bucket>, StoreError> {
    let connection = connection::reading(path)?;
    let Some(point) = find(&connection, site, point)? else { return Ok(Vec::new()) };
    let (from, until) = (to_millis(from), to_millis(until));
    let buckets = i64::from(buckets.clamp(1, limits::BUCKETS));
    let width = ((until.saturating_sub(from)).saturating_add(buckets) / buckets).max(1);
    let mut drawn: Vec<(i64, Sum)> = Vec::new();
    let mut add = |at: i64, sum: Sum| {
        let place = at.saturating_sub(from) / width;
        match drawn.last_mut() {
            Some((last, whole)) if *last == place => whole.add(&sum),
            _ => drawn.push((place, sum)),
        }
    };
    // What is thinned out is older than what isn't.
    let mut hours = connection.prepare(
        "SELECT at, count, total, least, most FROM sample_hour
         WHERE point = ?1 AND at BETWEEN ?2 AND ?3 ORDER BY at",
    )?;
    let mut rows = hours.query(params![point, from, until])?;
    while let Some(row) = rows.next()? {
        let at = row.get(0)?;
        let (count, total) = (row.get(1)?, row.get(2)?);
        add(at, Sum { at, count, total, least: row.get(3)?, most: row.get(4)? });
    }
    let mut samples = connection.prepare(
        "SELECT at, number FROM sample
         WHERE point = ?1 AND at BETWEEN ?2 AND ?3 AND number IS NOT NULL ORDER BY at, n",
    )?;
    let mut rows = samples.query(params![point, from, until])?;
    while let Some(row) = rows.next()? {
        let (at, number) = (row.get(0)?, row.get(1)?);
        add(at, Sum { at, count: 1, total: number, least: number, most: number });
    }
    Ok(drawn.into_iter().map(|(_, sum)| sum.bucket()).collect())
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
            mean,
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
