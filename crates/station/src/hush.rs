//! Which parts of a device give no answer. They are asked behind the others and more and more seldom, so that a range
//! that a device never answers takes no time from those that it does.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits;
use crate::plan::Read;

/// The reads of a device that were silent when they were asked last, by their points.
#[derive(Debug, Default)]
pub(crate) struct Hush {
    silent: HashMap<Vec<usize>, Silence>,
    /// How many silences there were.
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Silence {
    /// Which one it was: the latest is asked last.
    number: u64,
    /// For how long it rests, and until when, where the device answers other reads.
    rest: Option<(Duration, Instant)>,
}

impl Hush {
    /// What may be asked now, what has answered last time first. At least one.
    pub(crate) fn turns(&mut self, now: Instant, mut reads: Vec<Read>) -> Vec<Read> {
        // What was divided meanwhile is something else.
        self.silent.retain(|points, _| reads.iter().any(|read| read.points == *points));
        reads.sort_by_key(|read| self.silent.get(&read.points).map(|silence| silence.number));
        let rests = |read: &Read| {
            let rest = self.silent.get(&read.points).and_then(|silence| silence.rest);
            rest.is_some_and(|(_, until)| now < until)
        };
        if reads.iter().all(rests) {
            reads.truncate(1);
        } else {
            reads.retain(|read| !rests(read));
        }
        reads
    }

    /// It was answered.
    pub(crate) fn answered(&mut self, read: &Read) {
        self.silent.remove(&read.points);
    }

    /// It was not.
    pub(crate) fn unanswered(&mut self, read: &Read) {
        self.count += 1;
        let rest = self.silent.get(&read.points).and_then(|silence| silence.rest);
        self.silent.insert(read.points.clone(), Silence { number: self.count, rest });
    }

    /// The device has answered others than this since: it rests, twice as long as the last time.
    pub(crate) fn rest(&mut self, now: Instant, read: &Read) {
        let Some(silence) = self.silent.get_mut(&read.points) else { return };
        let span = match silence.rest {
            Some((span, _)) => (span * 2).min(limits::LONGEST_REST),
            None => limits::FIRST_REST,
        };
        silence.rest = Some((span, now + span));
    }
}

#[cfg(test)]
mod tests {
    use modbus::address::Table;
    use modbus::pdu::Dialect;

    use super::*;

    fn read(first: u16) -> Read {
        let (table, dialect) = (Table::HoldingRegisters, Dialect::Standard);
        Read { table, first, count: 1, dialect, points: vec![usize::from(first)] }
    }

    fn order(hush: &mut Hush, now: Instant) -> Vec<u16> {
        hush.turns(now, (0..3).map(read).collect()).iter().map(|read| read.first).collect()
    }

    #[tokio::test]
    async fn what_was_silent_comes_last_and_rests_while_the_others_are_asked() {
        let (mut hush, mut now) = (Hush::default(), Instant::now());
        hush.unanswered(&read(0));
        assert_eq!(order(&mut hush, now), [1, 2, 0], "nothing is known of the others");
        hush.unanswered(&read(1));
        assert_eq!(order(&mut hush, now), [2, 0, 1], "a dead device is asked otherwise each time");
        hush.answered(&read(1));
        let mut span = limits::FIRST_REST;
        for _ in 0..10 {
            hush.unanswered(&read(0));
            hush.rest(now, &read(0));
            assert_eq!(order(&mut hush, now), [1, 2]);
            assert_eq!(order(&mut hush, now + (span - Duration::from_millis(1))), [1, 2]);
            now += span;
            assert_eq!(order(&mut hush, now), [1, 2, 0]);
            span = (span * 2).min(limits::LONGEST_REST);
        }
        hush.answered(&read(0));
        assert_eq!(order(&mut hush, now), [0, 1, 2]);
    }

    #[tokio::test]
    async fn something_is_always_asked() {
        let (mut hush, now) = (Hush::default(), Instant::now());
        for first in [1, 0, 2] {
            hush.unanswered(&read(first));
            hush.rest(now, &read(first));
        }
        assert_eq!(order(&mut hush, now), [1], "the one whose silence is the oldest");
    }
}
