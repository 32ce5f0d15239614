//! Moments as the API writes them.

use std::time::{SystemTime, UNIX_EPOCH};

use clock::Civil;
use serde::{Serialize, Serializer};

/// A moment, in whole seconds of UTC: `2026-11-22T16:43:26Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// This one.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Seconds since 1970.
    pub const fn unix(self) -> u64 {
        self.0
    }
}

impl From<SystemTime> for Moment {
    /// Before 1970 it is 1970: only a broken clock says so.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Civil::of_secs(i64::try_from(self.0).unwrap_or(i64::MAX)).fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
