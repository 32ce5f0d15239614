//! Alarms of sites: each is open once at most, and is shown until somebody has seen it.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::limits;
use crate::time::{from_millis, to_millis};

/// An alarm on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRow {
    /// Its place in the store.
    pub id: i64,
    /// Of which site.
    pub site: String,
    /// What sort of alarm it is.
    pub kind: String,
    /// What of the site it is about: a point; empty for the site itself.
    pub subject: String,
    /// For people.
    pub words: String,
    /// Since when.
    pub began: SystemTime,
    /// Until when; `None` while it lasts.
    pub ended: Option<SystemTime>,
    /// What has ended it.
    pub end_words: Option<String>,
    /// When somebody has seen it, and who.
    pub seen: Option<(SystemTime, String)>,
}

/// Notes that an alarm lasts; false if that was known.
pub(crate) fn raise(
    connection: &Connection,
    [site, kind, subject, words]: [&str; 4],
    now: SystemTime,
) -> rusqlite::Result<bool> {
    let made = connection.execute(
        "INSERT INTO alarm (site, kind, subject, words, began_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (site, kind, subject) WHERE ended_at IS NULL DO NOTHING",
        params![site, kind, subject, words, to_millis(now)],
    )?;
    // Old ones that are over make room.
    connection.execute(
        "DELETE FROM alarm WHERE ended_at IS NOT NULL
            AND id <= (SELECT max(id) FROM alarm) - ?1",
        [limits::ALARMS],
    )?;
    Ok(made > 0)
}

/// Notes that an alarm is over; false if there was none.
pub(crate) fn clear(
    connection: &Connection,
    [site, kind, subject, words]: [&str; 4],
    now: SystemTime,
) -> rusqlite::Result<bool> {
    let cleared = connection.execute(
        "UPDATE alarm SET ended_at = ?5, end_words = ?4
         WHERE site = ?1 AND kind = ?2 AND subject = ?3 AND ended_at IS NULL",
        params![site, kind, subject, words, to_millis(now)],
    )?;
    Ok(cleared > 0)
}

/// Notes that somebody has seen an alarm; false if there is none, or somebody had.
pub(crate) fn see(
    connection: &Connection,
    id: i64,
    by: &str,
    now: SystemTime,
) -> rusqlite::Result<bool> {
    let seen = connection.execute(
        "UPDATE alarm SET seen_at = ?2, seen_by = ?3 WHERE id = ?1 AND seen_at IS NULL",
        params![id, to_millis(now), by],
    )?;
    Ok(seen > 0)
}

/// Those that last, then the others, each the latest first.
pub(crate) fn list(connection: &Connection, most: usize) -> rusqlite::Result<Vec<AlarmRow>> {
    let mut query = connection
        .prepare(&format!("{COLUMNS} ORDER BY ended_at IS NOT NULL, id DESC LIMIT ?1"))?;
    query.query_map([i64::try_from(most).unwrap_or(i64::MAX)], alarm)?.collect()
}

/// Those of a site that last.
pub(crate) fn lasting(connection: &Connection, site: &str) -> rusqlite::Result<Vec<AlarmRow>> {
    let mut query =
        connection.prepare(&format!("{COLUMNS} WHERE site = ?1 AND ended_at IS NULL"))?;
    query.query_map([site], alarm)?.collect()
}

const COLUMNS: &str = "SELECT id, site, kind, subject, words, began_at, ended_at, seen_at, seen_by, end_words FROM alarm";

fn alarm(row: &Row<'_>) -> rusqlite::Result<AlarmRow> {
    let seen: Option<i64> = row.get(7)?;
    Ok(AlarmRow {
        id: row.get(0)?,
        site: row.get(1)?,
        kind: row.get(2)?,
        subject: row.get(3)?,
        words: row.get(4)?,
        began: from_millis(row.get(5)?),
        ended: row.get::<_, Option<i64>>(6)?.map(from_millis),
        end_words: row.get(9)?,
        seen: seen.map(from_millis).zip(row.get(8)?),
    })
}

/// When a site called last, and when that call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteCalls {
    /// When it called.
    pub called: Option<SystemTime>,
    /// When that call was over; `None` while it lasts.
    pub ended: Option<SystemTime>,
}

/// What the station of a site has last said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteStation {
    /// When.
    pub said: SystemTime,
    /// What, in the words of its own language.
    pub status: Vec<u8>,
}

/// What is known of a site beside its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteNews {
    /// Which site.
    pub site: String,
    /// Its last call.
    pub calls: SiteCalls,
    /// What its station has said last; `None` leaves what is kept.
    pub station: Option<SiteStation>,
}

/// Notes the news of sites, of all or of none.
pub(crate) fn note_sites(connection: &mut Connection, news: &[SiteNews]) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    for SiteNews { site, calls, station } in news {
        let id = crate::writer::sample_site(&all, site)?;
        all.prepare_cached("UPDATE site SET called_at = ?2, ended_at = ?3 WHERE id = ?1")?
            .execute(params![id, calls.called.map(to_millis), calls.ended.map(to_millis)])?;
        if let Some(SiteStation { said, status }) = station {
            all.prepare_cached(
                "INSERT INTO site_station (site, at, said) VALUES (?1, ?2, ?3)
                 ON CONFLICT (site) DO UPDATE SET at = excluded.at, said = excluded.said",
            )?
            .execute(params![id, to_millis(*said), status])?;
        }
    }
    all.commit()
}

/// What a site's station has last said of itself.
pub(crate) fn site_station(
    connection: &Connection,
    site: &str,
) -> rusqlite::Result<Option<SiteStation>> {
    let select = "SELECT at, said FROM site_station JOIN site ON site.id = site WHERE name = ?1";
    let station = connection.query_row(select, [site], |row| {
        Ok(SiteStation { said: from_millis(row.get(0)?), status: row.get(1)? })
    });
    station.optional()
}

/// The last call of a site.
pub(crate) fn site_calls(connection: &Connection, site: &str) -> rusqlite::Result<SiteCalls> {
    let times = connection
        .query_row("SELECT called_at, ended_at FROM site WHERE name = ?1", [site], |row| {
            Ok(SiteCalls {
                called: row.get::<_, Option<i64>>(0)?.map(from_millis),
                ended: row.get::<_, Option<i64>>(1)?.map(from_millis),
            })
        })
        .optional()?;
    Ok(times.unwrap_or_default())
}
