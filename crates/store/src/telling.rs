//! What is still to be told of alarms, and to whom: it survives a restart, and each one who is told has a queue of his own.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::alarm;
use crate::limits;
use crate::time::{from_millis, to_millis};

/// An alarm that has begun, or is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmNews {
    /// Of which site.
    pub site: String,
    /// What sort of alarm it is.
    pub kind: String,
    /// Which point it is about; empty for the site itself.
    pub subject: String,
    /// For people.
    pub words: String,
    /// Whether it lasts: an alarm has begun, or is over.
    pub lasts: bool,
}

/// What somebody is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TellingRow {
    /// Its place in the store.
    pub id: i64,
    /// Since when it waits.
    pub made: SystemTime,
    /// What it is.
    pub news: AlarmNews,
}

/// What has become of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// They were news, and wait to be told.
    Fresh,
    /// They were news, and for some of those who should be told too much waits already.
    Untold,
    /// The alarm lasted already, or was over already.
    Known,
}

/// Puts an alarm, or its end, on record, and whom it is to be told.
pub(crate) fn note(
    connection: &mut Connection,
    news: &AlarmNews,
    whom: &[String],
    now: SystemTime,
) -> rusqlite::Result<Noted> {
    let all = connection.transaction()?;
    let AlarmNews { site, kind, subject, words, lasts } = news;
    let fresh = match lasts {
        true => alarm::raise(&all, [site, kind, subject, words], now)?,
        false => alarm::clear(&all, [site, kind, subject, words], now)?,
    };
    if !fresh {
        return Ok(Noted::Known);
    }
    let mut noted = Noted::Fresh;
    for whom in whom {
        let waiting: i64 =
            all.query_row("SELECT count(*) FROM telling WHERE whom = ?1", [whom], |row| {
                row.get(0)
            })?;
        if waiting >= limits::TELLINGS {
            noted = Noted::Untold;
            continue;
        }
        all.execute(
            "INSERT INTO telling (whom, made_at, site, kind, subject, words, lasts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![whom, to_millis(now), site, kind, subject, words, lasts],
        )?;
    }
    all.commit()?;
    Ok(noted)
}

/// What somebody is to be told next.
pub(crate) fn next(connection: &Connection, whom: &str) -> rusqlite::Result<Option<TellingRow>> {
    let mut query = connection.prepare(
        "SELECT id, made_at, site, kind, subject, words, lasts FROM telling
         WHERE whom = ?1 ORDER BY id LIMIT 1",
    )?;
    query
        .query_row([whom], |row| {
            Ok(TellingRow {
                id: row.get(0)?,
                made: from_millis(row.get(1)?),
                news: AlarmNews {
                    site: row.get(2)?,
                    kind: row.get(3)?,
                    subject: row.get(4)?,
                    words: row.get(5)?,
                    lasts: row.get(6)?,
                },
            })
        })
        .optional()
}

/// It was told, or won't be.
pub(crate) fn done(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM telling WHERE id = ?1", [id]).map(drop)
}

/// Nobody but these is to be told anything any more.
pub(crate) fn only(connection: &mut Connection, whom: &[String]) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    let known: Vec<String> = all
        .prepare("SELECT DISTINCT whom FROM telling")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for gone in known.iter().filter(|known| !whom.contains(known)) {
        all.execute("DELETE FROM telling WHERE whom = ?1", [gone])?;
    }
    all.commit()
}
