//! Which samples are on their way.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use clock::Instant;

use crate::batch::Batch;
use crate::limits;
use crate::sample::{Definition, PointId, Sample};

/// The upload of a call. What is lost is read from the store again: nothing is kept here.
#[derive(Debug)]
pub(crate) struct Upload {
    /// The last sample that was ever in the store.
    last: u64,
    acknowledged: u64,
    sent: u64,
    flights: VecDeque<Flight>,
    told: BTreeSet<PointId>,
    window: usize,
    room: usize,
    wait: Duration,
    tries: u8,
    until: Option<Instant>,
    supply: Supply,
}

#[derive(Debug)]
struct Flight {
    through: u64,
    sent: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supply {
    /// The store may have more.
    Unknown,
    /// It had no more when it was asked last.
    Dry,
}

/// What an acknowledgement was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It said what was known.
    Old,
    /// More is durable now.
    Through(u64),
    /// It is of samples that there are not.
    Nonsense,
}

/// A batch has gone unacknowledged too often.
#[derive(Debug)]
pub(crate) struct GivenUp;

impl Upload {
    /// An upload of what comes behind `through`.
    pub(crate) fn new(last: u64, through: u64) -> Self {
        Self {
            last,
            acknowledged: through,
            sent: through,
            flights: VecDeque::new(),
            told: BTreeSet::new(),
            window: 1,
            room: limits::FIRST_BATCH,
            wait: limits::FIRST_WAIT,
            tries: 0,
            until: None,
            supply: Supply::Unknown,
        }
    }

    /// Behind which number samples are wanted.
    pub(crate) fn wants(&self) -> Option<u64> {
        (self.supply == Supply::Unknown && self.flights.len() < self.window).then_some(self.sent)
    }

    /// The store has got more.
    pub(crate) const fn fresh(&mut self) {
        self.supply = Supply::Unknown;
    }

    /// Nothing is left to be said or acknowledged.
    pub(crate) fn is_over(&self) -> bool {
        self.supply == Supply::Dry && self.flights.is_empty()
    }

    /// Makes a batch of the first of these samples. They must be behind what was sent, in order.
    pub(crate) fn batch<'d>(
        &mut self,
        now: Instant,
        samples: &[Sample],
        definition: impl Fn(PointId) -> Option<&'d Definition>,
    ) -> Option<Vec<u8>> {
        self.wants()?;
        if samples.is_empty() {
            self.supply = Supply::Dry;
            return None;
        }
        let mut batch = Batch::new(self.sent);
        for sample in samples.iter().filter(|sample| sample.seq > self.sent) {
            if sample.seq <= batch.through() || (batch.count() > 0 && batch.len() >= self.room) {
                break;
            }
            if !self.told.contains(&sample.point) {
                // A centre hangs up on samples of points that it was never told of.
                let Some(definition) = definition(sample.point) else { break };
                batch.define(sample.point, definition);
                self.told.insert(sample.point);
            }
            batch.push(sample);
        }
        if batch.count() == 0 {
            self.supply = Supply::Dry;
            return None;
        }
        self.sent = batch.through();
        self.last = self.last.max(self.sent);
        self.flights.push_back(Flight { through: self.sent, sent: now });
        self.until.get_or_insert(now + self.wait);
        Some(batch.encode())
    }

    pub(crate) fn acknowledged(&mut self, now: Instant, through: u64) -> News {
        if through > self.last {
            return News::Nonsense;
        }
        if through <= self.acknowledged {
            return News::Old;
        }
        self.acknowledged = through;
        self.sent = self.sent.max(through);
        let mut took = None;
        while let Some(flight) = self.flights.front().filter(|flight| flight.through <= through) {
            took = Some(now.since(flight.sent));
            self.flights.pop_front();
        }
        if let Some(took) = took {
            self.pace(took);
        }
        self.tries = 0;
        self.until = (!self.flights.is_empty()).then(|| now + self.wait);
        News::Through(through)
    }

    /// Larger batches and more of them where the path is fast.
    fn pace(&mut self, took: Duration) {
        self.wait = (took * 4).clamp(limits::LEAST_WAIT, limits::LONGEST_WAIT);
        if took > limits::FAST {
            return;
        }
        if self.room < LARGEST {
            self.room = (self.room * 2).min(LARGEST);
        } else {
            self.window = (self.window + 1).min(limits::WINDOW);
        }
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// Goes back to what isn't acknowledged, if it is overdue.
    pub(crate) fn timeout(&mut self, now: Instant) -> Result<(), GivenUp> {
        if self.until.is_none_or(|until| now < until) {
            return Ok(());
        }
        self.tries += 1;
        if self.tries >= limits::BATCH_TRIES {
            return Err(GivenUp);
        }
        self.until = None;
        self.flights.clear();
        self.told.clear();
        self.sent = self.acknowledged;
        self.supply = Supply::Unknown;
        self.window = 1;
        self.room = (self.room / 2).max(limits::FIRST_BATCH);
        self.wait = (self.wait * 2).min(limits::LONGEST_WAIT);
        Ok(())
    }
}

/// Bytes at which a batch is full: the longest sample with the longest definition still fits into a message then.
const LARGEST: usize = limits::MESSAGE - (limits::TEXT + 3 * limits::NAME + 64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use crate::sample::{Quality, Reason, Stamp, Value};

    fn sample(seq: u64, point: u32) -> Sample {
        Sample {
            seq,
            point: PointId(point),
            at_ms: 0,
            stamp: Stamp::Sure,
            reason: Reason::Schedule,
            quality: Quality::Good,
            value: Value::Unsigned(seq),
        }
    }

    #[test]
    fn a_sample_whose_point_is_not_known_yet_waits_until_it_is() {
        let level = Definition {
            device: "tank".to_owned(),
            unit: 1,
            point: "level".to_owned(),
            measure: String::new(),
        };
        let samples = [sample(1, 1), sample(2, 2), sample(3, 1)];
        let (mut upload, now) = (Upload::new(3, 0), Instant::ORIGIN);
        let known = |id: PointId| (id == PointId(1)).then_some(&level);
        let batch = upload.batch(now, &samples, known).unwrap();
        let Ok(Message::Batch { samples: sent, .. }) = Message::decode(&batch) else { panic!() };
        assert_eq!(sent, [sample(1, 1)]);
        assert_eq!(upload.acknowledged(now, 1), News::Through(1));
        assert!(upload.batch(now, &samples, known).is_none());
        upload.fresh();
        let batch = upload.batch(now, &samples, |_| Some(&level)).unwrap();
        let Ok(Message::Batch { samples: sent, .. }) = Message::decode(&batch) else { panic!() };
        assert_eq!(sent, samples[1..]);
    }
}
