//! How many wrong passwords are taken from one source before it has to wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Instant;

use crate::limits;
use crate::source::Source;

const MINUTE: Duration = Duration::from_secs(60);

/// A bucket of wrong passwords for each source: a minute's worth at most, emptied evenly. Right
/// ones don't count, so that a fleet behind one address may redial all at once.
#[derive(Debug)]
pub(crate) struct Patience {
    per_minute: AtomicU32,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    /// When each source will be forgiven.
    by_source: HashMap<Source, Instant>,
    /// The same for all sources that found the map full.
    strangers: Option<Instant>,
    swept: Option<Instant>,
}

impl Patience {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: AtomicU32::new(per_minute), buckets: Mutex::default() }
    }

    /// Sets another number of wrong passwords in a minute.
    pub(crate) fn set(&self, per_minute: u32) {
        self.per_minute.store(per_minute, Ordering::Relaxed);
    }

    /// Whether a source may be wrong once more.
    pub(crate) fn lasts(&self, source: Source, now: Instant) -> bool {
        let forgiven = self.buckets().find(source);
        forgiven.is_none_or(|forgiven| (forgiven + self.one_mistake()).since(now) <= MINUTE)
    }

    /// A source was wrong.
    pub(crate) fn wears(&self, source: Source, now: Instant) {
        if source == Source::Local {
            return;
        }
        let mut buckets = self.buckets();
        let forgiven = buckets.find(source).map_or(now, |forgiven| forgiven.max(now));
        buckets.put(source, forgiven + self.one_mistake(), now);
    }

    fn one_mistake(&self) -> Duration {
        MINUTE / self.per_minute.load(Ordering::Relaxed).max(1)
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        // Nothing under the lock can fail half-way, so a poisoned lock guards sound buckets.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buckets {
    fn find(&self, source: Source) -> Option<Instant> {
        self.by_source.get(&source).copied().or_else(|| {
            let full = self.by_source.len() >= limits::SOURCES && source != Source::Local;
            self.strangers.filter(|_| full)
        })
    }

    fn put(&mut self, source: Source, forgiven: Instant, now: Instant) {
        if self.by_source.len() >= limits::SOURCES && !self.by_source.contains_key(&source) {
            self.sweep(now);
        }
        if self.by_source.len() < limits::SOURCES || self.by_source.contains_key(&source) {
            self.by_source.insert(source, forgiven);
        } else {
            self.strangers = Some(forgiven);
        }
    }

    /// Forgets who is forgiven; at most once a second, because it looks at all of them.
    fn sweep(&mut self, now: Instant) {
        let due = self.swept.is_none_or(|last| now.since(last) >= Duration::from_secs(1));
        if due {
            self.swept = Some(now);
            self.by_source.retain(|_, forgiven| *forgiven > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(secs)
    }

    const ONE: Source = Source::v4(1);

    /// Another wrong password, if it is still taken.
    fn wrong(patience: &Patience, source: Source, now: Instant) -> bool {
        let lasts = patience.lasts(source, now);
        if lasts {
            patience.wears(source, now);
        }
        lasts
    }

    #[test]
    fn a_minutes_mistakes_can_be_made_at_once_and_are_forgiven_evenly() {
        let patience = Patience::new(6);
        for _ in 0..6 {
            assert!(wrong(&patience, ONE, at(0)));
        }
        assert!(!wrong(&patience, ONE, at(0)));
        assert!(!wrong(&patience, ONE, at(9)));
        assert!(wrong(&patience, ONE, at(10)));
        assert!(!wrong(&patience, ONE, at(10)));
        assert!(wrong(&patience, Source::v4(2), at(10)));
    }

    #[test]
    fn who_makes_no_mistake_is_not_even_known() {
        let patience = Patience::new(1);
        assert!(patience.lasts(ONE, at(0)));
        assert!(patience.buckets().by_source.is_empty());
    }

    #[test]
    fn this_machine_is_never_too_wrong() {
        let patience = Patience::new(1);
        for _ in 0..100 {
            assert!(wrong(&patience, Source::Local, at(0)));
        }
    }

    #[test]
    fn a_flood_of_sources_slows_strangers_not_memory() {
        let patience = Patience::new(1);
        let sources = u32::try_from(limits::SOURCES).expect("fits");
        for source in 0..sources {
            assert!(wrong(&patience, Source::v4(source), at(0)));
        }
        assert!(wrong(&patience, Source::v4(sources), at(0)));
        assert!(!wrong(&patience, Source::v4(sources + 1), at(0)));
        assert!(patience.lasts(Source::Local, at(0)));
        assert_eq!(patience.buckets().by_source.len(), limits::SOURCES);
        // Old sources are forgotten once they are forgiven.
        assert!(wrong(&patience, Source::v4(sources + 1), at(61)));
        assert_eq!(patience.buckets().by_source.len(), 1);
    }
}
