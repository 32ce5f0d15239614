//! How many callers there are, altogether and from one source, and who is one too many.
//!
//! When there are as many strangers as there may be, a source with few of them gets a place of the source with most,
//! so that a flood of silent callers from some places keeps nobody else out.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::CallCount;
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
    all: Totals,
    /// Sources with a call; the limit on calls bounds it.
    by_source: HashMap<Source, Heads>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    calls: u32,
    /// Those of them without a login, but for those who are on their way out.
    strangers: u32,
}

#[derive(Debug, Default)]
struct Heads {
    calls: u32,
    /// Those of them without a login. Numbers grow, so the first one is the oldest.
    strangers: BTreeSet<CallCount>,
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
    /// Its call while that is a stranger's.
    stranger: Option<CallCount>,
    queue: Option<InQueue>,
}

/// A caller who is in.
#[derive(Debug)]
pub(crate) struct Entered {
    /// His place.
    pub(crate) seat: Seat,
    /// His call's number.
    pub(crate) call: CallCount,
    /// The call that has to make room for his.
    pub(crate) instead_of: Option<CallCount>,
}

impl Crowd {
    pub(crate) fn new(config: &LimitsConfig) -> Arc<Self> {
        let limits = Limits::from(config);
        let counts = Counts { limits, all: Totals::default(), by_source: HashMap::new() };
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
    ) -> Result<Entered, TooMany> {
        let queue = queue.map(Queue::enter).transpose()?;
        let mut counts = self.counts();
        counts.check(source)?;
        let instead_of = match counts.all.strangers < counts.limits.strangers {
            true => None,
            false => Some(counts.make_room(source).ok_or(TooMany::Strangers)?),
        };
        let call = CallCount::next();
        counts.all.calls += 1;
        counts.all.strangers += 1;
        let heads = counts.by_source.entry(source).or_default();
        heads.calls += 1;
        heads.strangers.insert(call);
        drop(counts);
        let seat = Seat { crowd: Arc::clone(self), source, stranger: Some(call), queue };
        Ok(Entered { seat, call, instead_of })
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

impl Counts {
    /// Whether a caller is beyond a limit that nobody can make room in.
    fn check(&self, source: Source) -> Result<(), TooMany> {
        let limits = &self.limits;
        if self.all.calls >= limits.calls {
            return Err(TooMany::Calls);
        }
        if source != Source::Local
            && let Some(heads) = self.by_source.get(&source)
        {
            if heads.calls >= limits.calls_per_source {
                return Err(TooMany::CallsFromSource);
            }
            if heads.strangers.len() >= limits.strangers_per_source as usize {
                return Err(TooMany::StrangersFromSource);
            }
        }
        Ok(())
    }

    /// The oldest stranger of the source with most of them makes room, if even without him it has more of them than
    /// the newcomer's. So sources become equals, and none pushes its own callers out for others of its own.
    fn make_room(&mut self, newcomer: Source) -> Option<CallCount> {
        let own = self.by_source.get(&newcomer).map_or(0, |heads| heads.strangers.len());
        let others = self.by_source.iter_mut().filter(|(source, _)| **source != Source::Local);
        let (_, most) = others.max_by_key(|(_, heads)| heads.strangers.len())?;
        if most.strangers.len() <= own + 1 {
            return None;
        }
        let oldest = most.strangers.pop_first()?;
        self.all.strangers -= 1;
        Some(oldest)
    }

    /// A call is no stranger any more; nothing new of one who has had to make room.
    fn forget_stranger(&mut self, source: Source, call: CallCount) {
        if let Some(heads) = self.by_source.get_mut(&source)
            && heads.strangers.remove(&call)
        {
            self.all.strangers -= 1;
        }
    }
}

impl Seat {
    /// The caller is a stranger no more.
    pub(crate) fn make_known(&mut self) {
        if let Some(call) = self.stranger.take() {
            self.queue = None;
            self.crowd.counts().forget_stranger(self.source, call);
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

    const ONE: Source = Source::v4(1);
    const TWO: Source = Source::v4(2);

    fn stranger(crowd: &Arc<Crowd>, source: Source) -> Seat {
        let entered = crowd.enter(source, None).expect("a seat");
        assert_eq!(entered.instead_of, None);
        entered.seat
    }

    fn known(crowd: &Arc<Crowd>, source: Source) -> Seat {
        let mut seat = stranger(crowd, source);
        seat.make_known();
        seat
    }

    #[test]
    fn strangers_are_limited_by_source_and_altogether() {
        let crowd = crowd();
        let _one = [stranger(&crowd, ONE), stranger(&crowd, ONE)];
        assert_eq!(crowd.enter(ONE, None).unwrap_err(), TooMany::StrangersFromSource);
        let _two = stranger(&crowd, TWO);
        assert_eq!(crowd.enter(TWO, None).unwrap_err(), TooMany::Strangers);
    }

    #[test]
    fn the_source_with_most_strangers_makes_room_for_another() {
        let crowd = crowd();
        let oldest = crowd.enter(ONE, None).expect("a seat");
        let (_second, _two) = (stranger(&crowd, ONE), stranger(&crowd, TWO));
        let three = crowd.enter(Source::v4(3), None).expect("room is made");
        assert_eq!(three.instead_of, Some(oldest.call));
        // Now all have one.
        assert_eq!(crowd.enter(Source::v4(4), None).unwrap_err(), TooMany::Strangers);
        assert_eq!(crowd.counts().all.strangers, 3);
        assert_eq!(crowd.counts().all.calls, 4, "who makes room is there until he has gone");
        drop((oldest, three));
        assert_eq!(crowd.counts().all.strangers, 2);
        assert_eq!(crowd.counts().all.calls, 2);
        drop(stranger(&crowd, Source::v4(4)));
    }

    #[test]
    fn who_logs_in_while_he_has_to_make_room_is_counted_once() {
        let crowd = crowd();
        let mut oldest = stranger(&crowd, ONE);
        let (_second, _two) = (stranger(&crowd, ONE), stranger(&crowd, TWO));
        let _three = crowd.enter(Source::v4(3), None).expect("room is made");
        oldest.make_known();
        assert_eq!(crowd.counts().all.strangers, 3);
    }

    #[test]
    fn a_storm_from_everywhere_pushes_nobody_out() {
        let crowd = crowd();
        let _seats: Vec<_> = (1..4).map(|source| stranger(&crowd, Source::v4(source))).collect();
        assert_eq!(crowd.enter(Source::v4(4), None).unwrap_err(), TooMany::Strangers);
        assert_eq!(crowd.enter(ONE, None).unwrap_err(), TooMany::Strangers);
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
        let seats: Vec<_> = (0..2).map(|_| stranger(&crowd, ONE)).collect();
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
        let mut seat = crowd.enter(ONE, Some(&queue)).expect("a seat").seat;
        assert_eq!(crowd.enter(TWO, Some(&queue)).unwrap_err(), TooMany::StrangersAtListener);
        seat.make_known();
        drop(crowd.enter(TWO, Some(&queue)).expect("a seat"));
        assert_eq!(queue.strangers.load(Ordering::Acquire), 0);
    }
}
