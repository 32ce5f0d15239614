//! Time as an argument.
//!
//! The protocol machines of this workspace never ask what time it is: every input carries its
//! [`Instant`], and a machine answers with the instant at which it wants to be called again. Drivers
//! make instants from the operating system's monotonic clock, tests and fuzzers from plain numbers.
//!
//! Start with [`Instant`]; [`Timers`] is the small deadline table that a machine keeps. [`Date`] and [`Civil`] are what
//! days and moments are called, for whoever shows them to people.
//!
//! ```
//! use clock::{Instant, Timers};
//! use std::time::Duration;
//!
//! const RING: usize = 0;
//! let start = Instant::ORIGIN;
//! let mut timers = Timers::<1>::default();
//! timers.set(RING, start + Duration::from_secs(2));
//! assert_eq!(timers.take_due(start), None);
//! assert_eq!(timers.take_due(start + Duration::from_secs(2)), Some(RING));
//! assert_eq!(timers.next(), None);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic))]

mod calendar;
mod timers;

use std::ops::Add;
use std::time::Duration;

pub use calendar::{Civil, Date};
pub use timers::Timers;

/// A point on a monotonic clock, in nanoseconds since an arbitrary origin.
///
/// Reaches 584 years; additions saturate there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Where the clock starts.
    pub const ORIGIN: Self = Self(0);

    /// The instant `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addition_beyond_the_end_of_time_stays_there() {
        let end = Instant::from_nanos(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
    }

    #[test]
    fn time_does_not_run_backwards() {
        let later = Instant::ORIGIN + Duration::from_millis(5);
        assert_eq!(later.since(Instant::ORIGIN), Duration::from_millis(5));
        assert_eq!(Instant::ORIGIN.since(later), Duration::ZERO);
    }
}
