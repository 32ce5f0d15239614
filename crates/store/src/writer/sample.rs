//! Samples of sites: none twice, none lost once acknowledged.

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::thin::Hours;
use crate::error::Refused;
use crate::sample::{SampleBatch, SampleValue, Stored};
use crate::time::to_millis;

/// Samples to be kept, and who waits for that.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) batch: SampleBatch,
    pub(crate) stored: oneshot::Sender<Result<Stored, Refused>>,
}

/// Keeps what is new of a batch.
pub(super) fn put(connection: &Connection, batch: &SampleBatch) -> rusqlite::Result<Stored> {
    let site = site(connection, &batch.site)?;
    let counted = !batch.source.is_empty();
    let before = if counted { upto(connection, site, &batch.source)? } else { None };
    let mut stored = Stored { upto: before.unwrap_or_default(), ..Stored::default() };
    let mut last = before;
    let mut hours = Hours::default();
    for sample in &batch.samples {
        if counted && last.is_some_and(|last| sample.seq <= last) {
            stored.known += 1;
            continue;
        }
        last = Some(sample.seq);
        let (number, words) = match &sample.value {
            SampleValue::Number(number) if number.is_finite() => (Some(*number), None),
            SampleValue::Text(text) => (None, Some(text.as_str())),
            SampleValue::Number(_) | SampleValue::None => (None, None),
        };
        let point = point(connection, site, &sample.point)?;
        let at = to_millis(sample.at);
        connection
            .prepare_cached(
                "INSERT INTO sample (point, at, n, quality, number, words) VALUES (?1, ?2,
                    (SELECT coalesce(max(n) + 1, 0) FROM sample WHERE point = ?1 AND at = ?2), ?3, ?4, ?5)",
            )?
            .execute(params![point, at, sample.quality, number, words.map(super::record::cut)])?;
        if let Some(number) = number {
            hours.add(point, at, number);
        }
        stored.fresh += 1;
    }
    hours.put(connection)?;
    if let Some(last) = last.filter(|_| counted) {
        stored.upto = last;
        connection
            .prepare_cached(
                "INSERT INTO source (site, name, upto) VALUES (?1, ?2, ?3)
                 ON CONFLICT (site, name) DO UPDATE SET upto = excluded.upto",
            )?
            .execute(params![site, batch.source, last.cast_signed()])?;
    }
    Ok(stored)
}

/// A site's row; made if it is new.
pub(crate) fn site(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let found = connection
        .prepare_cached("SELECT id FROM site WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO site (name) VALUES (?1)")?.insert([name])
}

fn point(connection: &Connection, site: i64, name: &str) -> rusqlite::Result<i64> {
    let found = connection
        .prepare_cached("SELECT id FROM point WHERE site = ?1 AND name = ?2")?
        .query_row(params![site, name], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO point (site, name) VALUES (?1, ?2)")?
        .insert(params![site, name])
}

/// Up to where a source's samples are kept.
fn upto(connection: &Connection, site: i64, source: &str) -> rusqlite::Result<Option<u64>> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT upto FROM source WHERE site = ?1 AND name = ?2")?
        .query_row(params![site, source], |row| row.get(0))
        .optional()?;
    Ok(found.map(i64::cast_unsigned))
}
