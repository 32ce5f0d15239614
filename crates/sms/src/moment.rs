//! Local time: `26/11/22,20:15:00+04`, and as short messages write it.

use std::fmt;

use clock::{Civil, Date};

/// A moment of the wall clock, with its distance to Greenwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since the beginning of 1970, by the clock on this wall.
    pub local: i64,
    /// Quarters of an hour that the wall is ahead of Greenwich.
    pub quarters: i8,
}

/// 1 January 2000, where clocks start that nobody set.
pub const UNSET: Moment = Moment { local: 946_684_800, quarters: 0 };

const DAY: i64 = 86_400;

impl Moment {
    /// Reads `yy/MM/dd,hh:mm:ss` with or without `±zz`.
    pub fn parse(text: &str) -> Option<Self> {
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
        let date = Date::new(year, month, day)?;
        let in_range = hour < 24 && minute < 60 && second < 60 && quarters.abs() <= 56;
        let local = date.number() * DAY + hour * 3600 + minute * 60 + second;
        (whole && in_range).then(|| Self { local, quarters: i8::try_from(quarters).unwrap_or(0) })
    }

    /// The same, `seconds` later.
    pub fn later(self, seconds: i64) -> Self {
        Self { local: self.local.saturating_add(seconds), ..self }
    }

    /// The same moment on a wall that is so many quarters of an hour further ahead.
    pub fn ahead(self, quarters: i8) -> Self {
        let moment = self.later(i64::from(quarters) * 900);
        Self { quarters: self.quarters.saturating_add(quarters), ..moment }
    }

    /// How far it is ahead of Greenwich: `+04`.
    pub fn zone(self) -> String {
        let sign = if self.quarters < 0 { '-' } else { '+' };
        format!("{sign}{:02}", self.quarters.unsigned_abs())
    }

    /// The seven octets of a message's time stamp.
    pub fn to_octets(self) -> [u8; 7] {
        let (date, [hour, minute, second, _]) = self.parts();
        let swapped = |number: i64| (((number % 10) << 4) | ((number / 10) % 10)) as u8;
        let sign = if self.quarters < 0 { 0x08 } else { 0 };
        let zone = swapped(i64::from(self.quarters.unsigned_abs())) | sign;
        [
            swapped(date.year() % 100),
            swapped(date.month()),
            swapped(date.day()),
            swapped(hour),
            swapped(minute),
            swapped(second),
            zone,
        ]
    }

    /// Reads a message's time stamp. What is no date is the start of the clock.
    pub fn from_octets(octets: [u8; 7]) -> Self {
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
    pub fn to_mail(self) -> String {
        let (date, [hour, minute, second, _]) = self.parts();
        let date = date.in_mail();
        let sign = if self.quarters < 0 { '-' } else { '+' };
        let zone = u32::from(self.quarters.unsigned_abs());
        let (hours, minutes) = (zone / 4, zone % 4 * 15);
        format!("{date} {hour:02}:{minute:02}:{second:02} {sign}{hours:02}{minutes:02}")
    }

    fn parts(self) -> (Date, [i64; 4]) {
        let civil = Civil::of_secs(self.local);
        (civil.date(), civil.time())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, [hour, minute, second, _]) = self.parts();
        let (year, month, day) = (date.year().rem_euclid(100), date.month(), date.day());
        let sign = if self.quarters < 0 { '-' } else { '+' };
        let zone = self.quarters.unsigned_abs();
        write!(f, "{year:02}/{month:02}/{day:02},{hour:02}:{minute:02}:{second:02}{sign}{zone:02}")
    }
}

fn two_digits(text: &str) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
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
