//! The task of one line: waits, feeds the modem, does what it says, waits.
//!
//! The driver is a future written by hand: it owns no buffer, and its size is all that an idle line
//! costs. Every source is asked in turn until none has anything; then each has taken the task's waker.

mod bulk;
mod closing;
mod far_end;
#[cfg(feature = "wip")]
mod net;
#[cfg(not(feature = "wip"))]
#[path = "driver/no_net.rs"]
mod net;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use at::result::Cause;
use carrier::scratch;
use clock::Instant;
use modem::{CallEvent, Connected, DteLines, Input, Modem, StateName};
use tokio::time::Sleep;
use tracing::info;

use self::closing::Stopping;
use crate::circuit::{Circuit, News};
use crate::config::SecondCaller;
use crate::end::DteEvent;
use crate::identity;
use crate::incoming::Incoming;
use crate::keeping::NotKept;
use crate::placing;
use crate::shared::Letter;
use crate::slot::Slot;
use crate::ticket::Look;
use crate::wires::Wires;

/// A running line.
pub(crate) struct Driver {
    modem: Modem,
    circuit: Circuit,
    /// Nothing for a line that nobody can call.
    incoming: Option<Box<Incoming>>,
    sleep: Option<Pin<Box<Sleep>>>,
    shown: Shown,
    stopping: Stopping,
}

/// What the status said last, so that it is written on changes only.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shown {
    state: Option<StateName>,
    dtr: bool,
    dcd: bool,
    /// The number of the call, as far as it takes to see that it is another one.
    call: u16,
}

/// Whether a source had something that others should look at.
type Moved = bool;

/// What a look at a source brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stir {
    Nothing,
    /// Data of a call that went on as before: no other source need be asked again for their sake, and each
    /// round costs every message some of its time.
    Passed,
    Something,
}

impl Driver {
    pub(crate) fn new(modem: Modem, circuit: Circuit, incoming: Option<Box<Incoming>>) -> Self {
        let shown = Shown { state: None, dtr: false, dcd: false, call: 0 };
        Self { modem, circuit, incoming, sleep: None, shown, stopping: Stopping::No }
    }

    /// One round over all sources.
    fn round(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        self.letters(cx, now)
            | self.due(cx, now)
            | self.landed(cx, now)
            | self.stored(cx, now)
            | self.outbound(cx, now)
            | self.news(cx, now)
            | self.dialled(cx, now)
            | self.callers(cx, now)
            | self.equipment(cx, now)
            | self.sockets(cx, now)
            | self.far_end(cx, now)
    }

    fn feed(&mut self, cx: &mut Context<'_>, now: Instant, input: Input<'_>) {
        match input {
            Input::Call(CallEvent::Data(_)) => {}
            Input::Call(event) => self.circuit.watchers.note(now, || format!("call: {event:?}")),
            _ => {}
        }
        let mut wires = Wires { circuit: &mut self.circuit, cx, now };
        self.modem.input(now, input, &mut wires);
        let late = self.circuit.outbox.take_late();
        if late > 0 {
            // Whatever follows a call, its record is complete first.
            let mut wires = Wires { circuit: &mut self.circuit, cx, now };
            self.modem.input(now, Input::PassedLast(late), &mut wires);
        }
        // Not while the modem still has bytes to deliver, or waits for a path to mend.
        if self.modem.state() == StateName::Command {
            self.circuit.after_words(now);
        }
    }

