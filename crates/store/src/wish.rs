//! What sites are to be asked later: at their next call, or at a time.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::limits;
use crate::time::{from_millis, to_millis};

/// Something that a site is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishRow {
    /// Its place in the store; what it is known by.
    pub id: i64,
    /// Which site.
    pub site: String,
    /// What, in the collector's words.
    pub text: String,
    /// Whose wish it is.
    pub who: String,
    /// The greater, the sooner.
    pub priority: i64,
    /// When it was made.
    pub made: SystemTime,
    /// Not before then; `None`: as soon as the site is on the line.
    pub due: Option<SystemTime>,
    /// Not after.
    pub until: SystemTime,
    /// Noted before it is sent, where it must not be sent twice.
    pub sending: Option<Sending>,
    /// `waiting`, `sending`, `done`, `failed`, `expired`, or `unknown`: whether it was carried out, nobody knows.
    pub state: String,
    /// What came of it.
    pub answer: Option<String>,
}

/// What was noted of a wish before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// By which its receiver knows it again.
    pub mark: u64,
    /// What stood where it writes.
    pub old: String,
}

/// Keeps a wish; its row, or nothing if too many wait.
pub(crate) fn make(connection: &Connection, wish: &WishRow) -> rusqlite::Result<Option<i64>> {
    let waiting: i64 = connection.query_row(
        &format!("SELECT count(*) FROM wish WHERE {OPEN} AND site = ?1"),
        [&wish.site],
        |row| row.get(0),
    )?;
    if waiting >= limits::WISHES {
        return Ok(None);
    }
    connection.execute(
        "INSERT INTO wish (site, text, who, priority, made_at, due_at, until_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting')",
        params![
            wish.site,
            wish.text,
            wish.who,
            wish.priority,
            to_millis(wish.made),
            wish.due.map(to_millis),
            to_millis(wish.until),
        ],
    )?;
    let id = connection.last_insert_rowid();
    connection.execute(
        &format!("DELETE FROM wish WHERE NOT {OPEN} AND id <= ?1 - ?2"),
        [id, limits::WISHES_KEPT],
    )?;
    Ok(Some(id))
}

/// Notes that a wish is about to be sent; or, with nothing, that it wasn't.
pub(crate) fn send(
    connection: &Connection,
    id: i64,
    sending: Option<&Sending>,
) -> rusqlite::Result<bool> {
    let state = if sending.is_some() { "sending" } else { "waiting" };
    let changed = connection.execute(
        &format!("UPDATE wish SET state = ?2, mark = ?3, old = ?4 WHERE id = ?1 AND {OPEN}"),
        params![
            id,
            state,
            sending.map(|sending| sending.mark.cast_signed()),
            sending.map(|sending| &sending.old),
        ],
    )?;
    Ok(changed > 0)
}

/// Notes what has come of a wish.
pub(crate) fn end(
    connection: &Connection,
    id: i64,
    [state, answer]: [&str; 2],
    now: SystemTime,
) -> rusqlite::Result<()> {
    connection.execute(
        &format!("UPDATE wish SET state = ?2, answer = ?3, ended_at = ?4 WHERE id = ?1 AND {OPEN}"),
        params![id, state, answer, to_millis(now)],
    )?;
    Ok(())
}

/// Those of which nothing has come yet: the index `wish_open` goes by the same words.
const OPEN: &str = "(state IN ('waiting', 'sending'))";

const COLUMNS: &str = "SELECT id, site, text, who, priority, made_at, due_at, until_at, state, answer, mark, old FROM wish";

/// What is to be asked of a site, the most urgent first.
pub(crate) fn waiting(connection: &Connection, site: &str) -> rusqlite::Result<Vec<WishRow>> {
    let mut query = connection
        .prepare(&format!("{COLUMNS} WHERE {OPEN} AND site = ?1 ORDER BY priority DESC, id"))?;
    query.query_map([site], wish)?.collect()
}

/// The sites that are to be asked something by now.
pub(crate) fn sites(connection: &Connection, now: SystemTime) -> rusqlite::Result<Vec<String>> {
    let mut query = connection.prepare(&format!(
        "SELECT DISTINCT site FROM wish WHERE {OPEN} AND coalesce(due_at, 0) <= ?1"
    ))?;
    query.query_map([to_millis(now)], |row| row.get(0))?.collect()
}

/// Those that were sent, and of which nothing has come so far.
pub(crate) fn sent(connection: &Connection) -> rusqlite::Result<Vec<WishRow>> {
    let mut query =
        connection.prepare(&format!("{COLUMNS} WHERE {OPEN} AND state = 'sending' ORDER BY id"))?;
    query.query_map([], wish)?.collect()
}

/// One of them.
pub(crate) fn find(connection: &Connection, id: i64) -> rusqlite::Result<Option<WishRow>> {
    connection.query_row(&format!("{COLUMNS} WHERE id = ?1"), [id], wish).optional()
}

/// Ends all whose time is over; says how many.
pub(crate) fn expire(connection: &Connection, now: SystemTime) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE wish SET state = 'expired', answer = 'its time was over before the site was on the line',
            ended_at = ?1 WHERE (state IN ('waiting', 'sending')) AND state = 'waiting' AND until_at < ?1",
        [to_millis(now)],
    )
}

fn wish(row: &Row<'_>) -> rusqlite::Result<WishRow> {
    Ok(WishRow {
        id: row.get(0)?,
        site: row.get(1)?,
        text: row.get(2)?,
        who: row.get(3)?,
        priority: row.get(4)?,
        made: from_millis(row.get(5)?),
        due: row.get::<_, Option<i64>>(6)?.map(from_millis),
        until: from_millis(row.get(7)?),
        state: row.get(8)?,
        answer: row.get(9)?,
        sending: match (row.get::<_, Option<i64>>(10)?, row.get(11)?) {
            (Some(mark), Some(old)) => Some(Sending { mark: mark.cast_unsigned(), old }),
            _ => None,
        },
    })
}
