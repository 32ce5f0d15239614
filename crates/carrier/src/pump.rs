//! Carrying bytes between two ends.

mod direction;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clock::Instant;
use tokio::time::{Sleep, sleep_until};

use crate::{Duplex, clock_now, limits, timer_at};
use direction::{Direction, Failed};

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

/// Ready when `at` has come.
///
/// A deadline that moves away leaves the timer alone: it fires early and is set anew then, which costs
/// less than setting it at every byte.
fn poll_timer(
    cx: &mut Context<'_>,
    mut timer: Pin<&mut Option<Sleep>>,
    at: Option<Instant>,
) -> Poll<()> {
    let Some(at) = at.map(timer_at) else { return Poll::Pending };
    if timer.is_none() {
        timer.set(Some(sleep_until(at)));
    }
    let Some(mut timer) = timer.as_pin_mut() else { return Poll::Pending };
    if timer.deadline() > at {
        timer.as_mut().reset(at);
    }
    ready!(timer.as_mut().poll(cx));
    if timer.deadline() < at {
        timer.as_mut().reset(at);
        ready!(timer.poll(cx));
    }
    Poll::Ready(())
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
        let steps = [
            (self.forward.poll(cx, first, second), End::First),
            (self.backward.poll(cx, second, first), End::Second),
            // An end may have taken bytes that are not on their way yet.
            (self.forward.flush(cx, second), End::First),
            (self.backward.flush(cx, first), End::Second),
        ];
        for (step, source) in steps {
            if let Err(failed) = step {
                self.fail(failed, source);
                // What follows from it is done in the next turn.
                cx.waker().wake_by_ref();
            }
        }
        if self.forward.moved + self.backward.moved != before {
            self.last_moved = clock_now();
        }
        match self.is_done() {
            true => Poll::Ready(self.ending()),
            false => Poll::Pending,
        }
    }

    fn fail(&mut self, failed: Failed, source: End) {
        let sink = match source {
            End::First => End::Second,
            End::Second => End::First,
        };
        let (end, error) = match failed {
            Failed::Source(error) => {
                self.towards(source).give_up();
                (source, error)
            }
            Failed::Sink(error) => {
                if self.is_half_close(sink, &error) {
                    self.towards(sink).fall_deaf();
                    return;
                }
                self.towards(sink).give_up();
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
