//! How many callers there are, altogether and from one source, and who is one too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::LimitsConfig;
use crate::source::Source;

/// The callers of an exchange.
#[derive(Debug)]
pub(crate) struct Crowd {
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    calls: u32,
    calls_per_source: u32,
    strangers: u32,
    strangers_per_source: u32,
}

#[derive(Debug)]
struct Counts {
    limits: Limits,
    all: Heads,
    /// Sources with a call; the limit on calls bounds it.
    by_source: HashMap<Source, Heads>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Heads {
    calls: u32,
    /// Those of them without a login.
    strangers: u32,
}

/// Which limit a caller is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    Calls,
    CallsFromSource,
    Strangers,
    StrangersFromSource,
    StrangersAtListener,
}

impl TooMany {
    /// In the words of the log.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Calls => "too many calls",
            Self::CallsFromSource => "too many calls from this source",
            Self::Strangers => "too many callers without a login",
            Self::StrangersFromSource => "too many callers without a login from this source",
            Self::StrangersAtListener => "too many callers without a login at this listener",
        }
    }
}

/// The strangers of one listener.
#[derive(Debug)]
pub(crate) struct Queue {
    strangers: AtomicU32,
    limit: AtomicU32,
}

impl Queue {
    pub(crate) fn new(limit: Option<u32>) -> Arc<Self> {
        let queue = Self { strangers: AtomicU32::new(0), limit: AtomicU32::new(0) };
        queue.set_limit(limit);
        Arc::new(queue)
    }

    /// Sets another limit; those who are in stay.
    pub(crate) fn set_limit(&self, limit: Option<u32>) {
        self.limit.store(limit.unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    fn enter(self: &Arc<Self>) -> Result<InQueue, TooMany> {
        let limit = self.limit.load(Ordering::Relaxed);
        let more = |heads: u32| heads.checked_add(1).filter(|heads| *heads <= limit);
        match self.strangers.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(InQueue(Arc::clone(self))),
            Err(_) => Err(TooMany::StrangersAtListener),
        }
    }
}

#[derive(Debug)]
struct InQueue(Arc<Queue>);

impl Drop for InQueue {
    fn drop(&mut self) {
        self.0.strangers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A caller's place in the crowd, given up when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    crowd: Arc<Crowd>,
    source: Source,
    standing: Standing,
}

#[derive(Debug)]
enum Standing {
    Stranger { _queue: Option<InQueue> },
    Known,
}

impl Crowd {
    pub(crate) fn new(config: &LimitsConfig) -> Arc<Self> {
        let limits = Limits::from(config);
        let counts = Counts { limits, all: Heads::default(), by_source: HashMap::new() };
        Arc::new(Self { counts: Mutex::new(counts) })
    }

    /// Sets other limits; those who are in stay.
    pub(crate) fn set_limits(&self, config: &LimitsConfig) {
        self.counts().limits = Limits::from(config);
    }

