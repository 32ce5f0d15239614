//! The calendar, in UTC: what days and moments are called.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Days of four hundred years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// From 1 March of the year 0 to 1 January 1970. Years that begin in March have their leap day at the end, and months
/// of a regular pattern: 153 days in five.
const SHIFT: i64 = 719_468;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// The day that so many days lie before, counted from 1 January 1970.
    pub const fn of(number: i64) -> Self {
        let shifted = number.saturating_add(SHIFT);
        let (era, day) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let of_year = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year + if month <= 2 { 1 } else { 0 };
        Self { year, month, day: of_year - (153 * from_march + 2) / 5 + 1 }
    }

    /// The day of this name, if there is one; years have four digits at most.
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let named = Self { year, month, day };
        let fits = (0..10_000).contains(&year) && (1..13).contains(&month);
        (fits && (1..32).contains(&day) && Self::of(named.number()) == named).then_some(named)
    }

    /// Days since 1 January 1970.
    pub const fn number(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        era * ERA + year * 365 + year / 4 - year / 100 + of_year - SHIFT
    }

    /// The year.
    pub const fn year(self) -> i64 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> i64 {
        self.month
    }

    /// The day of the month, from 1 on.
    pub const fn day(self) -> i64 {
        self.day
    }

    /// As the head of a mail has it (RFC 5322, 3.3): `Thu, 1 Jan 1970`.
    pub fn in_mail(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let name = |names: &[&'static str], at: i64| {
            usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
        };
        let (weekday, month) =
            (name(&DAYS, self.number().rem_euclid(7)), name(&MONTHS, self.month - 1));
        format!("{weekday}, {} {month} {:04}", self.day, self.year)
    }
}

/// `2026-11-22`
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A moment: a day, and the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil {
    date: Date,
    /// Since midnight.
    millis: i64,
}

impl Civil {
    /// The moment so many milliseconds after the beginning of 1970.
    pub const fn of_millis(millis: i64) -> Self {
        let date = Date::of(millis.div_euclid(DAY_MS));
        Self { date, millis: millis.rem_euclid(DAY_MS) }
    }

    /// The moment so many seconds after the beginning of 1970.
    pub const fn of_secs(secs: i64) -> Self {
        let date = Date::of(secs.div_euclid(DAY_MS / 1_000));
        Self { date, millis: secs.rem_euclid(DAY_MS / 1_000) * 1_000 }
    }

    /// Its day.
    pub const fn date(self) -> Date {
        self.date
    }

    /// Hour, minute, second and millisecond.
    pub const fn time(self) -> [i64; 4] {
        let Self { millis, .. } = self;
        [millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000]
    }
}

impl From<SystemTime> for Civil {
    /// Before 1970 it is 1970: only a broken clock says so.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self::of_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// As RFC 3339 has it: `2026-11-22T17:30:00Z`, or with a precision (`{:.3}`) `2026-11-22T17:30:00.250Z`.
impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [hour, minute, second, millis] = self.time();
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date)?;
        if f.precision().is_some() {
            write!(f, ".{millis:03}")?;
        }
        f.write_str("Z")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_calendar_knows_its_leap_years() {
        for (secs, shown) in [
            (-1, "1969-12-31T23:59:59Z"),
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Civil::of_secs(secs).to_string(), shown);
            assert_eq!(Civil::of_millis(secs * 1_000), Civil::of_secs(secs));
        }
        let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        assert_eq!(format!("{:.3}", Civil::from(at)), "2023-11-14T22:13:20.250Z");
        assert_eq!(Civil::from(UNIX_EPOCH - Duration::from_secs(9)), Civil::of_secs(0));
    }

    #[test]
    fn what_is_no_day_has_no_date() {
        for (year, month, day) in [
            (2026, 2, 29),
            (2100, 2, 29),
            (2026, 4, 31),
            (2026, 13, 1),
            (2026, 0, 1),
            (2026, 1, 0),
            (10_000, 1, 1),
        ] {
            assert_eq!(Date::new(year, month, day), None, "{year}-{month}-{day}");
        }
        for number in [i64::MIN, i64::MAX] {
            let date = Date::of(number);
            assert!((1..=12).contains(&date.month()) && (1..=31).contains(&date.day()));
            let _ = (Civil::of_millis(number), Civil::of_secs(number));
        }
    }

    #[test]
    fn mails_have_their_own_way_with_days() {
        for (number, written) in
            [(0, "Thu, 1 Jan 1970"), (11_016, "Tue, 29 Feb 2000"), (20_780, "Mon, 23 Nov 2026")]
        {
            assert_eq!(Date::of(number).in_mail(), written);
        }
    }

    proptest! {
        #[test]
        fn every_day_has_one_name_and_follows_the_one_before(number in -700_000i64..2_900_000) {
            let (date, next) = (Date::of(number), Date::of(number + 1));
            prop_assert_eq!(date.number(), number);
            prop_assert_eq!(Date::new(date.year(), date.month(), date.day()), Some(date));
            prop_assert!(date < next);
            prop_assert!(next.day() == date.day() + 1 || next.day() == 1);
        }
    }
}