    fn letters(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Poll::Ready(letter) = self.circuit.shared.letters.poll_take(cx) else { return false };
        match letter {
            Letter::Service => {}
            Letter::HangUp => self.clear(cx, now, Cause::Operator),
            Letter::Stop => {
                self.clear(cx, now, Cause::ShuttingDown);
                self.stop();
            }
            // A group has him back.
            Letter::Caller(handed) if self.stopping != Stopping::No => drop(handed),
            Letter::Caller(handed) => self.incoming().hand_over(handed),
            Letter::Access { dial, answer } => {
                self.circuit.shared.set_dial_access(dial.0);
                self.incoming().set_access(answer.0);
            }
            #[cfg(feature = "gsm")]
            Letter::Message(delivery) => {
                let outcome = self.modem.can_receive();
                if outcome.is_ok() {
                    self.feed(cx, now, Input::Message(&delivery.message));
                }
                delivery.settle(outcome);
            }
            #[cfg(feature = "gsm")]
            Letter::MessageSent(outcome) => self.feed(cx, now, Input::MessageSent(outcome)),
            #[cfg(feature = "gsm")]
            Letter::Told(question, told) => self.feed(cx, now, Input::Told(question, &told)),
            Letter::Trace(sink) => {
                self.circuit.watchers.add(sink);
                // It carries what a tracer would not see.
                self.circuit.outbox.recall();
            }
        }
        true
    }

    /// Where callers come in. A line without listeners has no such place until somebody comes.
    fn incoming(&mut self) -> &mut Incoming {
        let config = &self.circuit.shared.config;
        self.incoming.get_or_insert_with(|| Box::new(Incoming::of(config)))
    }

    fn due(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let mut moved = false;
        if self.modem.deadline().is_some_and(|at| at <= now) {
            self.feed(cx, now, Input::Timeout);
            moved = true;
        }
        if let Some(call) = self.circuit.slot.call_mut()
            && call.deadline().is_some_and(|at| at <= now)
        {
            call.timeout(now);
            moved = true;
        }
        if self.circuit.net.deadline().is_some_and(|at| at <= now) {
            self.circuit.net.due(now);
            moved = true;
        }
        if self.circuit.end.deadline().is_some_and(|at| at <= now) {
            self.circuit.end.timeout(now);
            moved = true;
        }
        moved
    }

    /// What the modem has stored is kept, or can't be.
    fn stored(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Poll::Ready(kept) = self.circuit.outbox.poll_stored(cx) else { return false };
        self.feed(cx, now, Input::Stored(kept));
        if self.stopping != Stopping::No {
            // The rest of the command line may have begun a call.
            self.clear(cx, now, Cause::ShuttingDown);
        }
        true
    }

    /// What the equipment and the far end have not taken yet.
    fn outbound(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        if self.cross(cx, now) {
            return true;
        }
        let Circuit { outbox, end, slot, to_line, .. } = &mut self.circuit;
        let delivered = !outbox.is_empty() && outbox.poll_deliver(cx, now, end).is_ready();
        let Slot::Online { call, broken, .. } = slot else { return delivered };
        if !to_line.is_empty()
            && let Poll::Ready(drained) =
                to_line.poll_drain(cx, |cx, bytes| call.poll_send(cx, bytes))
        {
            // After an error the rest has nowhere to go; reading tells when the call is over.
            to_line.clear();
            drained.unwrap_or_else(|error| broken.note(&error));
            return true;
        }
        // A flush that can't finish has left its waker.
        if let Poll::Ready(Err(error)) = call.poll_flush(cx) {
            broken.note(&error);
        }
        delivered
    }

    fn news(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Some(news) = self.circuit.news.take() else { return false };
        let event = match news {
            News::Answered => CallEvent::Connected(Connected::default()),
            News::CallerGone => CallEvent::CallerGone,
        };
        self.feed(cx, now, Input::Call(event));
        true
    }

    fn dialled(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Slot::Dialling { dial, .. } = &mut self.circuit.slot else { return false };
        let Poll::Ready(reached) = dial.as_mut().poll(cx) else { return false };
        let event = match reached {
            Ok(reached) => CallEvent::Connected(self.circuit.reached(reached)),
            Err(cause) => {
                self.circuit.end_call(cause);
                CallEvent::Failed(cause)
            }
        };
        self.feed(cx, now, Input::Call(event));
        true
    }

