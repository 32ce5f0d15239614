//! When a station's scheduled calls have their turn: spread by its name, shaken a little each time, and within the
//! hours in which calls may be made.

use std::time::Duration;

use crate::calendar::Calendar;
use crate::chance;

/// A schedule, without a clock of its own.
#[derive(Debug)]
pub(crate) struct Turns {
    name: String,
    calendar: Calendar,
    /// The turn that is waited for.
    next: Option<i64>,
    /// What that was reckoned with.
    every: Option<Duration>,
}

/// What a schedule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Call.
    Now,
    /// Call in so many milliseconds, if nothing happens to the clock.
    In(u64),
    /// Not by schedule.
    Never,
}

impl Turns {
    pub(crate) const fn new(name: String, calendar: Calendar) -> Self {
        Self { name, calendar, next: None, every: None }
    }

    /// Whether scheduled calls, and those that repeat them, may be made now.
    pub(crate) fn allows(&self, now_ms: i64) -> bool {
        self.calendar.allows(now_ms)
    }

    /// In how many milliseconds calls may be made again, and for how many.
    pub(crate) fn opens_in(&self, now_ms: i64) -> Option<(u64, u64)> {
        let (from, until) = self.calendar.opening(now_ms)?;
        Some(((from - now_ms).max(0).unsigned_abs(), (until - from).unsigned_abs()))
    }

    /// Whether it is time, or when. A call is one turn: whoever made it looks again.
    pub(crate) fn look(&mut self, every: Option<Duration>, now_ms: i64) -> Look {
        let Some(span) = every else { return Look::Never };
        let Some(fresh) = self.after(span, now_ms) else { return Look::Never };
        // A clock that was put back must not keep it from calling for a year, nor a period that has become short.
        let next = match self.next {
            Some(next) if self.every == every => next.min(fresh),
            _ => fresh,
        };
        (self.next, self.every) = (Some(next), every);
        if next > now_ms {
            return Look::In((next - now_ms).unsigned_abs());
        }
        // A clock that was put forward may have left the hours behind.
        self.next = Some(fresh);
        match self.allows(now_ms) {
            true => Look::Now,
            false => Look::In((fresh - now_ms).unsigned_abs()),
        }
    }

    /// The first turn after this moment. One that has passed outside of the hours is made up for within them, whether
    /// or not anybody was there when it passed.
    fn after(&self, every: Duration, now_ms: i64) -> Option<i64> {
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
        let next = chance::next_turn(&self.name, every, now_ms);
        let moved = [next - every, next].into_iter().filter_map(|turn| self.moved(turn, every));
        moved.filter(|turn| *turn > now_ms).min()
    }

    /// Where a turn goes.
    fn moved(&self, turn: i64, every: i64) -> Option<i64> {
        let shaken = chance::shaken(&self.name, every, turn);
        if self.calendar.is_always() {
            return Some(shaken);
        }
        let (from, until) = self.calendar.opening(turn)?;
        if from <= turn {
            // Shaken out of its hours it would be another day's.
            return Some(if shaken < until { shaken } else { turn });
        }
        // Another turn may lie within; if none does, the whole fleet would call as the hours begin.
        let inside = chance::next_turn(&self.name, every, from - 1);
        if inside < until {
            return self.moved(inside, every);
        }
        Some(from + chance::place(&self.name, from, until - from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const START: i64 = 1_790_000_000_000;

    fn turns(name: &str, hours: &[&str], never: &[&str]) -> Turns {
        let hours = hours.iter().map(|text| text.parse().unwrap()).collect();
        let never = never.iter().map(|text| text.parse().unwrap()).collect();
        Turns::new(name.to_owned(), Calendar { hours, never })
    }

    /// The calls of so many hours, by a clock that is looked at every minute at least, as a station does.
    fn calls(turns: &mut Turns, every_h: i64, from: i64, hours: i64) -> Vec<i64> {
        let every = Duration::from_secs(u64::try_from(every_h * 3600).unwrap());
        let (mut calls, mut now) = (Vec::new(), from);
        while now < from + hours * HOUR {
            match turns.look(Some(every), now) {
                Look::Now => calls.push(now),
                Look::In(left) => now += i64::try_from(left).unwrap().clamp(1, 60_000),
                Look::Never => return calls,
            }
        }
        calls
    }

    #[test]
    fn a_station_calls_once_a_period_within_the_hours_and_never_outside() {
        for n in 0..40 {
            let name = format!("site-{n}");
            let mut turns = turns(&name, &["22:00-06:00"], &["sunday"]);
            let calls = calls(&mut turns, 24, START, 24 * 14);
            // A Sunday's is made up for on Monday morning.
            assert!((12..=14).contains(&calls.len()), "{name}: {}", calls.len());
            assert!(calls.iter().all(|call| turns.allows(*call)), "{name}");
        }
    }

    #[test]
    fn a_fleet_spreads_over_its_hours() {
        let mut hours = [0; 8];
        for n in 0..400 {
            let mut turns = turns(&format!("site-{n}"), &["22:00-06:00"], &[]);
            let evening = (START / (24 * HOUR)) * 24 * HOUR + 22 * HOUR;
            let calls = calls(&mut turns, 24, evening - HOUR, 10);
            assert_eq!(calls.len(), 1, "site-{n}");
            hours[usize::try_from((calls[0] - evening) / HOUR).unwrap()] += 1;
        }
        assert!(hours.iter().all(|count| (25..80).contains(count)), "{hours:?}");
    }

    #[test]
    fn no_two_turns_of_a_station_lie_at_the_same_place_of_its_period() {
        let mut turns = turns("pump-house", &[], &[]);
        let calls = calls(&mut turns, 10, START, 300);
        assert!((29..=31).contains(&calls.len()), "{}", calls.len());
        let gaps: Vec<i64> = calls.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(gaps.iter().all(|gap| (9 * HOUR..=11 * HOUR).contains(gap)), "{gaps:?}");
        assert!(gaps.iter().any(|gap| *gap != gaps[0]), "shaken");
    }

    #[test]
    fn a_clock_that_jumps_neither_silences_a_station_nor_has_it_call_outside_its_hours() {
        let mut turns = turns("pump-house", &["22:00-06:00"], &[]);
        assert_eq!(calls(&mut turns, 24, START, 48).len(), 2);
        // Back by a year: it doesn't wait for a year.
        let back = calls(&mut turns, 24, START - 8760 * HOUR, 48);
        assert_eq!(back.len(), 2);
        // Forward to a noon: it waits for the evening.
        let noon = (START / (24 * HOUR) + 500) * 24 * HOUR + 12 * HOUR;
        let forward = calls(&mut turns, 24, noon, 24);
        assert_eq!(forward.len(), 1);
        assert!(turns.allows(forward[0]));
    }

    #[test]
    fn a_period_that_becomes_shorter_counts_at_once() {
        let mut turns = turns("pump-house", &[], &[]);
        let day = Some(Duration::from_secs(86_400));
        turns.look(day, START);
        let minute = Some(Duration::from_secs(60));
        assert!(matches!(turns.look(minute, START), Look::In(..=63_000)));
        assert_eq!(turns.look(None, START), Look::Never);
    }

    #[test]
    fn who_may_never_call_never_does() {
        let week = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
        let mut turns = turns("pump-house", &[], &week);
        assert_eq!(turns.look(Some(Duration::from_secs(60)), START), Look::Never);
        assert_eq!(turns.opens_in(START), None);
    }
}
