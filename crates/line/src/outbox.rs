//! What is on its way to the equipment: bytes and signals, in order.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clock::{Instant, Timers};
use modem::{Character, DceLines, Flow, NotStored};

use crate::crossing::{Crossing, Home};
use crate::end::End;
use crate::limits;
use crate::pending::Pending;
use crate::storing::Storing;

/// A queue of bytes and signals; holds no memory while it is empty.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    steps: VecDeque<Step>,
    /// Until when signals wait for the bytes before them: a table of one, at half the room of an `Option`.
    patience: Timers<1>,
}

#[derive(Debug)]
enum Step {
    Bytes(Pending),
    Signal(Signal),
    /// Bytes that a thread carries.
    Crossing(Box<Crossing>),
    /// What is told by the words behind it is being stored.
    Storing(Storing),
}

/// Something for the equipment that is not bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Lines(DceLines),
    Rate(u32),
    Character(Character),
    Flow(Flow),
    Break(Duration),
    /// The end of a call, for ends that show one.
    CallOver,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Bytes waiting.
    pub(crate) fn len(&self) -> usize {
        self.steps
            .iter()
            .map(|step| if let Step::Bytes(bytes) = step { bytes.len() } else { 0 })
            .sum()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let landing = match self.steps.front() {
            Some(Step::Crossing(crossing)) => crossing.deadline(),
            _ => None,
        };
        self.patience.next().into_iter().chain(landing).min()
    }

    /// Whether a thread carries bytes.
    pub(crate) fn is_crossing(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Crossing(_)))
    }

    /// Whether bytes wait, and nothing behind them.
    pub(crate) fn is_bytes_alone(&self) -> bool {
        self.steps.len() == 1 && matches!(self.steps.front(), Some(Step::Bytes(_)))
    }

    /// Has a thread carry on with the bytes that wait, which `begin` gets.
    pub(crate) fn cross(&mut self, begin: impl FnOnce(&mut Pending) -> Option<Crossing>) {
        if let Some(step) = self.steps.front_mut()
            && let Step::Bytes(bytes) = step
            && let Some(crossing) = begin(bytes)
        {
            *step = Step::Crossing(Box::new(crossing));
        }
    }

    /// Has the thread stop that carries bytes, if there is one.
    pub(crate) fn recall(&self) {
        if let Some(Step::Crossing(crossing)) = self.steps.front() {
            crossing.recall();
        }
    }

    /// Has the thread that carries bytes stop, and tells how many of them were not told before.
    pub(crate) fn count(&mut self) -> u64 {
        match self.steps.front_mut() {
            Some(Step::Crossing(crossing)) => crossing.count(),
            _ => 0,
        }
    }

    /// The same when their call is over.
    pub(crate) fn halt(&mut self) -> u64 {
        match self.steps.front_mut() {
            Some(Step::Crossing(crossing)) => crossing.halt(),
            _ => 0,
        }
    }

    /// How many bytes of a call that is over its modem has yet to be told of; they are told now.
    pub(crate) fn take_late(&mut self) -> u64 {
        match self.steps.front_mut() {
            Some(Step::Crossing(crossing)) => crossing.take_late(),
            _ => 0,
        }
    }

    /// Ready when the last of what was stored is kept, or can't be.
    pub(crate) fn poll_stored(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NotStored>> {
        loop {
            let storing = |step: &Step| matches!(step, Step::Storing(_));
            let Some(place) = self.steps.iter().position(storing) else { return Poll::Pending };
            let Some(Step::Storing(first)) = self.steps.get_mut(place) else {
                return Poll::Pending;
            };
            let kept = ready!(first.poll(cx));
            self.steps.remove(place);
            // What came after it has everything with it.
            if !self.steps.iter().any(storing) {
                self.steps.shrink_to_fit();
                return Poll::Ready(kept);
            }
        }
    }

    /// Ready when a thread has stopped carrying. The rest of its load comes next here.
    pub(crate) fn poll_landed(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Home> {
        let more = self.steps.len() > 1;
        let Some(Step::Crossing(crossing)) = self.steps.front_mut() else { return Poll::Pending };
        if more || crossing.deadline().is_some_and(|until| until <= now) {
            crossing.recall();
        }
        let (load, home) = ready!(crossing.poll_landed(cx));
        self.steps.pop_front();
        if !load.is_empty() {
            self.steps.push_front(Step::Bytes(load.into()));
        }
        if self.steps.is_empty() {
            self.steps.shrink_to_fit();
        }
        Poll::Ready(home)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(Step::Bytes(last)) = self.steps.back_mut() {
            return last.push(bytes);
        }
        self.recall();
        let mut pending = Pending::default();
        pending.push(bytes);
        self.steps.push_back(Step::Bytes(pending));
    }

    pub(crate) fn signal(&mut self, signal: Signal, now: Instant) {
        if self.patience.next().is_none() {
            self.patience.set(0, now + limits::DRAIN);
        }
        self.recall();
        self.steps.push_back(Step::Signal(signal));
    }

    /// Has something stored before anything is said that comes behind.
    pub(crate) fn store(&mut self, storing: Storing) {
        self.recall();
        self.steps.push_back(Step::Storing(storing));
    }

    /// Forgets bytes, for equipment that is gone; signals stay, and what is to be stored.
    pub(crate) fn forget_bytes(&mut self) {
        self.steps.retain(|step| !matches!(step, Step::Bytes(_)));
        if let Some(Step::Crossing(crossing)) = self.steps.front_mut() {
            crossing.forget();
        }
        self.calm();
    }

    /// Brings out what the equipment takes now. Ready when nothing is left.
    pub(crate) fn poll_deliver(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        end: &mut End,
    ) -> Poll<io::Result<()>> {
        while let Some(step) = self.steps.front_mut() {
            let delivered = match step {
                Step::Bytes(bytes) => bytes.poll_drain(cx, |cx, bytes| end.poll_write(cx, bytes)),
                Step::Signal(signal) => match end.poll_drained(cx) {
                    Poll::Ready(_) => {
                        end.signal(*signal, now);
                        Poll::Ready(Ok(()))
                    }
                    Poll::Pending => Poll::Pending,
                },
                Step::Crossing(_) | Step::Storing(_) => Poll::Pending,
            };
            if delivered.is_pending() && self.patience.next().is_some_and(|until| until <= now) {
                // Among them may be the one that lets bytes go again, such as the end of XON/XOFF.
                self.signals_first(end, now);
                continue;
            }
            if let Err(error) = ready!(delivered) {
                self.forget_bytes();
                return Poll::Ready(Err(error));
            }
            if let Some(Step::Signal(_)) = self.steps.pop_front() {
                self.calm();
            }
        }
        self.steps.shrink_to_fit();
        Poll::Ready(Ok(()))
    }

    /// The equipment has not taken its bytes for too long: signals no longer wait for them.
    fn signals_first(&mut self, end: &mut End, now: Instant) {
        for step in &self.steps {
            if let Step::Signal(signal) = step {
                end.signal(*signal, now);
            }
        }
        self.steps.retain(|step| !matches!(step, Step::Signal(_)));
        self.calm();
    }

    /// Without signals there is nothing to be impatient for.
    fn calm(&mut self) {
        if !self.steps.iter().any(|step| matches!(step, Step::Signal(_))) {
            self.patience.clear(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equipment_that_leaves_behind_a_delivered_signal_leaves_no_deadline() {
        let mut outbox = Outbox::default();
        outbox.signal(Signal::CallOver, Instant::ORIGIN);
        outbox.bytes(b"NO CARRIER");
        assert!(outbox.deadline().is_some());
        outbox.steps.pop_front();
        outbox.forget_bytes();
        assert!(outbox.is_empty());
        assert_eq!(outbox.deadline(), None, "a deadline that nobody clears keeps the line awake");
    }
}
