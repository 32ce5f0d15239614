//! What devices have turned out not to bear: learned once, and kept over a restart.

use rusqlite::params;

use super::{Shelf, ShelfError};
use crate::limits;

impl Shelf {
    /// Between which of a device's values no request may reach.
    pub(crate) fn learned(&self, device: &str) -> Result<Vec<(String, String)>, ShelfError> {
        self.read(|connection| {
            let mut select =
                connection.prepare("SELECT before, behind FROM learned WHERE device = ?1")?;
            let rows = select.query_map([device], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// Keeps more of them; those beyond [`limits::LEARNED`] are learned again after each restart.
    pub(crate) fn learn(
        &self,
        device: &str,
        borders: &[(String, String)],
    ) -> Result<(), ShelfError> {
        self.write(|transaction| {
            let mut insert = transaction.prepare(
                "INSERT OR IGNORE INTO learned SELECT ?1, ?2, ?3
                 WHERE (SELECT count(*) FROM learned WHERE device = ?1) < ?4",
            )?;
            for (before, behind) in borders {
                insert.execute(params![device, before, behind, limits::LEARNED])?;
            }
            Ok(())
        })
    }
}
