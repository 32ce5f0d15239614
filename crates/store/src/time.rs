//! Times of day as the file keeps them: milliseconds since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Before 1970 it is 1970: only a broken clock says so.
pub(crate) fn to_millis(time: SystemTime) -> i64 {
    span_to_millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

pub(crate) fn from_millis(millis: i64) -> SystemTime {
    UNIX_EPOCH.checked_add(span_from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

pub(crate) fn span_to_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn span_from_millis(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
