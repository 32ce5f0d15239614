//! Lists of calls, read bit by bit: a store may have millions.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Row, named_params};

use crate::call::{CallRow, Direction, Place};
use crate::connection;
use crate::error::StoreError;
use crate::limits;
use crate::lock;
use crate::time::{from_millis, span_from_millis, to_millis};
use crate::writer::CUT_OFF;

/// Which calls are wanted; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this account.
    pub account: Option<String>,
    /// On this line, or at this listener.
    pub line: Option<String>,
    /// With this in the text that says who called or was called.
    pub party: Option<String>,
    /// That rang no earlier.
    pub since: Option<SystemTime>,
    /// That rang no later.
    pub until: Option<SystemTime>,
    /// That ended for this reason, by its code.
    pub cause: Option<String>,
    /// In this direction.
    pub direction: Option<Direction>,
    /// That came to this.
    pub outcome: Outcome,
    /// Before this one (its `row`), for the next page of a list.
    pub before: Option<i64>,
    /// No more than so many.
    pub limit: Option<u64>,
}

/// What a call came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Whatever it was.
    #[default]
    Any,
    /// Nothing yet: it is in progress, or its instance was killed and hasn't run since.
    InProgress,
    /// It is over.
    Ended,
    /// It is over, and was never connected: nobody answered, the login failed, the caller was turned
    /// away.
    Failed,
}

/// Calls, the latest first.
#[derive(Debug)]
pub struct Calls {
    path: PathBuf,
    filter: Filter,
    left: u64,
    page: VecDeque<CallRow>,
    last_page: bool,
    /// No instance runs with the store, so nothing is in progress.
    cut_off: bool,
}

impl Calls {
    pub(crate) fn open(path: &Path, filter: Filter) -> Result<Self, StoreError> {
        let left = filter.limit.unwrap_or(u64::MAX);
        let mut calls = Self {
            path: path.to_owned(),
            filter,
            left,
            page: VecDeque::new(),
            last_page: left == 0,
            cut_off: !lock::is_held(path),
        };
        calls.turn()?;
        Ok(calls)
    }

    /// Reads the next page, where there is one. The file is let go of afterwards, so that whoever reads
    /// slowly doesn't keep the journal from being cut back.
    fn turn(&mut self) -> Result<(), StoreError> {
        if self.last_page {
            return Ok(());
        }
        let connection = connection::reading(&self.path)?;
        let wanted = usize::try_from(self.left).unwrap_or(limits::PAGE).min(limits::PAGE);
        self.page = page(&connection, &self.filter, wanted)?;
        self.left -= self.page.len() as u64;
        self.last_page = self.page.len() < wanted || self.left == 0;
        self.filter.before = self.page.back().map(|call| call.row);
        Ok(())
    }
}

impl Iterator for Calls {
    type Item = Result<CallRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && let Err(error) = self.turn()
        {
            self.last_page = true;
            return Some(Err(error));
        }
        let mut call = self.page.pop_front()?;
        if self.cut_off && call.ended.is_none() {
            let (cause, words) = CUT_OFF;
            (call.cause, call.words) = (Some(cause.into()), Some(words.into()));
        }
        Some(Ok(call))
    }
}

fn page(
    connection: &Connection,
    filter: &Filter,
    wanted: usize,
) -> rusqlite::Result<VecDeque<CallRow>> {
    // The first condition on the time finds where to begin, by its index; records are in the order of
    // their begin, except where the clock was set back.
    let mut query = connection.prepare_cached(
        "SELECT id, number, place, direction, line, party, over, reached, account, rang_at, login_at,
            started_at, ended_at, lasted, received, sent, cause, words, status, round_trip_us, count
         FROM call
         WHERE id < :before
            AND id >= coalesce((SELECT min(id) FROM call WHERE rang_at >= :since), 9223372036854775807)
            AND rang_at BETWEEN :since AND :until
            AND (:account IS NULL OR account = :account)
            AND (:line IS NULL OR line = :line)
            AND (:party IS NULL OR instr(party, :party) > 0 OR instr(reached, :party) > 0)
            AND (:cause IS NULL OR cause = :cause)
            AND (:direction IS NULL OR direction = :direction)
            AND (:open IS NULL OR ended_at IS NULL)
            AND (:ended IS NULL OR ended_at IS NOT NULL)
            AND (:failed IS NULL OR ended_at IS NOT NULL AND started_at IS NULL)
         ORDER BY id DESC LIMIT :wanted",
    )?;
    let rows = query.query_map(
        named_params! {
            ":before": filter.before.unwrap_or(i64::MAX),
            ":since": filter.since.map_or(i64::MIN, to_millis),
            ":until": filter.until.map_or(i64::MAX, to_millis),
            ":account": filter.account,
            ":line": filter.line,
            ":party": filter.party,
            ":cause": filter.cause,
            ":direction": filter.direction.map(Direction::word),
            ":open": (filter.outcome == Outcome::InProgress).then_some(1),
            ":ended": (filter.outcome == Outcome::Ended).then_some(1),
            ":failed": (filter.outcome == Outcome::Failed).then_some(1),
            ":wanted": i64::try_from(wanted).unwrap_or(i64::MAX),
        },
        call,
    )?;
    rows.collect()
}

fn call(row: &Row<'_>) -> rusqlite::Result<CallRow> {
    let time = |n| row.get::<_, Option<i64>>(n).map(|millis| millis.map(from_millis));
    let count = |n| row.get::<_, i64>(n).map(|count| u64::try_from(count).unwrap_or_default());
    let round_trip = row.get::<_, Option<i64>>(19)?;
    Ok(CallRow {
        row: row.get(0)?,
        number: row.get(1)?,
        place: Place::from_word(row.get_ref(2)?.as_str()?),
        direction: Direction::from_word(row.get_ref(3)?.as_str()?),
        line: row.get(4)?,
        party: row.get(5)?,
        over: row.get(6)?,
        reached: row.get(7)?,
        account: row.get(8)?,
        rang: from_millis(row.get(9)?),
        login: time(10)?,
        started: time(11)?,
        ended: time(12)?,
        lasted: span_from_millis(row.get(13)?),
        received: count(14)?,
        sent: count(15)?,
        cause: row.get(16)?,
        words: row.get(17)?,
        status: row.get(18)?,
        round_trip: round_trip
            .map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or_default())),
        count: count(20)?,
    })
}
