//! Local time: `26/11/22,20:15:00+04`, and as short messages write it.

use std::fmt;

/// A moment of the wall clock, with its distance to Greenwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since the beginning of 1970, by the clock on this wall.
    pub local: i64,
    /// Quarters of an hour that the wall is ahead of Greenwich.
    pub quarters: i8,
}

/// 1 January 2000, where clocks start that nobody set.
pub(super) const UNSET: Moment = Moment { local: 946_684_800, quarters: 0 };

const DAY: i64 = 86_400;

/// A date and a time of day.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    /// Reads `yy/MM/dd,hh:mm:ss` with or without `±zz`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(',')?;
        let mut date = date.split('/').map(two_digits);
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (clock, zone) = match time.find(['+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, "+00"),
        };
        let mut clock = clock.split(':').map(two_digits);
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let quarters = two_digits(zone.get(1..)?)? * sign;
        let whole = date.next().is_none() && clock.next().is_none();
        // 27.007: 70 to 99 belong to the last century.
        let year = if year < 70 { 2000 + year } else { 1900 + year };
        let parts = Parts { year, month, day, hour, minute, second };
        let in_range = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && quarters.abs() <= 56;
        (whole && in_range)
            .then(|| Self { local: parts.seconds(), quarters: i8::try_from(quarters).unwrap_or(0) })
    }

    /// The same, `seconds` later.
    pub(super) fn later(self, seconds: i64) -> Self {
        Self { local: self.local.saturating_add(seconds), ..self }
    }

    /// The same moment on a wall that is so many quarters of an hour further ahead.
    pub(super) fn ahead(self, quarters: i8) -> Self {
        let moment = self.later(i64::from(quarters) * 900);
        Self { quarters: self.quarters.saturating_add(quarters), ..moment }
    }

    /// How far it is ahead of Greenwich: `+04`.
    pub(super) fn zone(self) -> String {
        let sign = if self.quarters < 0 { '-' } else { '+' };
        format!("{sign}{:02}", self.quarters.unsigned_abs())
    }

    /// The seven octets of a message's time stamp.
    pub(super) fn to_octets(self) -> [u8; 7] {
        let Parts { year, month, day, hour, minute, second } = self.parts();
        let swapped = |number: i64| (((number % 10) << 4) | ((number / 10) % 10)) as u8;
        let sign = if self.quarters < 0 { 0x08 } else { 0 };
        let zone = swapped(i64::from(self.quarters.unsigned_abs())) | sign;
        [
            swapped(year % 100),
            swapped(month),
            swapped(day),
            swapped(hour),
            swapped(minute),
            swapped(second),
            zone,
        ]
    }

    /// Reads a message's time stamp. What is no date is the start of the clock.
    pub(super) fn from_octets(octets: [u8; 7]) -> Self {
        let plain = |octet: u8| i64::from((octet & 0xF) * 10 + (octet >> 4));
        let [year, month, day, hour, minute, second, zone] = octets;
        let sign = if zone & 0x08 == 0 { '+' } else { '-' };
        let text = format!(
            "{:02}/{:02}/{:02},{:02}:{:02}:{:02}{sign}{:02}",
            plain(year),
            plain(month),
            plain(day),
            plain(hour),
            plain(minute),
            plain(second),
            plain(zone & !0x08)
        );
        Self::parse(&text).unwrap_or(UNSET)
    }

    /// As the head of a mail has it: RFC 5322, 3.3.
    #[cfg(feature = "wip")]
    pub(crate) fn to_mail(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let Parts { year, month, day, hour, minute, second } = self.parts();
        let name = |names: &[&'static str], at: i64| {
            usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
        };
        let weekday = name(&DAYS, self.local.div_euclid(DAY).rem_euclid(7));
        let month = name(&MONTHS, month - 1);
        let sign = if self.quarters < 0 { '-' } else { '+' };
        let zone = u32::from(self.quarters.unsigned_abs());
        let (hours, minutes) = (zone / 4, zone % 4 * 15);
        format!(
            "{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} {sign}{hours:02}{minutes:02}"
        )
    }

    fn parts(self) -> Parts {
        let days = self.local.div_euclid(DAY);
        let time = self.local.rem_euclid(DAY);
        // Days are counted from 1 March 0000 in eras of 400 years, so that leap days end them.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Parts {
            year,
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            hour: time / 3600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }
}

impl Parts {
    fn seconds(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let from_march = (self.month + 9) % 12;
        let of_year = (153 * from_march + 2) / 5 + self.day - 1;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        let days = era * 146_097 + of_era - 719_468;
        days * DAY + self.hour * 3600 + self.minute * 60 + self.second
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { year, month, day, hour, minute, second } = self.parts();
        let year = year.rem_euclid(100);
        let sign = if self.quarters < 0 { '-' } else { '+' };
        let zone = self.quarters.unsigned_abs();
        write!(f, "{year:02}/{month:02}/{day:02},{hour:02}:{minute:02}:{second:02}{sign}{zone:02}")
    }
}

fn two_digits(text: &str) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments_are_written_as_they_are() {
        for (local, text) in [
            (0, "70/01/01,00:00:00+00"),
            (946_684_800, "00/01/01,00:00:00+00"),
            (951_827_696, "00/02/29,12:34:56+00"),
            (1_795_378_500, "26/11/22,20:15:00+00"),
        ] {
            assert_eq!(Moment { local, quarters: 0 }.to_string(), text);
            assert_eq!(Moment::parse(text), Some(Moment { local, quarters: 0 }));
        }
        assert_eq!(Moment { local: 0, quarters: -14 }.to_string(), "70/01/01,00:00:00-14");
    }

    #[cfg(feature = "wip")]
    #[test]
    fn mails_have_their_own_way_with_moments() {
        for (local, quarters, text) in [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (951_827_696, -14, "Tue, 29 Feb 2000 12:34:56 -0330"),
            (1_795_378_500, 4, "Sun, 22 Nov 2026 20:15:00 +0100"),
        ] {
            assert_eq!(Moment { local, quarters }.to_mail(), text);
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "26/02/29,00:00:00",
            "26/13/01,00:00:00",
            "26/1/01,00:00:00",
            "26/01/01,24:00:00",
            "26/01/01,00:00:00+",
            "26/01/01,00:00:00+99",
            "26/01/01,00:00",
            "26/01/01,00:00:00:00",
            "26/01/01 00:00:00",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert!(Moment::parse("24/02/29,00:00:00").is_some());
    }

    proptest! {
        #[test]
        fn every_second_of_the_clock_comes_back(
            local in 0i64..3_155_760_000, quarters in -56i8..=56
        ) {
            let moment = Moment { local, quarters };
            prop_assert_eq!(Moment::parse(&moment.to_string()), Some(moment));
            prop_assert_eq!(Moment::from_octets(moment.to_octets()), moment);
        }

        #[test]
        fn any_octets_are_some_moment(octets in any::<[u8; 7]>(), text in ".{0,30}") {
            let _ = Moment::from_octets(octets);
            let _ = Moment::parse(&text);
        }
    }
}
