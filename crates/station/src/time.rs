//! What time it is for a station.
//!
//! It believes the system's clock when it starts, and the monotonic one from then on, so that a step of the
//! system's clock puts no sample into another hour; the centre corrects it at each call, within bounds. An owner who
//! keeps the system's clock right by other means says so.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use carrier::clock_now;
use clock::Instant;
use serde::Deserialize;
use telemetry::{ClockNews, Stamp};

use crate::limits;
use crate::shelf::Fresh;

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
pub(crate) struct Clock(Arc<Mutex<Timepiece>>);

/// What it is, on a clock that it is told.
#[derive(Debug)]
struct Timepiece {
    from: TimeFrom,
    /// By how much the centre may set it, once it was set.
    step: Duration,
    at: Instant,
    unix_ms: i64,
    stamp: Stamp,
    /// By how much it was off until it was known.
    first_off_ms: i64,
    /// What the centre insists on, and since when.
    doubt: Option<(Instant, i64)>,
    news: ClockNews,
}

/// What was done about the centre's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing new: it was right, or it isn't the centre's to set, or was refused.
    Nothing,
    /// It is known for the first time since the start: what was stamped since is off by this.
    First(i64),
    /// It was set.
    Set,
}

impl Clock {
    /// The system's time; but not before `earliest_ms`, when something was stored already.
    pub(crate) fn new(from: TimeFrom, step: Duration, earliest_ms: i64) -> Self {
        let piece = Timepiece::new(from, step, clock_now(), system_ms().max(earliest_ms));
        Self(Arc::new(Mutex::new(piece)))
    }

    /// Milliseconds since 1970, and whether they can be relied on.
    pub(crate) fn now(&self) -> (i64, Stamp) {
        self.piece().now(clock_now(), system_ms())
    }

    /// Gives samples that were taken before the time was known the time that is known now.
    pub(crate) fn mend(&self, samples: &mut [Fresh]) {
        let piece = self.piece();
        if piece.stamp == Stamp::Sure {
            for sample in samples.iter_mut().filter(|sample| sample.stamp == Stamp::Unsure) {
                sample.at_ms = sample.at_ms.saturating_add(piece.first_off_ms);
                sample.stamp = Stamp::Sure;
            }
        }
    }

    /// The centre says what time it is.
    pub(crate) fn told(&self, unix_ms: i64, give_or_take: Duration) -> Told {
        self.piece().told(clock_now(), system_ms(), unix_ms, give_or_take)
    }

    /// What was last done about the centre's time.
    pub(crate) fn news(&self) -> ClockNews {
        self.piece().news
    }

    fn piece(&self) -> MutexGuard<'_, Timepiece> {
        // Nothing under the lock stops half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timepiece {
    const fn new(from: TimeFrom, step: Duration, at: Instant, unix_ms: i64) -> Self {
        let stamp = match from {
            TimeFrom::System => Stamp::Sure,
            TimeFrom::Centre => Stamp::Unsure,
        };
        let (doubt, news) = (None, ClockNews::Untold);
        Self { from, step, at, unix_ms, stamp, first_off_ms: 0, doubt, news }
    }

    fn now(&self, now: Instant, system_ms: i64) -> (i64, Stamp) {
        match self.from {
            TimeFrom::System => (system_ms, Stamp::Sure),
            TimeFrom::Centre => {
                (self.unix_ms.saturating_add(millis(now.since(self.at))), self.stamp)
            }
        }
    }

    fn told(&mut self, now: Instant, system_ms: i64, unix_ms: i64, give_or_take: Duration) -> Told {
        let off = unix_ms.saturating_sub(self.now(now, system_ms).0);
        let near = |bound: Duration| off.unsigned_abs() <= millis(bound).unsigned_abs();
        if self.from == TimeFrom::System {
            self.news = ClockNews::Right(off);
            return Told::Nothing;
        }
        let sane =
            (limits::FIRST_MS..limits::LAST_MS).contains(&unix_ms) && give_or_take <= limits::VAGUE;
        if !sane || self.stamp == Stamp::Sure && !near(self.step) && !self.insists(now, off) {
            self.news = ClockNews::Refused(off);
            return Told::Nothing;
        }
        self.doubt = None;
        let first = self.stamp == Stamp::Unsure;
        self.stamp = Stamp::Sure;
        if near(limits::CLOCK.max(give_or_take)) {
            self.news = ClockNews::Right(off);
            return if first { Told::First(0) } else { Told::Nothing };
        }
        (self.at, self.unix_ms) = (now, unix_ms);
        self.news = ClockNews::Set(off);
        if first {
            self.first_off_ms = off;
        }
        if first { Told::First(off) } else { Told::Set }
    }

