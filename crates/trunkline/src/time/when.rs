//! Moments as people type them.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clock::Date;
use settings::Span;

/// A moment as somebody types it: `2026-11-22`, `2026-11-22T17:30` (with or without seconds and a `Z`; always
/// UTC), or how long ago: `90m`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When(pub(crate) SystemTime);

#[cfg(feature = "collector")]
impl When {
    /// A moment to come as somebody types it: in how long (`2h`, `1d`), or then.
    pub(crate) fn ahead(text: &str) -> Option<SystemTime> {
        match text.parse() {
            Ok(Span(span)) => SystemTime::now().checked_add(span),
            Err(_) => civil(text),
        }
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a day such as 2026-11-22, a moment such as 2026-11-22T17:30 (in UTC), or how long ago, such as 90m or 7d";
        let ago = text.parse().ok().and_then(|Span(ago)| SystemTime::now().checked_sub(ago));
        ago.or_else(|| civil(text)).map(Self).ok_or(EXPECTED)
    }
}

fn civil(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00"),
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] =
        numbers(time, ':', [2, 2, 2]).or_else(|| numbers(&format!("{time}:00"), ':', [2, 2, 2]))?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let secs = Date::new(year, month, day)?.number() * 86_400 + hour * 3_600 + minute * 60 + second;
    // None is before 1970.
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(secs).ok()?))
}

/// Three numbers of these many digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Civil;

    fn read(text: &str) -> Option<String> {
        civil(text).map(|time| Civil::from(time).to_string())
    }

    #[test]
    fn days_and_moments_are_read_back_as_they_are_shown() {
        for (text, shown) in [
            ("1970-01-01", "1970-01-01T00:00:00Z"),
            ("2000-02-29T12:30", "2000-02-29T12:30:00Z"),
            ("2026-11-22T17:30:05Z", "2026-11-22T17:30:05Z"),
            ("2100-03-01 00:00", "2100-03-01T00:00:00Z"),
            ("2024-12-31T23:59:59", "2024-12-31T23:59:59Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(shown), "{text}");
        }
        for text in [
            "",
            "x",
            "1969-12-31",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-11-31",
            "2026-1-1",
            "2026-11-22T24:00",
            "2026-11-22T1:00",
            "2026-11-22T",
            "+026-11-22",
            "99999-11-22",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn how_long_ago_is_a_moment_too() {
        let When(then) = "2h".parse().unwrap();
        let ago = SystemTime::now().duration_since(then).unwrap().as_secs();
        assert!((7_200..7_260).contains(&ago), "{ago}");
        assert!("yesterday".parse::<When>().is_err());
    }
}
