//! The process's monotonic clock as the machines' [`Instant`].

use std::sync::OnceLock;
use std::time::Duration;

use clock::Instant;

/// How far before its first use the clock starts: a test's paused clock may lie a little before.
const HEAD_START: Duration = Duration::from_secs(3600);

fn origin() -> tokio::time::Instant {
    static ORIGIN: OnceLock<tokio::time::Instant> = OnceLock::new();
    *ORIGIN.get_or_init(|| {
        let now = tokio::time::Instant::now();
        now.checked_sub(HEAD_START).unwrap_or(now)
    })
}

/// What the clock shows now. Under tokio's paused test clock it shows that one's time.
pub fn clock_now() -> Instant {
    Instant::ORIGIN + tokio::time::Instant::now().saturating_duration_since(origin())
}

/// `at` as tokio's timers want it, for [`tokio::time::sleep_until`] and [`tokio::time::Sleep::reset`].
pub fn timer_at(at: Instant) -> tokio::time::Instant {
    let now = tokio::time::Instant::now();
    origin().checked_add(at.since(Instant::ORIGIN)).unwrap_or_else(|| now + FAR)
}

/// Stands for a deadline beyond what the operating system's clock can say.
const FAR: Duration = Duration::from_secs(86_400 * 365);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_fires_at_the_instant_it_was_set_for() {
        let at = clock_now() + Duration::from_secs(300);
        tokio::time::sleep_until(timer_at(at)).await;
        assert!(clock_now() >= at);
        assert!(clock_now().since(at) < Duration::from_millis(5));
    }

    #[tokio::test]
    async fn the_end_of_time_is_a_deadline_too() {
        assert!(timer_at(Instant::from_nanos(u64::MAX)) > tokio::time::Instant::now());
    }
}