    fn callers(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        if self.noted(cx, now) {
            return true;
        }
        if let Slot::Ringing { caller, .. } = &mut self.circuit.slot
            && caller.poll_gone(cx).is_ready()
        {
            self.circuit.end_call(Cause::CallerGone);
            self.feed(cx, now, Input::Call(CallEvent::CallerGone));
            return true;
        }
        if self.modem.is_storing() {
            // It takes callers in a moment.
            return false;
        }
        let free = self.takes_callers();
        let Some(incoming) = &mut self.incoming else { return false };
        let place = (&*self.circuit.board, self.circuit.name());
        let Poll::Ready(handed) = incoming.poll_caller(cx, place, free) else {
            return false;
        };
        if free {
            if let Some(caller) = handed.take() {
                self.circuit.note(caller);
                self.ring(cx, now);
            }
            return true;
        }
        let Some(caller) = handed.decline() else { return true };
        let Circuit { board, shared, .. } = &self.circuit;
        let config = &shared.config;
        match config.second_caller {
            SecondCaller::Busy => board.turn_away(&config.name, Cause::LineInUse, caller),
            SecondCaller::Message => placing::tell(board, config, caller),
            SecondCaller::Queue => incoming.queue((board, &config.name), caller),
            SecondCaller::Hunt => board.hunt(&config.name, &config.hunt, caller),
        }
        true
    }

    /// A caller rings as soon as his call is on record.
    fn noted(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Slot::Noting { caller, kept, .. } = &mut self.circuit.slot else { return false };
        if self.modem.is_storing() {
            return false;
        }
        let cause = match (kept.as_mut().poll(cx), caller.poll_gone(cx)) {
            (Poll::Ready(Err(NotKept)), _) => Some(Cause::Unrecorded),
            (_, Poll::Ready(())) => Some(Cause::CallerGone),
            (Poll::Ready(Ok(())), Poll::Pending) => None,
            (Poll::Pending, Poll::Pending) => return false,
        };
        match cause {
            Some(cause) => self.circuit.end_call(cause),
            None => {
                self.circuit.ring();
                self.ring(cx, now);
            }
        }
        true
    }

    /// Tells the modem of a caller who rings.
    fn ring(&mut self, cx: &mut Context<'_>, now: Instant) {
        let Slot::Ringing { caller, .. } = &self.circuit.slot else { return };
        let identity = identity::of(caller.peer(), &self.circuit.board.phonebook());
        self.feed(cx, now, Input::Call(CallEvent::Ringing(identity.as_caller())));
    }

    /// Whether a caller would ring.
    fn takes_callers(&self) -> bool {
        self.circuit.slot.is_free()
            && self.modem.can_ring().is_ok()
            && self.circuit.shared.takes_callers()
    }

    fn equipment(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        scratch::with(|buffer| match self.hear_equipment(cx, now, buffer) {
            Stir::Nothing => false,
            Stir::Passed => self.hear_equipment(cx, now, buffer) != Stir::Nothing,
            Stir::Something => true,
        })
    }

    fn hear_equipment(&mut self, cx: &mut Context<'_>, now: Instant, buffer: &mut [u8]) -> Stir {
        let wanted = self.modem.wants_dte() && self.circuit.has_room(&self.modem);
        let Poll::Ready(event) = self.circuit.end.poll_event(cx, now, buffer, wanted) else {
            return Stir::Nothing;
        };
        match event {
            DteEvent::Data(range) => {
                let bytes = buffer.get(range).unwrap_or_default();
                self.circuit.watchers.heard(now, bytes);
                // A command now would only keep the line from closing.
                if self.stopping == Stopping::No {
                    return self.feed_data(cx, now, Input::Dte(bytes));
                }
            }
            DteEvent::Flow => {}
            DteEvent::Break => self.feed(cx, now, Input::Break),
            DteEvent::Rate(rate) => self.feed(cx, now, Input::Rate(rate)),
            DteEvent::Lines(lines) => self.lines(cx, now, lines),
            DteEvent::Replaced => self.circuit.outbox.forget_bytes(),
            DteEvent::Finished => {
                self.lines(cx, now, DteLines { dtr: false, rts: false });
                self.clear(cx, now, Cause::DtrDrop);
                self.stop();
            }
        }
        Stir::Something
    }

