//! A time of day in eight bytes.

use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time of day, to the microsecond. A call keeps several of them, as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(NonZeroU64);

impl From<SystemTime> for Moment {
    /// Where the clock stands before 1970 it has not been set, and its error matters to nobody.
    fn from(time: SystemTime) -> Self {
        let micros = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        Self(NonZeroU64::new(micros).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        UNIX_EPOCH.checked_add(Duration::from_micros(moment.0.get())).unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_to_the_microsecond_and_none_is_out_of_reach() {
        let time = UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789);
        let back = SystemTime::from(Moment::from(time));
        assert_eq!(time.duration_since(back).ok(), Some(Duration::from_nanos(789)));
        for odd in [UNIX_EPOCH, UNIX_EPOCH - Duration::from_secs(1)] {
            let near = SystemTime::from(Moment::from(odd)).duration_since(UNIX_EPOCH);
            assert!(near.is_ok_and(|near| near < Duration::from_millis(1)));
        }
        assert_eq!(size_of::<Option<Moment>>(), 8);
    }
}
