//! What time it is for a station.
//!
//! It believes the system's clock when it starts, and the monotonic one from then on, so that a step of the
//! system's clock puts no sample into another hour; the centre corrects it at each call. An owner who keeps the
//! system's clock right by other means says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use carrier::clock_now;
use clock::Instant;
use serde::Deserialize;
use telemetry::Stamp;

use crate::limits;

/// Whose clock counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFrom {
    /// The centre's.
    #[default]
    Centre,
    /// The system's own, whatever the centre says.
    System,
}

/// The station's clock. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    from: TimeFrom,
    anchor: Arc<Mutex<Anchor>>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Instant,
    unix_ms: i64,
    stamp: Stamp,
}

impl Clock {
    /// The system's time; but not before `earliest_ms`, when something was stored already.
    pub(crate) fn new(from: TimeFrom, earliest_ms: i64) -> Self {
        let stamp = if from == TimeFrom::System { Stamp::Sure } else { Stamp::Unsure };
        let anchor = Anchor { at: clock_now(), unix_ms: system_ms().max(earliest_ms), stamp };
        Self { from, anchor: Arc::new(Mutex::new(anchor)) }
    }

    /// Milliseconds since 1970, and whether they can be relied on.
    pub(crate) fn now(&self) -> (i64, Stamp) {
        if self.from == TimeFrom::System {
            return (system_ms(), Stamp::Sure);
        }
        let anchor = *self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        (anchor.unix_ms.saturating_add(millis(clock_now().since(anchor.at))), anchor.stamp)
    }

    /// The centre says what time it is. How far the clock was off.
    pub(crate) fn told(&self, unix_ms: i64, give_or_take: Duration) -> i64 {
        let (now_ms, _) = self.now();
        let off = unix_ms.saturating_sub(now_ms);
        if self.from == TimeFrom::Centre {
            let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
            if off.unsigned_abs()
                > u64::try_from(millis(limits::CLOCK.max(give_or_take))).unwrap_or(0)
            {
                *anchor = Anchor { at: clock_now(), unix_ms, stamp: Stamp::Sure };
            }
            anchor.stamp = Stamp::Sure;
        }
        off
    }
}

fn system_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_sets_a_clock_that_is_off_and_leaves_one_that_is_right() {
        let clock = Clock::new(TimeFrom::Centre, 0);
        let (now, stamp) = clock.now();
        assert_eq!(stamp, Stamp::Unsure);
        clock.told(now + 500, Duration::from_millis(100));
        let (still, stamp) = clock.now();
        assert_eq!(stamp, Stamp::Sure);
        assert!((still - now).abs() < 400);
        clock.told(now + 86_400_000, Duration::from_millis(100));
        assert!(clock.now().0 >= now + 86_400_000);
    }

    #[test]
    fn a_clock_that_has_lost_its_battery_does_not_go_back_behind_what_is_stored() {
        let far = system_ms() + 1_000_000;
        assert!(Clock::new(TimeFrom::Centre, far).now().0 >= far);
    }

    #[test]
    fn a_trusted_clock_is_not_set() {
        let clock = Clock::new(TimeFrom::System, 0);
        clock.told(5, Duration::ZERO);
        assert!(clock.now().0 > 1_000_000);
    }
}
