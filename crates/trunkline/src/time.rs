//! Dates and times of day, in UTC, for people.

#[cfg(feature = "configuration")]
mod when;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(feature = "configuration")]
pub(crate) use when::When;

/// A moment by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    year: u64,
    month: u64,
    day: u64,
    /// Milliseconds since midnight.
    millis: u64,
}

/// How much of a moment is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// `22:13:20.250`
    Time,
    /// `2023-11-14T22:13:20.250Z`
    DateAndTime,
    /// `2023-11-14T22:13:20Z`
    #[cfg(any(feature = "configuration", test))]
    Seconds,
}

impl Civil {
    /// The moment, as text.
    pub(crate) fn show(self, shown: Shown) -> impl fmt::Display {
        let Self { year, month, day, millis } = self;
        let (h, m, s, ms) =
            (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000);
        match shown {
            Shown::Time => format!("{h:02}:{m:02}:{s:02}.{ms:03}"),
            Shown::DateAndTime => {
                format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z")
            }
            #[cfg(any(feature = "configuration", test))]
            Shown::Seconds => format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z"),
        }
    }
}

#[cfg(feature = "configuration")]
impl Civil {
    /// Milliseconds since 1970.
    pub(crate) fn millis(time: SystemTime) -> i64 {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// So many milliseconds after 1970.
    pub(crate) fn at_millis(millis: i64) -> SystemTime {
        let since = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }
}

impl From<SystemTime> for Civil {
    /// Before 1970 it is 1970: only a broken clock says so.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let days = since.as_secs() / 86_400;
        let millis = since.as_secs() % 86_400 * 1_000 + u64::from(since.subsec_millis());
        // Years that begin in March have their leap day at the end; eras of 400 years repeat exactly.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self { year, month, day, millis }
    }
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
    fn the_calendar_knows_its_leap_years() {
        for (secs, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let civil = Civil::from(UNIX_EPOCH + Duration::from_secs(secs));
            assert_eq!(civil.show(Shown::Seconds).to_string(), date);
        }
    }

    #[test]
    fn spans_have_two_units() {
        let spans = [0, 59, 60, 3_599, 3_600, 90_000].map(|secs| span(Duration::from_secs(secs)));
        assert_eq!(spans, ["0s", "59s", "1m00s", "59m59s", "1h00m", "1d01h"]);
    }
}
