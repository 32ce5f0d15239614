//! What an owner can set.

use std::time::Duration;

/// What an owner can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What a record that is kept survives.
    pub durability: Durability,
    /// How old records may get. Default 400 days: a year, and time to look at it.
    pub keep: Option<Duration>,
    /// How many records there may be. Default a million, in some 200 MB.
    pub most: Option<u64>,
    /// How long samples of sites are kept one by one; of older ones their hours are. Default 400 days.
    pub samples: Option<Duration>,
    /// How long the hours of samples are kept. Default: for ever.
    pub hours: Option<Duration>,
    /// The size of the file in pages of 4 KiB that is as good as a full disk. Default: as large as the
    /// disk is.
    pub most_pages: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            keep: Some(Duration::from_secs(400 * 24 * 3600)),
            most: Some(1_000_000),
            samples: Some(Duration::from_secs(400 * 24 * 3600)),
            hours: None,
            most_pages: None,
        }
    }
}

/// What a record that is kept survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power, too: a transaction has reached the disk itself before anybody goes on.
    #[default]
    PowerLoss,
    /// The end of the process. After a loss of power the last seconds may be missing; the store is whole.
    Crash,
}
