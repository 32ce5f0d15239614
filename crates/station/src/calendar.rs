//! When calls may be made: hours of the day, and days on which there are none. All of it is UTC, which has no summer.

use std::str::FromStr;

use clock::Date;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;
/// A minute in milliseconds.
const MINUTE: i64 = 60_000;
/// How many days are looked through for one on which calls may be made: two years hold every date.
const LOOK: i64 = 800;
/// Days that an opening may last, as far as anybody is to be spread over it.
const LONGEST: i64 = 7;

/// Hours in which calls may be made: `22:00-06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first minute of the day.
    from: i64,
    /// The minute after the last; less than `from` where midnight lies between.
    until: i64,
}

/// Days on which no calls are made: `sunday`, `12-25`, `2026-12-24`, `2026-12-24..2027-01-06`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// One of the week; 0 is Sunday.
    Week(i64),
    /// One of each year.
    Year(i64, i64),
    /// From one day to another, both counted since 1970, the last with them.
    Span(i64, i64),
}

/// When calls may be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// In these hours; always, if there are none.
    pub(crate) hours: Vec<Hours>,
    /// But not on these days.
    pub(crate) never: Vec<Days>,
}

const WEEK: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` are no hours: write them like `22:00-06:00`, in UTC");
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute) = (number(hour)?, number(minute)?);
            let right = hour < 24 && minute < 60 || (hour, minute) == (24, 0);
            right.then_some(hour * 60 + minute)
        };
        let (from, until) = text.split_once('-').ok_or_else(wrong)?;
        let (from, until) = time(from).zip(time(until)).ok_or_else(wrong)?;
        if from == until || from == 24 * 60 {
            return Err(format!(
                "`{text}` is no time at all; leave it out if calls may be made always"
            ));
        }
        Ok(Self { from, until })
    }
}

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no day: write `sunday`, `12-25`, `2026-12-24` or `2026-12-24..2027-01-06`"
            )
        };
        if let Some(day) = WEEK.iter().position(|name| text.eq_ignore_ascii_case(name)) {
            return Ok(Self::Week(i64::try_from(day).unwrap_or(0)));
        }
        if let Some((first, last)) = text.split_once("..") {
            let (first, last) = date(first).zip(date(last)).ok_or_else(wrong)?;
            return if first <= last { Ok(Self::Span(first, last)) } else { Err(wrong()) };
        }
        if let Some(day) = date(text) {
            return Ok(Self::Span(day, day));
        }
        let (month, day) = text.split_once('-').ok_or_else(wrong)?;
        let (month, day) = number(month).zip(number(day)).ok_or_else(wrong)?;
        // The day may be that of a leap year.
        if Date::new(2000, month, day).is_none() {
            return Err(wrong());
        }
        Ok(Self::Year(month, day))
    }
}

/// Digits and nothing else.
fn number(text: &str) -> Option<i64> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn date(text: &str) -> Option<i64> {
    let mut parts = text.trim().split('-').map(number);
    let date = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || date.0 < 1970 {
        return None;
    }
    Date::new(date.0, date.1, date.2).map(Date::number)
}

impl Days {
    fn has(self, day: i64) -> bool {
        match self {
            // 1970 began on a Thursday.
            Self::Week(wanted) => (day + 4).rem_euclid(7) == wanted,
            Self::Year(month, of_month) => {
                let date = Date::of(day);
                (date.month(), date.day()) == (month, of_month)
            }
            Self::Span(first, last) => (first..=last).contains(&day),
        }
    }
}

impl Calendar {
    /// Whether there is nothing to mind.
    pub(crate) fn is_always(&self) -> bool {
        self.hours.is_empty() && self.never.is_empty()
    }

    /// Whether calls may be made at this moment.
    pub(crate) fn allows(&self, at_ms: i64) -> bool {
        self.opening(at_ms).is_some_and(|(from, _)| from <= at_ms)
    }

    /// The first time that ends after `at_ms` in which calls may be made, from when until when. None: never again.
    pub(crate) fn opening(&self, at_ms: i64) -> Option<(i64, i64)> {
        let today = at_ms.div_euclid(DAY);
        let mut found: Option<(i64, i64)> = None;
        for day in today..today.checked_add(LOOK)? {
            for (from, until) in self.of_day(day) {
                match &mut found {
                    None if until <= at_ms => {}
                    None => found = Some((from, until)),
                    // It goes on behind midnight, or where other hours begin.
                    Some((_, end)) if from <= *end => *end = (*end).max(until),
                    Some(_) => return found,
                }
            }
            if found.is_some_and(|(_, end)| end < (day + 1) * DAY || day > today + LONGEST) {
                return found;
            }
        }
        found
    }

    /// The hours of a day, in order.
    fn of_day(&self, day: i64) -> Vec<(i64, i64)> {
        if self.never.iter().any(|days| days.has(day)) {
            return Vec::new();
        }
        let start = day * DAY;
        let span = |from: i64, until: i64| (start + from * MINUTE, start + until * MINUTE);
        let mut spans = Vec::new();
        for Hours { from, until } in &self.hours {
            if from < until {
                spans.push(span(*from, *until));
            } else {
                spans.extend([span(0, *until), span(*from, 24 * 60)]);
            }
        }
        if self.hours.is_empty() {
            spans.push(span(0, 24 * 60));
        }
        spans.retain(|(from, until)| from < until);
        spans.sort_unstable();
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calendar(hours: &[&str], never: &[&str]) -> Calendar {
        Calendar {
            hours: hours.iter().map(|text| text.parse().unwrap()).collect(),
            never: never.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    /// Milliseconds of a day and a time.
    fn at(day: &str, hour: i64, minute: i64) -> i64 {
        date(day).unwrap() * DAY + (hour * 60 + minute) * MINUTE
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("2000-03-01"), Some(11_017));
        assert_eq!(date("2026-11-23"), Some(20_780));
        for wrong in
            ["2026-02-29", "2026-13-01", "2026-04-31", "1969-12-31", "26", "2026-1-1-1", "-1-1-1"]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        assert!(date("2028-02-29").is_some());
        assert!(Days::Week(1).has(date("2026-11-23").unwrap()), "a Monday");
    }

    #[test]
    fn hours_over_midnight_belong_to_both_days() {
        let night = calendar(&["22:00-06:00"], &[]);
        let evening = at("2026-11-23", 22, 0);
        assert!(!night.allows(evening - 1) && night.allows(evening));
        let morning = at("2026-11-24", 6, 0);
        assert!(night.allows(morning - 1) && !night.allows(morning));
        assert_eq!(night.opening(evening - 1), Some((evening, morning)));
        assert_eq!(night.opening(morning - 1), Some((at("2026-11-24", 0, 0), morning)));
    }

    #[test]
    fn a_night_is_eight_hours_long_on_the_days_when_summer_begins_and_ends() {
        let night = calendar(&["22:00-06:00"], &[]);
        for day in ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-11-01"] {
            let evening = at(day, 22, 0);
            assert_eq!(
                night.opening(evening - 1),
                Some((evening, evening + 8 * 60 * MINUTE)),
                "{day}"
            );
        }
    }

    #[test]
    fn no_call_is_made_on_days_that_are_blacked_out() {
        let calendar = calendar(&["22:00-06:00"], &["sunday", "12-25", "2026-12-30..2027-01-02"]);
        let (saturday, monday) = (at("2026-11-21", 22, 0), at("2026-11-23", 0, 0));
        assert_eq!(calendar.opening(saturday), Some((saturday, at("2026-11-22", 0, 0))));
        assert_eq!(
            calendar.opening(at("2026-11-22", 0, 0)),
            Some((monday, at("2026-11-23", 6, 0)))
        );
        assert!(
            !calendar.allows(at("2027-12-25", 23, 0)) && calendar.allows(at("2027-12-24", 23, 0))
        );
        let gap = calendar.opening(at("2026-12-30", 1, 0)).unwrap();
        // The third is a Sunday.
        assert_eq!(gap.0, at("2027-01-04", 0, 0));
    }

    #[test]
    fn what_leaves_no_day_is_never_and_what_says_nothing_is_always() {
        assert_eq!(calendar(&[], &WEEK).opening(0), None);
        let always = Calendar::default();
        assert!(always.is_always() && always.allows(-5) && always.allows(1_790_000_000_000));
        assert_eq!(calendar(&["00:00-24:00"], &[]).opening(5).map(|(from, _)| from), Some(0));
    }

    #[test]
    fn what_are_no_hours_and_no_days_is_refused_with_an_example() {
        for wrong in
            ["", "22-6", "22:00", "25:00-26:00", "06:00-06:00", "24:00-06:00", "+1:00-02:00"]
        {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
        for wrong in
            ["", "someday", "13-01", "02-30", "2026-02-29", "2026-01-02..2026-01-01", "1-2-3-4"]
        {
            assert!(wrong.parse::<Days>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn an_opening_is_open_throughout_and_what_lies_before_it_is_not(
            at_ms in 0i64..4_000_000_000_000,
            (from, until) in (0i64..1440, 0i64..=1440).prop_filter("some time", |(a, b)| a != b),
            never in prop::collection::vec(0i64..7, 0..4),
            part in 0.0f64..1.0,
        ) {
            let never = never.into_iter().map(Days::Week).collect();
            let calendar = Calendar { hours: vec![Hours { from, until }], never };
            let (start, end) = calendar.opening(at_ms).unwrap();
            prop_assert!(start < end && end > at_ms);
            let within = start + ((end - start) as f64 * part) as i64;
            prop_assert!(calendar.allows(within.min(end - 1)));
            if start > at_ms {
                let before = at_ms + ((start - at_ms) as f64 * part) as i64;
                prop_assert!(!calendar.allows(before.min(start - 1)));
            }
        }
    }
}
