//! One timer for all deadlines of a machine.

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use clock::Instant;
use tokio::time::{Sleep, sleep_until};

use crate::{clock_now, timer_at};

/// Ready when this time has come; never, if there is none.
pub async fn due(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(timer_at(deadline)).await,
        None => pending().await,
    }
}

/// Fires no later than the deadline it is asked for.
///
/// Inactivity moves its deadline with every byte, so the timer is only set anew for an earlier one;
/// when it fires too early, nothing is due and it is set again.
#[derive(Debug, Default)]
pub struct Timer {
    armed: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timer {
    /// Ready with the time when the deadline may have come.
    pub fn poll(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<Instant> {
        let Some(deadline) = deadline else { return Poll::Pending };
        let (at, sleep) =
            self.armed.get_or_insert_with(|| (deadline, Box::pin(sleep_until(timer_at(deadline)))));
        if deadline < *at {
            *at = deadline;
            sleep.as_mut().reset(timer_at(deadline));
        }
        if sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // The operating system's timer may be a little early by our clock.
        let now = clock_now().max(*at);
        self.armed = None;
        Poll::Ready(now)
    }

    /// Ready with the time when the deadline has come.
    pub fn poll_due(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<Instant> {
        loop {
            let now = ready!(self.poll(cx, deadline));
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_moves_is_met_and_never_missed() {
        let (start, second) = (clock_now(), Duration::from_secs(1));
        let mut timer = Timer::default();
        let mut asked = 0;
        let now = poll_fn(|cx| {
            // Later with the second look, and earlier with the third.
            asked += 1;
            let after = match asked {
                1 => 5,
                2 => 9,
                _ => 7,
            };
            if asked < 3 {
                cx.waker().wake_by_ref();
            }
            timer.poll_due(cx, Some(start + second * after))
        })
        .await;
        assert!(now >= start + second * 7 && now < start + second * 8, "{now:?}");
        let never = poll_fn(|cx| timer.poll_due(cx, None));
        assert!(tokio::time::timeout(second * 3600, never).await.is_err());
    }
}
