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
    /// `waiting`, `sending`, `done`, `failed`, `expired`, `withdrawn`, or `unknown`: whether it was carried out, nobody knows.
    pub state: String,
    /// What came of it.
    pub answer: Option<String>,
    /// When something has come of it.
    pub ended: Option<SystemTime>,
}

/// What was noted of a wish before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// By which its receiver knows it again; nothing where he knows nothing of marks.
    pub mark: Option<u64>,
    /// What stood where it writes.
    pub old: String,
}

/// A wish of which nothing has come yet, as far as its times go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWish {
    /// Its place in the store.
    pub id: i64,
    /// Which site.
    pub site: String,
    /// When it was made.
    pub made: SystemTime,
    /// Not before then.
    pub due: Option<SystemTime>,
    /// Not after.
    pub until: SystemTime,
    /// Whether it was sent.
    pub sent: bool,
}

impl From<&WishRow> for OpenWish {
    fn from(wish: &WishRow) -> Self {
        Self {
            id: wish.id,
            site: wish.site.clone(),
            made: wish.made,
            due: wish.due,
            until: wish.until,
            sent: wish.sending.is_some(),
        }
    }
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
            sending.and_then(|sending| sending.mark).map(u64::cast_signed),
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

const COLUMNS: &str = "SELECT id, site, text, who, priority, made_at, due_at, until_at, state, answer, mark, old, ended_at FROM wish";

/// What is to be asked of a site, the most urgent first.
pub(crate) fn waiting(connection: &Connection, site: &str) -> rusqlite::Result<Vec<WishRow>> {
    let mut query = connection
        .prepare(&format!("{COLUMNS} WHERE {OPEN} AND site = ?1 ORDER BY priority DESC, id"))?;
    query.query_map([site], wish)?.collect()
}

/// All of which nothing has come yet.
pub(crate) fn open(connection: &Connection) -> rusqlite::Result<Vec<OpenWish>> {
    let mut query = connection.prepare(&format!(
        "SELECT id, site, made_at, due_at, until_at, state = 'sending' FROM wish WHERE {OPEN}"
    ))?;
    let open = |row: &Row<'_>| {
        Ok(OpenWish {
            id: row.get(0)?,
            site: row.get(1)?,
            made: from_millis(row.get(2)?),
            due: row.get::<_, Option<i64>>(3)?.map(from_millis),
            until: from_millis(row.get(4)?),
            sent: row.get(5)?,
        })
    };
    query.query_map([], open)?.collect()
}

/// Those of a site, or of all: first those of which nothing has come yet, the most urgent first, then the others, the
/// latest first.
pub(crate) fn list(
    connection: &Connection,
    site: Option<&str>,
    most: usize,
) -> rusqlite::Result<Vec<WishRow>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut query = connection.prepare(&format!(
        "{COLUMNS} WHERE {OPEN} AND (?1 IS NULL OR site = ?1) ORDER BY priority DESC, id LIMIT ?2"
    ))?;
    let mut found: Vec<WishRow> =
        query.query_map(params![site, most], wish)?.collect::<Result<_, _>>()?;
    let left = most - i64::try_from(found.len()).unwrap_or(most);
    let mut query = connection.prepare(&format!(
        "{COLUMNS} WHERE NOT {OPEN} AND (?1 IS NULL OR site = ?1) ORDER BY ended_at DESC, id DESC LIMIT ?2"
    ))?;
    for over in query.query_map(params![site, left], wish)? {
        found.push(over?);
    }
    Ok(found)
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

/// Ends those of these that were never sent, since their time is over.
pub(crate) fn expire(
    connection: &mut Connection,
    over: &[i64],
    now: SystemTime,
) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    for id in over {
        all.execute(
            "UPDATE wish SET state = 'expired', answer = 'its time was over before the site was on the line',
                ended_at = ?2 WHERE id = ?1 AND state = 'waiting'",
            params![id, to_millis(now)],
        )?;
    }
    all.commit()
}

/// Takes a wish back; false if it has ended, or was sent.
pub(crate) fn withdraw(
    connection: &Connection,
    id: i64,
    by: &str,
    now: SystemTime,
) -> rusqlite::Result<bool> {
    let withdrawn = connection.execute(
        "UPDATE wish SET state = 'withdrawn', answer = 'withdrawn by ' || ?2, ended_at = ?3
         WHERE id = ?1 AND state = 'waiting'",
        params![id, by, to_millis(now)],
    )?;
    Ok(withdrawn > 0)
}

fn wish(row: &Row<'_>) -> rusqlite::Result<WishRow> {
    let (mark, old) = (row.get::<_, Option<i64>>(10)?, row.get::<_, Option<String>>(11)?);
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
        sending: old.map(|old| Sending { mark: mark.map(i64::cast_unsigned), old }),
        ended: row.get::<_, Option<i64>>(12)?.map(from_millis),
    })
}
