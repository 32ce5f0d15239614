//! What stations have told of their points.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::connection;
use crate::error::StoreError;

/// Keeps what a station has told, with a mark by which it is known.
pub(crate) fn put(
    connection: &Connection,
    site: &str,
    mark: u32,
    points: &str,
) -> rusqlite::Result<()> {
    let site = crate::writer::sample_site(connection, site)?;
    connection.execute(
        "INSERT INTO told (site, mark, points) VALUES (?1, ?2, ?3)
         ON CONFLICT (site) DO UPDATE SET mark = excluded.mark, points = excluded.points",
        params![site, mark, points],
    )?;
    Ok(())
}

/// What a station has told, and its mark.
pub(crate) fn find(path: &Path, site: &str) -> Result<Option<(u32, String)>, StoreError> {
    let found = connection::reading(path)?
        .query_row(
            "SELECT mark, points FROM told JOIN site ON site.id = told.site WHERE site.name = ?1",
            [site],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(found)
}
