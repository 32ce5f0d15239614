//! How long wishes may wait. When one is due is a moment of the calendar, and whoever sets the clock moves it; but how long
//! it may wait after that is a span, and goes by a clock that nobody sets: one that jumps must neither end what waits nor
//! have something written days after its time. Only what was before this instance goes by the time of day.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use store::OpenWish;
use tokio::time::Instant;

/// The terms of wishes of which nothing has come yet.
#[derive(Debug, Default)]
pub(crate) struct Terms(HashMap<i64, Term>);

#[derive(Clone, Copy, Debug)]
enum Term {
    /// Its time hasn't come.
    Ahead,
    /// It runs until then.
    Until(Instant),
}

/// How a wish stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Its time hasn't come.
    Ahead,
    /// It is to be asked.
    Now,
    /// Its time is over.
    Over,
}

impl Terms {
    /// How a wish stands now, on the clock that nobody sets and by the time of day.
    pub(crate) fn turn(&mut self, wish: &OpenWish, (now, day): (Instant, SystemTime)) -> Turn {
        let known = self.0.get(&wish.id).copied();
        let until = match known {
            Some(Term::Until(until)) => until,
            _ if wish.due.is_some_and(|due| due > day) => {
                self.0.insert(wish.id, Term::Ahead);
                return Turn::Ahead;
            }
            // It has just come: the clock may have been set to behind its end.
            Some(Term::Ahead) => self.run(wish, now, span(wish)),
            None => {
                let left = wish.until.duration_since(day).unwrap_or_default();
                self.run(wish, now, left.min(span(wish)))
            }
        };
        if now < until { Turn::Now } else { Turn::Over }
    }

    fn run(&mut self, wish: &OpenWish, now: Instant, left: Duration) -> Instant {
        // What ends beyond all times may wait for a century.
        let until = now.checked_add(left).unwrap_or_else(|| now + CENTURY);
        self.0.insert(wish.id, Term::Until(until));
        until
    }

    /// Forgets all but these.
    pub(crate) fn keep_only(&mut self, open: &[OpenWish]) {
        let ids: std::collections::HashSet<i64> = open.iter().map(|wish| wish.id).collect();
        self.0.retain(|id, _| ids.contains(id));
    }
}

const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// How long it may wait once its time has come.
fn span(wish: &OpenWish) -> Duration {
    let begins = wish.due.map_or(wish.made, |due| due.max(wish.made));
    wish.until.duration_since(begins).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn day() -> SystemTime {
        SystemTime::UNIX_EPOCH + HOUR * 24 * 365 * 50
    }

    /// May wait for two hours, from then on.
    fn wish(due: Option<SystemTime>) -> OpenWish {
        let until = due.unwrap_or(day()) + HOUR * 2;
        OpenWish { id: 7, site: "pump".into(), made: day(), due, until, sent: false }
    }

    #[test]
    fn a_clock_that_jumps_neither_ends_what_waits_nor_lets_it_wait_longer() {
        let (start, year) = (Instant::now(), HOUR * 24 * 365);
        for jump in [day() + year, day() - year] {
            let (mut terms, wish) = (Terms::default(), wish(None));
            assert_eq!(terms.turn(&wish, (start, day())), Turn::Now);
            assert_eq!(terms.turn(&wish, (start + HOUR, jump)), Turn::Now);
            assert_eq!(terms.turn(&wish, (start + HOUR * 2, jump)), Turn::Over);
            assert_eq!(terms.turn(&wish, (start + HOUR * 3, day())), Turn::Over, "set right again");
        }
    }

    #[test]
    fn a_moment_goes_by_the_calendar_and_what_follows_it_does_not() {
        let (start, due) = (Instant::now(), day() + HOUR * 5);
        let wish = wish(Some(due));
        let mut terms = Terms::default();
        assert_eq!(terms.turn(&wish, (start, day())), Turn::Ahead);
        // Set forward by a day: its moment and its end are both behind us, but it had no turn yet.
        let tomorrow = day() + HOUR * 24;
        assert_eq!(terms.turn(&wish, (start + HOUR, tomorrow)), Turn::Now);
        assert_eq!(terms.turn(&wish, (start + HOUR * 3, tomorrow)), Turn::Over);
        // Set back: it is due when the calendar says so, however long that takes, and may wait after that.
        let mut terms = Terms::default();
        assert_eq!(terms.turn(&wish, (start, day())), Turn::Ahead);
        assert_eq!(terms.turn(&wish, (start + HOUR * 9, day())), Turn::Ahead);
        assert_eq!(terms.turn(&wish, (start + HOUR * 14, due)), Turn::Now);
        assert_eq!(terms.turn(&wish, (start + HOUR * 16, due)), Turn::Over);
    }

    #[test]
    fn what_was_before_a_restart_goes_by_the_time_of_day_and_a_clock_that_stands_in_1970_ends_nothing()
     {
        let start = Instant::now();
        let wish = wish(None);
        let turns = |day: SystemTime| {
            let mut terms = Terms::default();
            [0, 1, 2].map(|hours| terms.turn(&wish, (start + HOUR * hours, day)))
        };
        assert_eq!(turns(day() + HOUR), [Turn::Now, Turn::Over, Turn::Over], "an hour was left");
        assert_eq!(turns(day() + HOUR * 3), [Turn::Over; 3]);
        assert_eq!(turns(SystemTime::UNIX_EPOCH), [Turn::Now, Turn::Now, Turn::Over]);
    }

    #[test]
    fn what_may_wait_for_ever_waits_and_what_has_gone_is_forgotten() {
        let mut terms = Terms::default();
        let ever = SystemTime::UNIX_EPOCH + Duration::from_millis(i64::MAX as u64);
        let wish = OpenWish { until: ever, ..wish(None) };
        assert_eq!(terms.turn(&wish, (Instant::now(), day())), Turn::Now);
        terms.keep_only(&[]);
        assert!(terms.0.is_empty());
    }
}
