//! Chance, and what is spread by names.

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::time::Duration;

use crate::limits;

/// A number by chance: not for secrets.
pub(crate) fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A time between nothing and `most`.
pub(crate) fn within(most: Duration) -> Duration {
    most.mul_f64(f64::from(u32::try_from(number() >> 32).unwrap_or(0)) / f64::from(u32::MAX))
}

/// About as long as this.
pub(crate) fn about(span: Duration) -> Duration {
    let part = span * limits::JITTER / 100;
    span.saturating_sub(part) + within(part * 2)
}

/// When something that happens every `every_ms` has its turn next: names decide where in the period, so that a
/// fleet spreads over it, and each keeps its place.
pub(crate) fn next_turn(name: &str, every_ms: i64, now_ms: i64) -> i64 {
    let every = every_ms.max(1);
    let since = (now_ms - place(name, 0, every)).rem_euclid(every);
    now_ms + (every - since)
}

/// A little later than this turn, by chance, so that two who share a place don't always meet there; it is the same
/// whenever it is looked at.
pub(crate) fn shaken(name: &str, every_ms: i64, turn: i64) -> i64 {
    turn + place(name, turn, (every_ms / limits::SHAKEN).max(1))
}

/// A place within `span`, decided by a name and a number.
pub(crate) fn place(name: &str, number: i64, span: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    (name, number).hash(&mut hasher);
    i64::try_from(hasher.finish() >> 1).unwrap_or(0) % span.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_spreads_over_the_period_and_each_keeps_its_place() {
        let hour = 3_600_000;
        let mut quarters = [0; 4];
        for n in 0..400 {
            let name = format!("site-{n}");
            let turn = next_turn(&name, hour, 1_790_000_000_000);
            assert!(turn > 1_790_000_000_000 && turn <= 1_790_000_000_000 + hour);
            assert_eq!(next_turn(&name, hour, turn), turn + hour, "and not at once again");
            assert_eq!(next_turn(&name, hour, turn - 1), turn);
            quarters[usize::try_from(turn.rem_euclid(hour) * 4 / hour).unwrap()] += 1;
        }
        assert!(quarters.iter().all(|count| (60..140).contains(count)), "{quarters:?}");
    }

    #[test]
    fn a_wait_is_about_as_long_as_said() {
        for _ in 0..200 {
            let wait = about(Duration::from_secs(100)).as_secs_f64();
            assert!((80.0..=120.0).contains(&wait), "{wait}");
        }
    }
}
