//! A stream as slow as a telephone line.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clock::Instant;
use tokio::time::{Sleep, sleep_until};

use crate::{Duplex, clock_now, limits, timer_at};

/// So many bytes a second, in steps of at least [`limits::THROTTLE_STEP`].
///
/// Bytes that were not used are saved up for one step, no longer: a line does not catch up.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    bytes_per_second: u32,
    /// When the bytes granted so far will have passed.
    busy_until: Instant,
}

impl Bucket {
    /// A line of `bits_per_second`, with ten bits to a character.
    pub fn new(bits_per_second: u32) -> Self {
        Self { bytes_per_second: (bits_per_second / 10).max(1), busy_until: Instant::ORIGIN }
    }

    /// How many bytes may pass at `now`, or when to ask again. Report with [`Bucket::take`] how many did.
    pub fn grant(&self, now: Instant) -> Result<usize, Instant> {
        if self.busy_until > now {
            return Err(self.busy_until);
        }
        let step_ms = limits::THROTTLE_STEP.as_millis() as u64;
        let bytes = u64::from(self.bytes_per_second) * step_ms / 1000;
        Ok(usize::try_from(bytes.max(1)).unwrap_or(usize::MAX))
    }

    /// So many bytes passed at `now`.
    pub fn take(&mut self, now: Instant, bytes: usize) {
        let nanos = (bytes as u64).saturating_mul(1_000_000_000) / u64::from(self.bytes_per_second);
        // A timer that came late is made up for, up to a step.
        let late = now.since(self.busy_until).min(limits::THROTTLE_STEP);
        let from = now.as_nanos().saturating_sub(u64::try_from(late.as_nanos()).unwrap_or(0));
        self.busy_until = Instant::from_nanos(from) + Duration::from_nanos(nanos);
    }
}

/// A [`Duplex`] at the speed of a line, in each direction.
pub struct Throttled<D> {
    inner: D,
    receive: Lane,
    send: Lane,
}

struct Lane {
    bucket: Bucket,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<D: Duplex> Throttled<D> {
    /// `inner` at `bits_per_second`, with ten bits to a character.
    pub fn new(inner: D, bits_per_second: u32) -> Self {
        let lane = || Lane { bucket: Bucket::new(bits_per_second), timer: None };
        Self { inner, receive: lane(), send: lane() }
    }
}

impl Lane {
    fn poll_grant(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            let at = match self.bucket.grant(clock_now()) {
                Ok(bytes) => {
                    self.timer = None;
                    return Poll::Ready(bytes);
                }
                Err(at) => timer_at(at),
            };
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            ready!(timer.as_mut().poll(cx));
        }
    }
}

impl<D: Duplex> Duplex for Throttled<D> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let some = ready!(self.receive.poll_grant(cx)).min(buf.len());
        let read = ready!(self.inner.poll_read(cx, buf.get_mut(..some).unwrap_or_default()))?;
        self.receive.bucket.take(clock_now(), read);
        Poll::Ready(Ok(read))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let some = ready!(self.send.poll_grant(cx)).min(data.len());
        let written = ready!(self.inner.poll_write(cx, data.get(..some).unwrap_or_default()))?;
        self.send.bucket.take(clock_now(), written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_shutdown(cx)
    }

    fn deadline(&self) -> Option<Instant> {
        self.inner.deadline()
    }

    fn timeout(&mut self, now: Instant) {
        self.inner.timeout(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Until, pump};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_thousand_bytes_take_a_second_at_9600() {
        let (mut left, first) = duplex(4096);
        let (mut second, mut right) = duplex(4096);
        let mut first = Throttled::new(first, 9600);
        left.write_all(&[7; 960]).await.unwrap();
        left.shutdown().await.unwrap();
        let start = clock_now();
        let carried = async {
            pump(&mut first, &mut second, Until::FirstEnds, None).await;
            clock_now().since(start)
        };
        let mut heard = Vec::new();
        let (took, _) = tokio::join!(carried, async {
            let mut buf = [0; 960];
            right.read_exact(&mut buf).await.unwrap();
            heard.extend(buf);
        });
        assert_eq!(heard.len(), 960);
        assert!((980..1040).contains(&took.as_millis()), "{took:?}");
    }

    #[test]
    fn steps_are_ten_milliseconds_and_never_empty() {
        assert_eq!(Bucket::new(115_200).grant(Instant::ORIGIN), Ok(115));
        assert_eq!(Bucket::new(300).grant(Instant::ORIGIN), Ok(1));
        let mut slow = Bucket::new(0);
        slow.take(Instant::ORIGIN, 1);
        assert_eq!(slow.grant(Instant::ORIGIN), Err(Instant::ORIGIN + Duration::from_secs(1)));
    }
}
