//! Carrying bytes between two ends.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clock::Instant;
use tokio::time::{Sleep, sleep_until};

use crate::queue::Queue;
use crate::{Duplex, clock_now, limits, scratch, timer_at};

/// When a pump is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When both ends have finished sending.
    BothEnd,
    /// When the first end has finished sending and everything is delivered.
    FirstEnds,
    /// When the second end has finished sending and everything is delivered: a caller may close his
    /// half and still wants the program's last words, but a program that has ended takes no more.
    SecondEnds,
}

/// One of a pump's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first argument.
    First,
    /// The second argument.
    Second,
}

/// How a pump came to its end.
#[derive(Debug)]
pub enum Ending {
    /// What was asked for by [`Until`].
    Finished,
    /// No byte moved for as long as allowed.
    Idle,
    /// An end failed. What it had sent before was delivered, unless the other end took longer than
    /// [`limits::DRAIN`].
    Failed(End, io::Error),
}

/// What a pump did.
#[derive(Debug)]
pub struct Pumped {
    /// Bytes from the first end to the second.
    pub forward: u64,
    /// Bytes from the second end to the first.
    pub backward: u64,
    /// Why it stopped.
    pub ending: Ending,
}

/// Carries bytes both ways between `first` and `second` until `until`.
///
/// Bytes go through the thread's buffer, and only those that an end refuses are kept, so an idle pump
/// owns none. While an end refuses, the other one is not read: that is the back-pressure. An end that
/// finishes sending has the other end's [`Duplex::poll_shutdown`] called, and the opposite direction
/// goes on. `idle` limits how long nothing may move.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use carrier::{Until, pump};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let (mut left, mut first) = tokio::net::UnixStream::pair()?;
/// let (mut second, mut right) = tokio::net::UnixStream::pair()?;
/// left.write_all(b"hello").await?;
/// left.shutdown().await?;
/// right.write_all(b"goodbye").await?;
/// right.shutdown().await?;
/// let pumped = pump(&mut first, &mut second, Until::BothEnd, None).await;
/// assert_eq!((pumped.forward, pumped.backward), (5, 7));
/// # drop((first, second));
/// let mut heard = String::new();
/// right.read_to_string(&mut heard).await?;
/// assert_eq!(heard, "hello");
/// # Ok(())
/// # }
/// ```
pub async fn pump<A: Duplex, B: Duplex>(
    first: &mut A,
    second: &mut B,
    until: Until,
    idle: Option<Duration>,
) -> Pumped {
    let mut pump = Pump {
        forward: Direction::default(),
        backward: Direction::default(),
        until,
        idle,
        last_moved: clock_now(),
        failure: None,
    };
    let mut timer = pin!(None::<Sleep>);
    let ending = poll_fn(|cx| {
        loop {
            if let Poll::Ready(ending) = pump.poll(cx, first, second) {
                return Poll::Ready(ending);
            }
            let wake = [first.deadline(), second.deadline(), pump.deadline()];
            ready!(poll_timer(cx, timer.as_mut(), wake.into_iter().flatten().min()));
            let now = clock_now();
            if let Some(ending) = pump.timeout(now) {
                return Poll::Ready(ending);
            }
            time_out(first, now);
            time_out(second, now);
        }
    })
    .await;
    Pumped { forward: pump.forward.moved, backward: pump.backward.moved, ending }
}

/// Ready when `at` has come. The timer is moved rather than made anew.
fn poll_timer(
    cx: &mut Context<'_>,
    mut timer: Pin<&mut Option<Sleep>>,
    at: Option<Instant>,
) -> Poll<()> {
    let Some(at) = at.map(timer_at) else {
        timer.set(None);
        return Poll::Pending;
    };
    match timer.as_mut().as_pin_mut() {
        Some(timer) if timer.deadline() == at => {}
        Some(timer) => timer.reset(at),
        None => timer.set(Some(sleep_until(at))),
    }
    match timer.as_pin_mut() {
        Some(timer) => timer.poll(cx),
        None => Poll::Pending,
    }
}

fn time_out(end: &mut impl Duplex, now: Instant) {
    if end.deadline().is_some_and(|deadline| deadline <= now) {
        end.timeout(now);
    }
}

struct Pump {
    forward: Direction,
    backward: Direction,
    until: Until,
    idle: Option<Duration>,
    last_moved: Instant,
    failure: Option<Failure>,
}

struct Failure {
    end: End,
    error: io::Error,
    /// When what the failed end had sent must be delivered.
    drained_by: Instant,
}

impl Pump {
    fn poll<A: Duplex, B: Duplex>(
        &mut self,
        cx: &mut Context<'_>,
        first: &mut A,
        second: &mut B,
    ) -> Poll<Ending> {
        let before = self.forward.moved + self.backward.moved;
        if let Err(failed) = self.forward.poll(cx, first, second) {
            self.fail(failed, End::First, End::Second);
        }
        if let Err(failed) = self.backward.poll(cx, second, first) {
            self.fail(failed, End::Second, End::First);
        }
        if self.forward.moved + self.backward.moved != before {
            self.last_moved = clock_now();
        }
        // An end may have taken bytes that are not on their way yet.
        if let Some(failed) = self.backward.flush(cx, first) {
            self.fail(failed, End::Second, End::First);
        }
        if let Some(failed) = self.forward.flush(cx, second) {
            self.fail(failed, End::First, End::Second);
        }
        match self.is_done() {
            true => Poll::Ready(self.ending()),
            false => Poll::Pending,
        }
    }

