//! Callers who were turned away: many become one record, so that a flood of callers is no flood of
//! records.

use std::collections::HashMap;
use std::time::{Instant, SystemTime};

use crate::call::TurnedAway;
use crate::limits;

/// In place of the sources that are too many to have records of their own.
const ELSEWHERE: &str = "elsewhere";

/// The callers turned away lately, by source and cause.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: HashMap<TurnedAway, Count>,
    dirty: bool,
}

#[derive(Clone, Debug)]
struct Count {
    /// Where its record is, once it has one.
    row: Option<i64>,
    first: SystemTime,
    last: SystemTime,
    began: Instant,
    lasted: std::time::Duration,
    count: u64,
    dirty: bool,
}

/// A record of callers turned away.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    pub(crate) row: i64,
    pub(crate) caller: TurnedAway,
    pub(crate) first: SystemTime,
    pub(crate) last: SystemTime,
    pub(crate) lasted: std::time::Duration,
    pub(crate) count: u64,
}

impl Tally {
    /// Counts one more.
    pub(crate) fn add(&mut self, mut caller: TurnedAway) {
        if self.counts.len() >= limits::TALLIES && !self.counts.contains_key(&caller) {
            // A few more than the limit: as many as there are listeners and causes.
            caller.from = ELSEWHERE.into();
        }
        let (now, time) = (Instant::now(), SystemTime::now());
        let count = self.counts.entry(caller).or_insert(Count {
            row: None,
            first: time,
            last: time,
            began: now,
            lasted: std::time::Duration::ZERO,
            count: 0,
            dirty: true,
        });
        count.count += 1;
        count.last = time;
        count.lasted = now - count.began;
        count.dirty = true;
        self.dirty = true;
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// What is new since the last time, with a row for each. Those that are old enough begin anew with
    /// the next caller.
    pub(crate) fn take(&mut self, mut row: impl FnMut() -> i64) -> Vec<Sum> {
        let mut sums = Vec::new();
        if !std::mem::take(&mut self.dirty) {
            self.counts.retain(|_, count| count.began.elapsed() < limits::TALLY_SPAN);
            return sums;
        }
        for (caller, count) in &mut self.counts {
            if std::mem::take(&mut count.dirty) {
                sums.push(Sum {
                    row: *count.row.get_or_insert_with(&mut row),
                    caller: caller.clone(),
                    first: count.first,
                    last: count.last,
                    lasted: count.lasted,
                    count: count.count,
                });
            }
        }
        self.counts.retain(|_, count| count.began.elapsed() < limits::TALLY_SPAN);
        sums
    }

    /// What was taken could not be written.
    pub(crate) fn give_back(&mut self, sums: &[Sum]) {
        for sum in sums {
            if let Some(count) = self.counts.get_mut(&sum.caller) {
                count.dirty = true;
                self.dirty = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Place;

    fn caller(from: &str) -> TurnedAway {
        TurnedAway {
            place: Place::Exchange,
            line: "0.0.0.0:8023".into(),
            from: from.into(),
            over: "tcp".into(),
            cause: "turned-away".into(),
            words: "too many calls".into(),
        }
    }

    #[test]
    fn callers_of_one_source_share_a_record_that_grows() {
        let mut tally = Tally::default();
        let mut rows = 0;
        let mut next = || {
            rows += 1;
            rows
        };
        tally.add(caller("192.0.2.1"));
        tally.add(caller("192.0.2.1"));
        tally.add(caller("192.0.2.2"));
        let mut sums = tally.take(&mut next);
        sums.sort_by(|a, b| a.caller.from.cmp(&b.caller.from));
        assert_eq!(sums.iter().map(|sum| sum.count).collect::<Vec<_>>(), [2, 1]);
        tally.add(caller("192.0.2.1"));
        let more = tally.take(&mut next);
        assert_eq!(more.len(), 1);
        assert_eq!((more[0].row, more[0].count), (sums[0].row, 3));
        assert!(tally.take(&mut next).is_empty());
    }

    #[test]
    fn a_flood_from_many_sources_is_bounded_and_loses_no_count() {
        let mut tally = Tally::default();
        for n in 0..10_000 {
            tally.add(caller(&format!("192.0.2.{n}")));
        }
        let mut rows = 0;
        let sums = tally.take(|| {
            rows += 1;
            rows
        });
        assert_eq!(sums.len(), limits::TALLIES + 1);
        assert_eq!(sums.iter().map(|sum| sum.count).sum::<u64>(), 10_000);
    }
}