    /// Feeds bytes from either side.
    fn feed_data(&mut self, cx: &mut Context<'_>, now: Instant, input: Input<'_>) -> Stir {
        let before = self.modem.state();
        let unsaid = matches!(input, Input::Dte(_)).then(|| self.circuit.outbox.len());
        self.feed(cx, now, input);
        let after = self.modem.state();
        match (before, after, &self.circuit.news) {
            // Nobody has tried yet to deliver what came back of the equipment's data.
            _ if unsaid.is_some_and(|unsaid| self.circuit.outbox.len() > unsaid) => Stir::Something,
            (StateName::Online, StateName::Online, None) => Stir::Passed,
            _ => Stir::Something,
        }
    }

    fn lines(&mut self, cx: &mut Context<'_>, now: Instant, lines: DteLines) {
        if !self.circuit.end.is_open() {
            self.circuit.outbox.forget_bytes();
        }
        if !lines.dtr {
            self.count_carried(cx, now);
        }
        self.circuit.dtr(lines.dtr);
        self.circuit.watchers.note(now, || format!("equipment shows {lines:?}"));
        self.feed(cx, now, Input::Lines(lines));
    }

    /// Sets the one timer to the next deadline. It is left alone when that has only moved away: then it
    /// fires early, finds nothing due and is set anew, which is cheaper than setting it at each byte.
    fn arm(&mut self, cx: &mut Context<'_>) {
        let call = self.circuit.slot.call().and_then(carrier::Call::deadline);
        let undelivered = match &self.circuit.slot {
            Slot::Online { over: Some(over), .. } => Some(over.until),
            _ => None,
        };
        let deadlines = [
            self.modem.deadline(),
            call,
            self.circuit.end.deadline(),
            self.circuit.outbox.deadline(),
            self.circuit.net.deadline(),
            undelivered,
        ];
        let Some(next) = deadlines.into_iter().flatten().min() else {
            self.sleep = None;
            return;
        };
        let next = carrier::timer_at(next);
        if self.sleep.as_ref().is_none_or(|sleep| next < sleep.deadline()) {
            self.sleep = Some(Box::pin(tokio::time::sleep_until(next)));
        }
        if let Some(sleep) = &mut self.sleep
            && sleep.as_mut().poll(cx).is_ready()
        {
            self.sleep = None;
            cx.waker().wake_by_ref();
        }
    }

    fn publish(&mut self) {
        let shared = &self.circuit.shared;
        let free = self.stopping == Stopping::No && self.takes_callers();
        let call = if self.circuit.slot.is_free() {
            0
        } else {
            shared.call_number.load(Ordering::Relaxed) as u16
        };
        let signals = self.circuit.signals();
        let shown =
            Shown { state: Some(self.modem.state()), dtr: signals.dtr, dcd: signals.dcd, call };
        let counts = self.circuit.slot.counts();
        shared.count(counts);
        if let Some(ticket) = self.circuit.slot.ticket() {
            ticket.count(counts);
        }
        self.circuit.net.count();
        // Also when nothing changed: another line may have claimed this one for a caller who then left.
        shared.free.store(free, Ordering::Relaxed);
        if self.circuit.slot.look() == Look::New || shown != self.shown {
            self.shown = shown;
            let call =
                self.circuit.slot.ticket().map(|ticket| ticket.now(self.circuit.slot.counts()));
            shared.publish(self.modem.state(), shown.dtr, shown.dcd, call);
            if free {
                self.circuit.board.freed().notify_waiters();
            }
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        while this.round(cx, carrier::clock_now()) {}
        this.circuit.tell();
        this.publish();
        if this.has_spoken() {
            info!(line = this.circuit.name(), "line closed");
            return Poll::Ready(());
        }
        this.arm(cx);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokio adds 104 bytes and rounds up to whole pairs of cache lines: one byte more costs 128.
    #[test]
    fn an_idle_line_fits_a_task_of_512_bytes() {
        assert!(size_of::<Driver>() <= 512 - 104, "{} bytes", size_of::<Driver>());
    }
}
