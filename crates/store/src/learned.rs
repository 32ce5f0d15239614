//! What has turned out about the units of sites.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::connection;
use crate::error::StoreError;

/// Keeps between which points of a site no request may reach, instead of what was known before.
pub(crate) fn put(
    connection: &mut Connection,
    site: &str,
    borders: &[(String, String)],
) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    let site = crate::writer::sample_site(&all, site)?;
    all.execute("DELETE FROM learned WHERE site = ?1", [site])?;
    for (before, behind) in borders {
        all.execute("INSERT INTO learned VALUES (?1, ?2, ?3)", params![site, before, behind])?;
    }
    all.commit()
}

/// Between which points no request may reach, by site.
pub(crate) fn all(path: &Path) -> Result<HashMap<String, Vec<(String, String)>>, StoreError> {
    let reading = connection::reading(path)?;
    let mut query = reading
        .prepare("SELECT name, before, behind FROM learned JOIN site ON site.id = learned.site")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut all: HashMap<String, Vec<_>> = HashMap::new();
    for row in rows {
        let (site, border) = row?;
        all.entry(site).or_default().push(border);
    }
    Ok(all)
}
