//! One timer for all deadlines of a call.

use std::pin::Pin;
use std::task::{Context, Poll};

use carrier::{clock_now, timer_at};
use clock::Instant;
use tokio::time::{Sleep, sleep_until};

/// Fires no later than the deadline it is asked for.
///
/// Inactivity moves its deadline with every byte, so the timer is only set anew for an earlier one;
/// when it fires too early, nothing is due and it is set again.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    armed: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timer {
    /// Ready with the time when the deadline may have come.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Option<Instant>,
    ) -> Poll<Instant> {
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
}
