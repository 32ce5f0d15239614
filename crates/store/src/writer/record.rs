//! Call records as they are written.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use crate::limits;
use crate::meter::Reading;
use crate::queue::{Begin, Change};
use crate::tally::Sum;
use crate::time::{span_to_millis, to_millis};

/// A code and words for what nobody could write an end for.
pub(crate) const CUT_OFF: (&str, &str) = ("crash", "cut off by a crash or power loss");

pub(super) fn begin(connection: &Connection, begin: &Begin) -> rusqlite::Result<()> {
    let call = &begin.call;
    let mut insert = connection.prepare_cached(
        "INSERT INTO call (id, number, place, direction, line, party, over, rang_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        begin.row,
        cut(&call.number),
        call.place.word(),
        call.direction.word(),
        cut(&call.line),
        cut(&call.party),
        cut(&call.over),
        to_millis(call.rang),
    ])?;
    Ok(())
}

pub(super) fn change(connection: &Connection, row: i64, change: &Change) -> rusqlite::Result<()> {
    let Some(end) = &change.end else {
        let mut update = connection.prepare_cached(
            "UPDATE call SET account = coalesce(:account, account),
                login_at = coalesce(:login, login_at), started_at = coalesce(:started, started_at),
                over = coalesce(:over, over), reached = coalesce(:reached, reached)
             WHERE id = :row",
        )?;
        update.execute(named_params! {
            ":row": row,
            ":account": change.account.as_deref().map(cut),
            ":login": change.login,
            ":started": change.started,
            ":over": change.over.as_deref().map(cut),
            ":reached": change.reached.as_deref().map(cut),
        })?;
        return Ok(());
    };
    let mut update = connection.prepare_cached(
        "UPDATE call SET account = coalesce(:account, account),
            login_at = coalesce(:login, login_at), started_at = coalesce(:started, started_at),
            over = coalesce(:over, over), reached = coalesce(:reached, reached),
            ended_at = :ended, lasted = :lasted, received = :received, sent = :sent,
            cause = :cause, words = :words, status = :status, round_trip_us = :round_trip
         WHERE id = :row",
    )?;
    let status = (!end.status.is_empty()).then(|| cut(&end.status));
    update.execute(named_params! {
        ":row": row,
        ":account": change.account.as_deref().or(end.account.as_deref()).map(cut),
        ":login": change.login,
        ":started": change.started,
        ":over": change.over.as_deref().map(cut),
        ":reached": change.reached.as_deref().map(cut),
        ":ended": to_millis(end.ended),
        ":lasted": span_to_millis(end.lasted),
        ":received": count(end.received),
        ":sent": count(end.sent),
        ":cause": cut(&end.cause),
        ":words": cut(&end.words),
        ":status": status,
        ":round_trip": end.round_trip.map(|span| count(span.as_micros().try_into().unwrap_or(u64::MAX))),
    })?;
    Ok(())
}

/// What a call in progress has carried so far.
pub(super) fn note(connection: &Connection, row: i64, reading: Reading) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE call SET received = ?2, sent = ?3, lasted = ?4 WHERE id = ?1 AND ended_at IS NULL",
    )?;
    let lasted = span_to_millis(reading.lasted);
    update.execute(params![row, count(reading.received), count(reading.sent), lasted])?;
    Ok(())
}

/// Callers who were turned away.
pub(super) fn sum(connection: &Connection, sum: &Sum) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO call (id, number, place, direction, line, party, over, rang_at, ended_at,
            lasted, cause, words, count)
         VALUES (?1, '', ?2, 'in', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE
         SET ended_at = excluded.ended_at, lasted = excluded.lasted, count = excluded.count",
    )?;
    let caller = &sum.caller;
    upsert.execute(params![
        sum.row,
        caller.place.word(),
        cut(&caller.line),
        cut(&caller.from),
        cut(&caller.over),
        to_millis(sum.first),
        to_millis(sum.last),
        span_to_millis(sum.lasted),
        cut(&caller.cause),
        cut(&caller.words),
        count(sum.count),
    ])?;
    Ok(())
}

/// The time of day at which the instance certainly ran.
pub(super) fn alive(connection: &Connection, now: SystemTime) -> rusqlite::Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE fact SET value = ?1 WHERE name = 'alive_at'")?;
    update.execute([to_millis(now)])?;
    Ok(())
}

/// Whether there is room for more records: fails if there isn't, and leaves nothing behind.
pub(super) fn probe(connection: &Connection) -> rusqlite::Result<()> {
    // Some pages more than there are, so that it doesn't just fit where something was removed.
    connection.execute_batch(
        "CREATE TABLE probe (text TEXT NOT NULL);
         INSERT INTO probe VALUES (hex(zeroblob(65536)));
         DROP TABLE probe;",
    )
}

/// Ends the records that are still open: whoever kept them is gone. Says how many there were.
pub(crate) fn end_what_was_cut_off(connection: &mut Connection) -> rusqlite::Result<usize> {
    let (cause, words) = CUT_OFF;
    // It has lasted until we last know that the instance was there, or as long as was noted, whichever
    // is longer: the time of day may have been set back meanwhile.
    connection.execute(
        "UPDATE call SET cause = ?1, words = ?2,
            ended_at = max(rang_at, (SELECT value FROM fact WHERE name = 'alive_at')),
            lasted = max(lasted, (SELECT value FROM fact WHERE name = 'alive_at') - rang_at)
         WHERE ended_at IS NULL",
        [cause, words],
    )
}

/// The place of the next call: places are never used again.
pub(crate) fn next_row(connection: &Connection) -> rusqlite::Result<i64> {
    let last: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'call'", [], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0).saturating_add(1))
}

pub(super) fn cut(text: &str) -> &str {
    text.char_indices().nth(limits::TEXT).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// SQLite's numbers have a sign.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
