//! What takes time on the way out: emptying the queue and sending a BREAK.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::port::{Port, Wiring};
use crate::limits::{LATEST_DRAIN_LOOK, LONGEST_BREAK, SHORTEST_BREAK, SOONEST_DRAIN_LOOK};
use crate::raw;
use crate::settings::Settings;

/// The timer of a queue that is being emptied: the kernel can only be asked, not listened to.
#[derive(Debug, Default)]
pub(super) struct Drain(Option<Pin<Box<Sleep>>>);

impl Drain {
    /// Ready when everything written has left the port.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        port: &Port,
        settings: &Settings,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(timer) = &mut self.0 {
                ready!(timer.as_mut().poll(cx));
                self.0 = None;
            }
            let unsent = port.unsent()?;
            if unsent == 0 {
                return Poll::Ready(Ok(()));
            }
            self.0 = Some(Box::pin(sleep_until(Instant::now() + time_for(unsent, settings))));
        }
    }
}

/// How long so many bytes take at most, within the bounds of looking again.
fn time_for(bytes: usize, settings: &Settings) -> Duration {
    let bits = bytes as u64 * u64::from(settings.format.bits());
    let time = Duration::from_micros(bits * 1_000_000 / u64::from(settings.speed.max(1)));
    time.clamp(SOONEST_DRAIN_LOOK, LATEST_DRAIN_LOOK)
}

/// A BREAK on its way out.
#[derive(Debug)]
pub(super) struct Breaking {
    length: Duration,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// What was written before goes first.
    Draining(Drain),
    On(Pin<Box<Sleep>>),
}

impl Breaking {
    pub(super) fn new(length: Duration) -> Self {
        let length = length.clamp(SHORTEST_BREAK, LONGEST_BREAK);
        Self { length, phase: Phase::Draining(Drain::default()) }
    }

    /// Ready when the BREAK is over.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        port: &Port,
        settings: &Settings,
    ) -> Poll<io::Result<()>> {
        loop {
            match &mut self.phase {
                Phase::Draining(drain) => {
                    ready!(drain.poll(cx, port, settings))?;
                    if port.wiring == Wiring::NoLines {
                        return Poll::Ready(Ok(()));
                    }
                    raw::start_break(&port.fd)?;
                    self.phase = Phase::On(Box::pin(sleep_until(Instant::now() + self.length)));
                }
                Phase::On(timer) => {
                    ready!(timer.as_mut().poll(cx));
                    return Poll::Ready(raw::end_break(&port.fd).map_err(io::Error::from));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_looked_at_when_it_should_be_empty() {
        let at = |speed| Settings { speed, ..Settings::default() };
        assert_eq!(time_for(10, &at(9600)), Duration::from_micros(10_416));
        assert_eq!(time_for(1, &at(4_000_000)), SOONEST_DRAIN_LOOK);
        assert_eq!(time_for(4096, &at(300)), LATEST_DRAIN_LOOK);
        assert_eq!(time_for(4096, &at(0)), LATEST_DRAIN_LOOK);
    }
}