    fn fail(&mut self, failed: Failed, source: End, sink: End) {
        let (end, error) = match failed {
            Failed::Source(error) => {
                self.towards(source).give_up();
                (source, error)
            }
            Failed::Sink(error) => {
                self.towards(sink).give_up();
                if self.is_half_close(sink, &error) {
                    return;
                }
                (sink, error)
            }
        };
        if self.failure.is_none() {
            let drained_by = clock_now() + limits::DRAIN;
            self.failure = Some(Failure { end, error, drained_by });
        }
    }

    /// Whether `end` merely takes no more (a program that has closed its input), so that what it still
    /// says is worth waiting for. When all that is left to do was to write to it, it is not.
    fn is_half_close(&self, end: End, error: &io::Error) -> bool {
        match (self.until, end) {
            (Until::FirstEnds, End::First) | (Until::SecondEnds, End::Second) => true,
            (Until::BothEnd, _) => error.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }

    fn towards(&mut self, end: End) -> &mut Direction {
        match end {
            End::First => &mut self.backward,
            End::Second => &mut self.forward,
        }
    }

    fn is_done(&self) -> bool {
        let (forward, backward) = (self.forward.is_done(), self.backward.is_done());
        match (&self.failure, self.until) {
            (Some(Failure { end: End::First, .. }), _) => forward,
            (Some(Failure { end: End::Second, .. }), _) => backward,
            (None, Until::BothEnd) => forward && backward,
            (None, Until::FirstEnds) => forward,
            (None, Until::SecondEnds) => backward,
        }
    }

    fn ending(&mut self) -> Ending {
        match self.failure.take() {
            Some(Failure { end, error, .. }) => Ending::Failed(end, error),
            None => Ending::Finished,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let idle = self.idle.map(|idle| self.last_moved + idle);
        let drain = self.failure.as_ref().map(|failure| failure.drained_by);
        idle.into_iter().chain(drain).min()
    }

    fn timeout(&mut self, now: Instant) -> Option<Ending> {
        if self.failure.as_ref().is_some_and(|failure| failure.drained_by <= now) {
            return Some(self.ending());
        }
        let idle = self.idle.is_some_and(|idle| self.last_moved + idle <= now);
        idle.then_some(Ending::Idle)
    }
}

/// Bytes from one end to the other.
#[derive(Default)]
struct Direction {
    phase: Phase,
    /// Refused by the sink. While there are any, the source is not read.
    pending: Queue,
    moved: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Carrying,
    /// The source has ended; the sink still has to be told.
    Finishing,
    Done,
}

/// Which end of a direction failed.
enum Failed {
    Source(io::Error),
    Sink(io::Error),
}

impl Direction {
    fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Moves what can be moved now.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Duplex,
        sink: &mut impl Duplex,
    ) -> Result<(), Failed> {
        for _ in 0..limits::TURNS {
            let step = match self.phase {
                Phase::Done => return Ok(()),
                _ if !self.pending.is_empty() => self.deliver(cx, sink).map_err(Failed::Sink),
                Phase::Carrying => self.carry(cx, source, sink),
                Phase::Finishing => self.finish(cx, sink).map_err(Failed::Sink),
            };
            match step {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => return Ok(()),
                Err(failed) => {
                    // What a source sent before it failed is still delivered.
                    self.phase = Phase::Finishing;
                    return Err(failed);
                }
            }
        }
        // The other direction's turn, and the other tasks'.
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn flush(&self, cx: &mut Context<'_>, sink: &mut impl Duplex) -> Option<Failed> {
        match sink.poll_flush(cx) {
            Poll::Ready(Err(error)) if !self.is_done() => Some(Failed::Sink(error)),
            _ => None,
        }
    }

    /// The sink takes no more.
    fn give_up(&mut self) {
        self.phase = Phase::Done;
        self.pending = Queue::default();
    }

    fn carry(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Duplex,
        sink: &mut impl Duplex,
    ) -> Result<Poll<()>, Failed> {
        scratch::with(|buf| {
            let count = match source.poll_read(cx, buf).map_err(Failed::Source)? {
                Poll::Ready(count) => count,
                Poll::Pending => return Ok(Poll::Pending),
            };
            if count == 0 {
                self.phase = Phase::Finishing;
                return Ok(Poll::Ready(()));
            }
            let mut rest = buf.get(..count).unwrap_or_default();
            while !rest.is_empty() {
                match sink.poll_write(cx, rest).map_err(Failed::Sink)? {
                    Poll::Ready(0) => return Err(Failed::Sink(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(written) => {
                        self.moved += written as u64;
                        rest = rest.get(written..).unwrap_or_default();
                    }
                    Poll::Pending => {
                        self.pending.put(rest);
                        return Ok(Poll::Pending);
                    }
                }
            }
            Ok(Poll::Ready(()))
        })
    }

    fn deliver(&mut self, cx: &mut Context<'_>, sink: &mut impl Duplex) -> io::Result<Poll<()>> {
        let Poll::Ready(written) = sink.poll_write(cx, self.pending.waiting())? else {
            return Ok(Poll::Pending);
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.moved += written as u64;
        self.pending.advance(written);
        Ok(Poll::Ready(()))
    }

    fn finish(&mut self, cx: &mut Context<'_>, sink: &mut impl Duplex) -> io::Result<Poll<()>> {
        match sink.poll_shutdown(cx) {
            Poll::Pending => return Ok(Poll::Pending),
            // Everything was delivered, and the far end has left in the meantime.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected => {}
            Poll::Ready(result) => result?,
        }
        self.phase = Phase::Done;
        Ok(Poll::Ready(()))
    }
}
