//! The `[exchange.records]` table: how records of calls are kept in the store.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use settings::{Parsed, Span};

/// The `[exchange.records]` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RecordsConfig {
    /// How old records get before they are removed, or `for-ever`. Default `400d`: a year, and time
    /// to look at it.
    pub keep: Parsed<Keep>,
    /// How many records are kept; the oldest ones are removed first. Zero is any number. Default
    /// 1000000, in some 200 MB.
    pub most: u64,
    /// How old samples of sites get before they are drawn together into hours, or `for-ever`. Default
    /// `400d`.
    pub samples: Parsed<Keep>,
    /// How old the hours of samples get before they are removed. Default `for-ever`.
    pub hours: Parsed<Keep>,
    /// What a call that has begun is on record after: `power-loss` (default) or `crash`.
    pub survive: Survive,
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self {
            keep: Parsed(Keep::For(Duration::from_secs(400 * 24 * 3600))),
            most: 1_000_000,
            samples: Parsed(Keep::For(Duration::from_secs(400 * 24 * 3600))),
            hours: Parsed(Keep::ForEver),
            survive: Survive::default(),
        }
    }
}

/// How old records get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// This old.
    For(Duration),
    /// As old as the store.
    ForEver,
}

/// The text is no age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKeep(String);

impl fmt::Display for NoKeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or `for-ever`", self.0)
    }
}

impl FromStr for Keep {
    type Err = NoKeep;

    fn from_str(text: &str) -> Result<Self, NoKeep> {
        match text {
            "for-ever" => Ok(Self::ForEver),
            _ => text.parse().map(|Span(age)| Self::For(age)).map_err(NoKeep),
        }
    }
}

/// What a record survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Survive {
    /// A loss of power too: each call waits until its record has reached the disk itself.
    #[default]
    PowerLoss,
    /// The end of the process, however it comes; after a loss of power the last seconds may be
    /// missing.
    Crash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_kept_as_the_owner_says() {
        let config: RecordsConfig =
            toml::from_str("keep = \"90d\"\nmost = 0\nsurvive = \"crash\"").expect("read");
        assert_eq!(config.keep.0, Keep::For(Duration::from_secs(90 * 24 * 3600)));
        assert_eq!((config.most, config.survive), (0, Survive::Crash));
        let config: RecordsConfig = toml::from_str("keep = \"for-ever\"").expect("read");
        assert_eq!(config.keep.0, Keep::ForEver);
        let error = toml::from_str::<RecordsConfig>("keep = \"a while\"").expect_err("no age");
        assert!(error.to_string().contains("or `for-ever`"), "{error}");
    }
}
