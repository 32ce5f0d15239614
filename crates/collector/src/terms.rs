//! How long wishes may wait. When one is due is a moment of the calendar, and whoever sets the clock moves it; but how long
//! it may wait after that is a span, and goes by a clock that nobody sets: one that jumps must neither end what waits nor
//! have something written days after its time. Only what was before this instance goes by the time of day, and where that
//! says what can't be, or that all is over, it is waited for whether somebody sets the clock.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use store::OpenWish;
use tokio::time::Instant;

use crate::limits;

/// The terms of wishes of which nothing has come yet.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    known: HashMap<i64, Term>,
    /// From which number on they were made by this instance, whose clock they go by.
    ours: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Term {
    /// Its time hasn't come.
    Ahead,
    /// It runs until then.
    Until(Instant),
    /// The clock may be wrong; until then somebody may set it.
    Doubted(Instant),
}

/// How a wish stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Its time hasn't come, or isn't known yet.
    Ahead,
    /// It is to be asked.
    Now,
    /// Its time is over.
    Over,
}

impl Terms {
    /// This one was just made.
    pub(crate) fn made(&mut self, id: i64) {
        self.ours.get_or_insert(id);
        if let Some(Term::Doubted(_)) = self.known.get(&id) {
            self.known.remove(&id);
        }
    }

    /// How a wish stands now, on the clock that nobody sets and by the time of day.
    pub(crate) fn turn(&mut self, wish: &OpenWish, (now, day): (Instant, SystemTime)) -> Turn {
        let known = self.known.get(&wish.id).copied();
        let ours = self.ours.is_some_and(|first| wish.id >= first);
        let until = match known {
            Some(Term::Until(until)) => until,
            None | Some(Term::Doubted(_)) if !ours && (day < wish.made || wish.until <= day) => {
                let ends = match known {
                    Some(Term::Doubted(ends)) => ends,
                    _ => now + limits::CLOCK_IS_SET,
                };
                if now < ends {
                    self.known.insert(wish.id, Term::Doubted(ends));
                    return Turn::Ahead;
                }
                // It was right all the time, or nobody sets it.
                let left = wish.until.duration_since(day).unwrap_or_default();
                self.run(wish, now, left.min(span(wish)))
            }
            _ if wish.due.is_some_and(|due| due > day) => {
                self.known.insert(wish.id, Term::Ahead);
                return Turn::Ahead;
            }
            // It has just come: the clock may have been set to behind its end.
            Some(Term::Ahead) => self.run(wish, now, span(wish)),
            None | Some(Term::Doubted(_)) => {
                let left = wish.until.duration_since(day).unwrap_or_default();
                self.run(wish, now, left.min(span(wish)))
            }
        };
        if now < until { Turn::Now } else { Turn::Over }
    }

    fn run(&mut self, wish: &OpenWish, now: Instant, left: Duration) -> Instant {
        // What ends beyond all times may wait for a century.
        let until = now.checked_add(left).unwrap_or_else(|| now + CENTURY);
        self.known.insert(wish.id, Term::Until(until));
        until
    }

