//! How many wrong passwords are taken from one source before it has to wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clock::Instant;

use crate::limits;
use crate::source::Source;

const MINUTE: Duration = Duration::from_secs(60);

/// A bucket of tries for each source: a minute's worth at most, filled evenly. A try is taken before a
/// password is compared and given back when it was right.
#[derive(Debug)]
pub(crate) struct Patience {
    per_minute: AtomicU32,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_source: HashMap<Source, Bucket>,
    /// For sources that found the map full.
    strangers: Option<Bucket>,
    swept: Option<Instant>,
}

/// What was taken from a full bucket, in time: it shrinks as time passes.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// When the bucket will be full again.
    full_at: Instant,
}

/// The source has used up its tries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsedUp;

impl Patience {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: AtomicU32::new(per_minute), buckets: Mutex::default() }
    }

    /// Sets another number of tries in a minute.
    pub(crate) fn set(&self, per_minute: u32) {
        self.per_minute.store(per_minute, Ordering::Relaxed);
    }

    /// Takes a try.
    pub(crate) fn take(&self, source: Source, now: Instant) -> Result<(), UsedUp> {
        if source == Source::Local {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.find(source, now);
        let full_at = bucket.full_at.max(now) + self.one_try();
        if full_at.since(now) > MINUTE {
            return Err(UsedUp);
        }
        bucket.full_at = full_at;
        Ok(())
    }

    /// Gives a try back.
    pub(crate) fn give_back(&self, source: Source, now: Instant) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.by_source.get_mut(&source) {
            let missing = bucket.full_at.since(now).saturating_sub(self.one_try());
            bucket.full_at = now + missing;
        }
    }

    fn one_try(&self) -> Duration {
        MINUTE / self.per_minute.load(Ordering::Relaxed).max(1)
    }
}

impl Buckets {
    fn find(&mut self, source: Source, now: Instant) -> &mut Bucket {
        let full = Bucket { full_at: now };
        if self.by_source.len() >= limits::SOURCES && !self.by_source.contains_key(&source) {
            self.sweep(now);
            if self.by_source.len() >= limits::SOURCES {
                return self.strangers.get_or_insert(full);
            }
        }
        self.by_source.entry(source).or_insert(full)
    }

    /// Forgets full buckets; at most once a second, because it looks at all of them.
    fn sweep(&mut self, now: Instant) {
        let due = self.swept.is_none_or(|last| now.since(last) >= Duration::from_secs(1));
        if due {
            self.swept = Some(now);
            self.by_source.retain(|_, bucket| bucket.full_at > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(secs)
    }

    const ONE: Source = Source::V4(1);

    #[test]
    fn a_minutes_tries_can_be_used_at_once_and_come_back_evenly() {
        let patience = Patience::new(6);
        for _ in 0..6 {
            assert_eq!(patience.take(ONE, at(0)), Ok(()));
        }
        assert_eq!(patience.take(ONE, at(0)), Err(UsedUp));
        assert_eq!(patience.take(ONE, at(9)), Err(UsedUp));
        assert_eq!(patience.take(ONE, at(10)), Ok(()));
        assert_eq!(patience.take(ONE, at(10)), Err(UsedUp));
        assert_eq!(patience.take(Source::V4(2), at(10)), Ok(()));
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let patience = Patience::new(2);
        for _ in 0..100 {
            assert_eq!(patience.take(ONE, at(0)), Ok(()));
            patience.give_back(ONE, at(0));
        }
    }

    #[test]
    fn tries_given_back_late_are_not_more_than_were_taken() {
        let patience = Patience::new(2);
        assert_eq!(patience.take(ONE, at(0)), Ok(()));
        patience.give_back(ONE, at(120));
        assert_eq!(patience.take(ONE, at(120)), Ok(()));
        assert_eq!(patience.take(ONE, at(120)), Ok(()));
        assert_eq!(patience.take(ONE, at(120)), Err(UsedUp));
    }

    #[test]
    fn a_flood_of_sources_slows_strangers_not_memory() {
        let patience = Patience::new(1);
        let sources = u32::try_from(limits::SOURCES).expect("fits");
        for source in 0..sources {
            assert_eq!(patience.take(Source::V4(source), at(0)), Ok(()));
        }
        assert_eq!(patience.take(Source::V4(sources), at(0)), Ok(()));
        assert_eq!(patience.take(Source::V4(sources + 1), at(0)), Err(UsedUp));
        assert_eq!(patience.buckets.lock().expect("sound").by_source.len(), limits::SOURCES);
        // Old sources are forgotten once they would be forgiven.
        assert_eq!(patience.take(Source::V4(sources + 1), at(61)), Ok(()));
        assert_eq!(patience.buckets.lock().expect("sound").by_source.len(), 1);
    }
}
