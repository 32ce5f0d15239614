//! A call that gets back what it sends: the test number of an exchange.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use carrier::{Call, Queue, Received, Timer, clock_now, scratch};
use clock::Instant;

use crate::call::CallEnd;
use crate::limits;
use crate::login::Guest;
use crate::registry::Entry;
use crate::service::Left;
use crate::session::Admitted;

/// How long a call to something that the exchange does itself may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EchoRules {
    /// How long it may be silent.
    pub(crate) idle: Option<Duration>,
    /// How long it may last.
    pub(crate) longest: Option<Duration>,
}

/// A call to the test number: ready when it is to end.
///
/// Such calls stand for all silent ones when memory is counted, so it keeps nothing that it can do
/// without.
pub(crate) struct Echo<'a> {
    call: &'a mut Call,
    entry: &'a mut Entry,
    idle: Option<Duration>,
    limit: Option<Instant>,
    admitted: Admitted,
    pending: Queue,
    caller: Caller,
    heard: Instant,
    timer: Timer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Sends,
    /// He has finished sending, and still gets the rest.
    Listens,
}

impl<'a> Echo<'a> {
    pub(crate) fn new(
        call: &'a mut Call,
        entry: &'a mut Entry,
        guest: Guest,
        rules: EchoRules,
    ) -> Self {
        let Guest { mut admitted, early, .. } = guest;
        let mut pending = Queue::default();
        pending.put(admitted.data(&early));
        let heard = clock_now();
        let EchoRules { idle, longest } = rules;
        let limit = longest.map(|longest| heard + longest);
        let (caller, timer) = (Caller::Sends, Timer::default());
        Self { call, entry, idle, limit, admitted, pending, caller, heard, timer }
    }

    fn work(&mut self, cx: &mut Context<'_>) -> Result<(), CallEnd> {
        if let Poll::Ready(order) = self.entry.poll_order(cx) {
            return Err(order);
        }
        let before = self.call.counts().received;
        let mut turns = 0;
        while self.poll_step(cx)?.is_ready() {
            turns += 1;
            if turns == limits::TURNS {
                cx.waker().wake_by_ref();
                break;
            }
        }
        let counts = self.call.counts();
        if counts.received != before {
            self.heard = clock_now();
        }
        self.entry.count(counts);
        self.poll_time(cx)
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, CallEnd> {
        if !self.pending.is_empty() {
            let Poll::Ready(sent) = self.call.poll_send(cx, self.pending.waiting()) else {
                // Whoever reads nothing back is not read either, so his end would go unnoticed.
                return match self.call.poll_hung_up(cx) {
                    Poll::Ready(()) => Err(CallEnd::CallerHungUp),
                    Poll::Pending => Ok(Poll::Pending),
                };
            };
            self.pending.advance(sent.map_err(|_| CallEnd::LineLost)?);
            return Ok(Poll::Ready(()));
        }
        let flushed = self.call.poll_flush(cx).map_err(|_| CallEnd::LineLost)?;
        match self.caller {
            Caller::Sends => self.poll_hear(cx),
            Caller::Listens if flushed.is_ready() => Err(CallEnd::CallerHungUp),
            Caller::Listens => Ok(Poll::Pending),
        }
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, CallEnd> {
        let Self { call, admitted, pending, caller, .. } = self;
        scratch::with(|buffer| {
            let buffer = buffer.get_mut(..limits::PIECE).unwrap_or_default();
            let Poll::Ready(received) = call.poll_receive(cx, buffer) else {
                return Ok(Poll::Pending);
            };
            match received.map_err(|_| CallEnd::LineLost)? {
                Received::Data(count) => {
                    let mut data = admitted.data(buffer.get(..count).unwrap_or_default());
                    if !data.is_empty()
                        && let Poll::Ready(sent) = call.poll_send(cx, data)
                    {
                        let sent = sent.map_err(|_| CallEnd::LineLost)?;
                        data = data.get(sent..).unwrap_or_default();
                    }
                    pending.put(data);
                }
                Received::Event(_) => {}
                Received::End => *caller = Caller::Listens,
            }
            Ok(Poll::Ready(()))
        })
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) -> Result<(), CallEnd> {
        loop {
            let idle = self.idle.map(|idle| self.heard + idle);
            let deadline = [self.call.deadline(), self.limit, idle].into_iter().flatten().min();
            let Poll::Ready(now) = self.timer.poll(cx, deadline) else { return Ok(()) };
            if self.call.deadline().is_some_and(|deadline| deadline <= now) {
                self.call.timeout(now);
                // What it did must be put on the wire.
                cx.waker().wake_by_ref();
            }
            if self.limit.is_some_and(|limit| limit <= now) {
                return Err(CallEnd::TimeLimit);
            }
            if idle.is_some_and(|idle| idle <= now) {
                return Err(CallEnd::Idle);
            }
        }
    }
}

impl Future for Echo<'_> {
    type Output = Left;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Left> {
        match self.get_mut().work(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_call_is_small() {
        assert!(size_of::<Echo<'_>>() <= 88, "{}", size_of::<Echo<'_>>());
    }
}
