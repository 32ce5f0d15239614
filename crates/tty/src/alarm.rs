//! A timer as exact as the kernel's.
//!
//! tokio counts in milliseconds and rounds up: of the 1.75 ms of silence that a Modbus bus wants above 19,200 bit/s
//! it makes three, and of the answers that the bus could give in a second, half.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::time::Instant;

use crate::limits;
use crate::raw::{Registered, register};

/// Rings once for every time it is set. It wakes nobody while there is nothing to wait for.
#[derive(Debug)]
pub struct Alarm(Option<Registered>);

impl Alarm {
    /// An alarm of the current tokio runtime. Where no descriptors are left, tokio's milliseconds must do.
    pub fn new() -> Self {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).map_err(io::Error::from);
        Self(timer.and_then(|timer| register(Arc::new(timer), Interest::READABLE)).ok())
    }

    /// Returns after this time, or never. It may be dropped before, and set to another time.
    pub async fn ring(&self, after: Option<Duration>) {
        let Some(after) = after else { return pending().await };
        if after.is_zero() {
            return;
        }
        let at = Instant::now() + after;
        // What is longer is no worse for a millisecond more, and costs no system call.
        match &self.0 {
            Some(timer) if after <= limits::FINE && exactly(timer, after).await.is_ok() => {}
            _ => tokio::time::sleep_until(at).await,
        }
    }
}

impl Default for Alarm {
    fn default() -> Self {
        Self::new()
    }
}

async fn exactly(timer: &Registered, after: Duration) -> io::Result<()> {
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let then = Timespec { tv_sec: 0, tv_nsec: i64::from(after.subsec_nanos()) };
    let once = Itimerspec { it_interval: none, it_value: then };
    timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
    loop {
        let mut ready = timer.readable().await?;
        match ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut [0; 8])?)) {
            Ok(read) => return read.map(|_| ()),
            // It had rung for an earlier time.
            Err(_would_block) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_never_rings_early_and_forgets_a_time_that_nobody_waits_for() {
        let alarm = Alarm::new();
        for round in 0..20 {
            // Set to less, given up, and it may have rung by then.
            let given_up = alarm.ring(Some(Duration::from_micros(50)));
            tokio::select! {
                biased;
                () = std::future::ready(()) => {}
                () = given_up => {}
            }
            let long = alarm.ring(Some(Duration::from_micros(20 * round)));
            let first = std::pin::pin!(long);
            tokio::select! {
                () = first => {}
                () = tokio::task::yield_now() => {}
            }
            let begun = Instant::now();
            alarm.ring(Some(Duration::from_micros(1750))).await;
            assert!(begun.elapsed() >= Duration::from_micros(1750));
        }
    }
}
