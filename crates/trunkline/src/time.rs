//! Dates and times of day, in UTC, for people.

#[cfg(feature = "configuration")]
mod when;

use std::time::Duration;
#[cfg(feature = "configuration")]
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use clock::Civil;
#[cfg(feature = "configuration")]
pub(crate) use when::When;

/// The time of day of a moment: `22:13:20.250`.
pub(crate) fn of_day(moment: Civil) -> String {
    let [hour, minute, second, millis] = moment.time();
    format!("{hour:02}:{minute:02}:{second:02}.{millis:03}")
}

/// Milliseconds since 1970.
#[cfg(feature = "configuration")]
pub(crate) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// So many milliseconds after 1970.
#[cfg(feature = "configuration")]
pub(crate) fn at_millis(millis: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// A span of time in the two units that matter: `3s`, `2m05s`, `1h07m`, `4d03h`.
pub(crate) fn span(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m{:02}s", s / 60, s % 60),
        3_600..86_400 => format!("{}h{:02}m", s / 3_600, s / 60 % 60),
        _ => format!("{}d{:02}h", s / 86_400, s / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        let spans = [0, 59, 60, 3_599, 3_600, 90_000].map(|secs| span(Duration::from_secs(secs)));
        assert_eq!(spans, ["0s", "59s", "1m00s", "59m59s", "1h00m", "1d01h"]);
    }
}