    /// Forgets all but these.
    pub(crate) fn keep_only(&mut self, open: &[OpenWish]) {
        let ids: std::collections::HashSet<i64> = open.iter().map(|wish| wish.id).collect();
        self.known.retain(|id, _| ids.contains(id));
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
    fn what_was_before_a_restart_goes_by_the_time_of_day() {
        let start = Instant::now();
        let wish = wish(None);
        let mut terms = Terms::default();
        let turns = [0, 1, 2].map(|hours| terms.turn(&wish, (start + HOUR * hours, day() + HOUR)));
        assert_eq!(turns, [Turn::Now, Turn::Over, Turn::Over], "an hour was left");
    }

    #[test]
    fn a_clock_that_is_wrong_at_the_start_ends_nothing_and_has_nothing_done_behind_its_time() {
        let (start, wish) = (Instant::now(), wish(None));
        let (soon, later) = (start + limits::CLOCK_IS_SET / 2, start + limits::CLOCK_IS_SET);
        for wrong in [SystemTime::UNIX_EPOCH, day() + HOUR * 24 * 365] {
            // Set right in time: an hour is left, or it was over yesterday.
            let mut terms = Terms::default();
            assert_eq!(terms.turn(&wish, (start, wrong)), Turn::Ahead);
            assert_eq!(terms.turn(&wish, (soon, day() + HOUR)), Turn::Now);
            assert_eq!(terms.turn(&wish, (soon + HOUR, day() + HOUR * 2)), Turn::Over);
            let mut terms = Terms::default();
            assert_eq!(terms.turn(&wish, (start, wrong)), Turn::Ahead);
            assert_eq!(terms.turn(&wish, (soon, day() + HOUR * 24)), Turn::Ahead);
            assert_eq!(terms.turn(&wish, (later, day() + HOUR * 24)), Turn::Over);
        }
        // Nobody sets it: what is over by it ends, and what can't have been made yet waits as long as it may.
        let mut terms = Terms::default();
        assert_eq!(terms.turn(&wish, (start, day() + HOUR * 24)), Turn::Ahead);
        assert_eq!(terms.turn(&wish, (later, day() + HOUR * 24)), Turn::Over);
        let mut terms = Terms::default();
        assert_eq!(terms.turn(&wish, (start, SystemTime::UNIX_EPOCH)), Turn::Ahead);
        assert_eq!(terms.turn(&wish, (later, SystemTime::UNIX_EPOCH)), Turn::Now);
        assert_eq!(terms.turn(&wish, (later + HOUR * 2, SystemTime::UNIX_EPOCH)), Turn::Over);
    }

    #[test]
    fn what_was_made_by_this_instance_is_doubted_by_nobody() {
        let wish = wish(None);
        let mut terms = Terms::default();
        let late = (Instant::now(), day() + HOUR * 2);
        // It was seen before the one who made it had its number.
        assert_eq!(terms.turn(&wish, late), Turn::Ahead);
        terms.made(wish.id);
        assert_eq!(terms.turn(&wish, late), Turn::Over);
        assert_eq!(terms.turn(&OpenWish { id: 8, ..wish.clone() }, late), Turn::Over);
        assert_eq!(terms.turn(&OpenWish { id: 6, ..wish }, late), Turn::Ahead, "of an earlier one");
    }

    #[test]
    fn a_moment_that_was_yesterday_is_not_taken_for_one_ahead_by_a_clock_that_stands_in_1970() {
        let (start, due) = (Instant::now(), day() + HOUR * 5);
        let wish = wish(Some(due));
        let mut terms = Terms::default();
        assert_eq!(terms.turn(&wish, (start, SystemTime::UNIX_EPOCH)), Turn::Ahead);
        let tomorrow = day() + HOUR * 24;
        assert_eq!(terms.turn(&wish, (start + HOUR, tomorrow)), Turn::Over);
        let mut terms = Terms::default();
        assert_eq!(terms.turn(&wish, (start, SystemTime::UNIX_EPOCH)), Turn::Ahead);
        assert_eq!(terms.turn(&wish, (start, day() + HOUR)), Turn::Ahead, "it is ahead");
        assert_eq!(terms.turn(&wish, (start + HOUR * 4, due)), Turn::Now);
    }

    #[test]
    fn what_may_wait_for_ever_waits_and_what_has_gone_is_forgotten() {
        let mut terms = Terms::default();
        let ever = SystemTime::UNIX_EPOCH + Duration::from_millis(i64::MAX as u64);
        let wish = OpenWish { until: ever, ..wish(None) };
        assert_eq!(terms.turn(&wish, (Instant::now(), day())), Turn::Now);
        terms.keep_only(&[]);
        assert!(terms.known.is_empty());
    }
}