    /// Lets a caller in as a stranger, or says which limit forbids it.
    pub(crate) fn enter(
        self: &Arc<Self>,
        source: Source,
        queue: Option<&Arc<Queue>>,
    ) -> Result<Seat, TooMany> {
        let queue = queue.map(Queue::enter).transpose()?;
        let mut counts = self.counts();
        let limits = counts.limits;
        if counts.all.calls >= limits.calls {
            return Err(TooMany::Calls);
        }
        if counts.all.strangers >= limits.strangers {
            return Err(TooMany::Strangers);
        }
        if source != Source::Local {
            let heads = counts.by_source.get(&source).copied().unwrap_or_default();
            if heads.calls >= limits.calls_per_source {
                return Err(TooMany::CallsFromSource);
            }
            if heads.strangers >= limits.strangers_per_source {
                return Err(TooMany::StrangersFromSource);
            }
        }
        counts.all.enter();
        counts.by_source.entry(source).or_default().enter();
        drop(counts);
        Ok(Seat { crowd: Arc::clone(self), source, standing: Standing::Stranger { _queue: queue } })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counting can't fail half-way, so a poisoned lock guards sound counts.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&LimitsConfig> for Limits {
    fn from(config: &LimitsConfig) -> Self {
        Self {
            calls: config.calls,
            calls_per_source: config.calls_per_source,
            strangers: config.unauthenticated,
            strangers_per_source: config.unauthenticated_per_source,
        }
    }
}

impl Heads {
    fn enter(&mut self) {
        self.calls += 1;
        self.strangers += 1;
    }
}

impl Seat {
    /// The caller is a stranger no more.
    pub(crate) fn make_known(&mut self) {
        if let Standing::Stranger { .. } = self.standing {
            self.standing = Standing::Known;
            let mut counts = self.crowd.counts();
            counts.all.strangers -= 1;
            if let Some(heads) = counts.by_source.get_mut(&self.source) {
                heads.strangers -= 1;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.make_known();
        let mut counts = self.crowd.counts();
        counts.all.calls -= 1;
        if let Some(heads) = counts.by_source.get_mut(&self.source) {
            heads.calls -= 1;
            if heads.calls == 0 {
                counts.by_source.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd() -> Arc<Crowd> {
        Crowd::new(&LimitsConfig {
            calls: 6,
            calls_per_source: 4,
            unauthenticated: 3,
            unauthenticated_per_source: 2,
            ..LimitsConfig::default()
        })
    }

    const ONE: Source = Source::V4(1);
    const TWO: Source = Source::V4(2);

    fn known(crowd: &Arc<Crowd>, source: Source) -> Seat {
        let mut seat = crowd.enter(source, None).expect("a seat");
        seat.make_known();
        seat
    }

    #[test]
    fn strangers_are_limited_by_source_and_altogether() {
        let crowd = crowd();
        let _one = [crowd.enter(ONE, None).expect("1"), crowd.enter(ONE, None).expect("2")];
        assert_eq!(crowd.enter(ONE, None).unwrap_err(), TooMany::StrangersFromSource);
        let _two = crowd.enter(TWO, None).expect("3");
        assert_eq!(crowd.enter(TWO, None).unwrap_err(), TooMany::Strangers);
    }

    #[test]
    fn calls_are_limited_by_source_and_altogether() {
        let crowd = crowd();
        let _one: Vec<_> = (0..4).map(|_| known(&crowd, ONE)).collect();
        assert_eq!(crowd.enter(ONE, None).unwrap_err(), TooMany::CallsFromSource);
        let _two: Vec<_> = (0..2).map(|_| known(&crowd, TWO)).collect();
        assert_eq!(crowd.enter(TWO, None).unwrap_err(), TooMany::Calls);
    }

    #[test]
    fn a_caller_who_leaves_makes_room_and_leaves_no_trace() {
        let crowd = crowd();
        let seats: Vec<_> = (0..2).map(|_| crowd.enter(ONE, None).expect("a seat")).collect();
        drop(seats);
        drop(known(&crowd, ONE));
        assert!(crowd.counts().by_source.is_empty());
        assert_eq!(crowd.counts().all.calls, 0);
        assert_eq!(crowd.counts().all.strangers, 0);
    }

    #[test]
    fn this_machine_is_limited_only_altogether() {
        let crowd = crowd();
        let _seats: Vec<_> = (0..6).map(|_| known(&crowd, Source::Local)).collect();
        assert_eq!(crowd.enter(Source::Local, None).unwrap_err(), TooMany::Calls);
    }

    #[test]
    fn a_listener_counts_its_strangers_until_they_are_known_or_gone() {
        let crowd = crowd();
        let queue = Queue::new(Some(1));
        let mut seat = crowd.enter(ONE, Some(&queue)).expect("a seat");
        assert_eq!(crowd.enter(TWO, Some(&queue)).unwrap_err(), TooMany::StrangersAtListener);
        seat.make_known();
        drop(crowd.enter(TWO, Some(&queue)).expect("a seat"));
        assert_eq!(queue.strangers.load(Ordering::Acquire), 0);
    }
}