    /// Whether the centre has said the same for so long that it is the station that must be wrong.
    fn insists(&mut self, now: Instant, off: i64) -> bool {
        let same = |known: i64| {
            known.saturating_sub(off).unsigned_abs() <= millis(limits::VAGUE).unsigned_abs()
        };
        match self.doubt {
            Some((since, known)) if same(known) => now.since(since) >= limits::INSISTS,
            _ => {
                self.doubt = Some((now, off));
                false
            }
        }
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

    const HOUR: Duration = Duration::from_secs(3600);
    const HOUR_MS: i64 = 3_600_000;
    const START: i64 = 1_790_000_000_000;
    const SOON: Duration = Duration::from_millis(100);

    /// A station that starts at `START` by its system's clock, and its clock.
    fn piece() -> (Timepiece, Instant) {
        (Timepiece::new(TimeFrom::Centre, HOUR, Instant::ORIGIN, START), Instant::ORIGIN)
    }

    #[test]
    fn a_jump_of_the_systems_clock_moves_no_sample() {
        let (piece, now) = piece();
        let mut before = i64::MIN;
        for (n, jump) in [0, HOUR_MS, -30 * HOUR_MS, 8760 * HOUR_MS, -START].iter().enumerate() {
            let n = i64::try_from(n).unwrap();
            let at = now + HOUR * u32::try_from(n).unwrap();
            let (ms, _) = piece.now(at, START + n * HOUR_MS + jump);
            assert_eq!(ms, START + n * HOUR_MS, "true time, whatever the system says");
            assert!(ms > before, "in order");
            before = ms;
        }
    }

    #[test]
    fn the_first_word_of_the_centre_sets_it_and_says_how_far_samples_are_off() {
        let (mut piece, now) = piece();
        assert_eq!(piece.now(now, START).1, Stamp::Unsure);
        let truth = START + 400 * 24 * HOUR_MS;
        assert_eq!(piece.told(now, START, truth, SOON), Told::First(400 * 24 * HOUR_MS));
        assert_eq!(piece.now(now + HOUR, START), (truth + HOUR_MS, Stamp::Sure));
        assert_eq!(piece.news, ClockNews::Set(400 * 24 * HOUR_MS));
    }

    #[test]
    fn a_clock_that_is_right_is_left_alone() {
        let (mut piece, now) = piece();
        assert_eq!(piece.told(now, START, START + 500, SOON), Told::First(0));
        assert_eq!(piece.now(now, START), (START, Stamp::Sure));
        assert_eq!(piece.news, ClockNews::Right(500));
    }

    #[test]
    fn a_centre_whose_clock_jumps_takes_no_station_along() {
        let (mut piece, mut now) = piece();
        piece.told(now, START, START, SOON);
        for jump in [2 * HOUR_MS, -2 * HOUR_MS, 8760 * HOUR_MS, i64::MAX / 2, i64::MIN / 2] {
            now = now + HOUR;
            let own = piece.now(now, 0).0;
            assert_eq!(piece.told(now, 0, own.saturating_add(jump), SOON), Told::Nothing);
            assert_eq!(piece.now(now, 0), (own, Stamp::Sure), "it goes on as before");
            assert!(matches!(piece.news, ClockNews::Refused(off) if off.signum() == jump.signum()));
        }
        // What it is allowed, it follows.
        let own = piece.now(now, 0).0;
        assert_eq!(piece.told(now, 0, own - HOUR_MS / 2, SOON), Told::Set);
        assert_eq!(piece.now(now, 0).0, own - HOUR_MS / 2);
    }

    #[test]
    fn a_centre_that_says_the_same_for_a_day_is_right_after_all() {
        let (mut piece, mut now) = piece();
        // It was wrong the first time.
        piece.told(now, START, START + 48 * HOUR_MS, SOON);
        for hour in 0..=24 {
            let truth = START + i64::from(hour) * HOUR_MS;
            let told = piece.told(now, START, truth, SOON);
            assert_eq!(told, if hour < 24 { Told::Nothing } else { Told::Set }, "{hour}");
            now = now + HOUR;
        }
        assert_eq!(piece.now(now, START).0, START + 25 * HOUR_MS);
    }

    #[test]
    fn a_time_of_no_century_or_by_a_crawling_path_is_not_believed_though_it_is_the_first() {
        for (told, way) in [
            (0, SOON),
            (-1, SOON),
            (i64::MAX, SOON),
            (i64::MIN, SOON),
            (START + HOUR_MS, Duration::from_secs(300)),
        ] {
            let (mut piece, now) = piece();
            assert_eq!(piece.told(now, START, told, way), Told::Nothing);
            assert_eq!(piece.now(now, START), (START, Stamp::Unsure));
        }
    }

    #[test]
    fn a_clock_that_has_lost_its_battery_does_not_go_back_behind_what_is_stored() {
        let far = system_ms() + 1_000_000;
        assert!(Clock::new(TimeFrom::Centre, HOUR, far).now().0 >= far);
    }

    #[test]
    fn a_trusted_clock_is_not_set() {
        let mut piece = Timepiece::new(TimeFrom::System, HOUR, Instant::ORIGIN, 5);
        assert_eq!(piece.told(Instant::ORIGIN, START, START + 7, SOON), Told::Nothing);
        assert_eq!(piece.now(Instant::ORIGIN, START), (START, Stamp::Sure));
        assert_eq!(piece.news, ClockNews::Right(7));
    }
}
