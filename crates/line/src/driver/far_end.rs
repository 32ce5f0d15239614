//! What comes from the far end, up to its last byte.

use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{Received, scratch};
use clock::Instant;
use modem::{CallEvent, Input};
use telnet::Event;
use tracing::warn;

use super::{Driver, Moved, Stir};
use crate::circuit::Circuit;
use crate::limits;
use crate::slot::{Over, Slot};

impl Driver {
    pub(super) fn far_end(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let wanted = self.modem.wants_line() && self.circuit.outbox.is_empty();
        let crossing = self.circuit.outbox.is_crossing();
        let Circuit { end, slot, .. } = &mut self.circuit;
        let Slot::Online { call, over, broken, .. } = slot else { return false };
        if over.is_some() {
            return self.delivered(cx, now);
        }
        if crossing {
            // Whatever comes, the thread that reads it tells.
            return false;
        }
        // Nothing is read that couldn't be delivered: the far end is held back by its own window. Only
        // when it has gone, and the equipment too, its last words are for nobody.
        let abandoned = !end.is_open() && call.poll_hung_up(cx).is_ready();
        if !(wanted && (end.takes_data() || abandoned)) {
            let closed = match call.poll_closed(cx) {
                Poll::Ready(cause) => broken.or(cause),
                Poll::Pending if abandoned => broken.or(Cause::RemoteHangUp),
                Poll::Pending => return false,
            };
            *over = Some(gone(closed, now));
            return true;
        }
        scratch::with(|buffer| match self.hear_far_end(cx, now, buffer) {
            Stir::Nothing => false,
            Stir::Passed if self.circuit.outbox.is_empty() && self.modem.wants_line() => {
                self.hear_far_end(cx, now, buffer) != Stir::Nothing
            }
            Stir::Passed | Stir::Something => true,
        })
    }

    fn hear_far_end(&mut self, cx: &mut Context<'_>, now: Instant, buffer: &mut [u8]) -> Stir {
        let Slot::Online { call, over, broken, bulk, .. } = &mut self.circuit.slot else {
            return Stir::Nothing;
        };
        let cause = match call.poll_receive(cx, buffer) {
            Poll::Pending => {
                bulk.end();
                return Stir::Nothing;
            }
            Poll::Ready(Ok(Received::Data(length))) => {
                bulk.add(length);
                let bytes = buffer.get(..length).unwrap_or_default();
                return self.feed_data(cx, now, Input::Call(CallEvent::Data(bytes)));
            }
            Poll::Ready(Ok(Received::Event(Event::Break))) => {
                self.feed(cx, now, Input::Call(CallEvent::Break));
                return Stir::Something;
            }
            Poll::Ready(Ok(Received::Event(_))) => return Stir::Something,
            Poll::Ready(Ok(Received::End)) => broken.or(Cause::RemoteHangUp),
            Poll::Ready(Err(error)) => broken.or(carrier::cause_of_end(&error)),
        };
        *over = Some(gone(cause, now));
        Stir::Something
    }

    /// The far end is gone: once the equipment has all its data, the modem hears of it.
    fn delivered(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Circuit { outbox, end, slot, .. } = &mut self.circuit;
        let Slot::Online { over: Some(over), .. } = slot else { return false };
        let waits = !outbox.is_empty() || end.is_open() && end.poll_drained(cx).is_pending();
        if outbox.len() < over.left {
            (over.left, over.until) = (outbox.len(), now + limits::UNDELIVERED);
        }
        if waits && now < over.until {
            return false;
        }
        let cause = over.cause;
        if waits {
            let bytes = outbox.len();
            outbox.forget_bytes();
            warn!(
                line = self.circuit.name(),
                bytes, "the equipment takes nothing; dropped what the far end sent last"
            );
        }
        self.circuit.end_call(cause);
        self.feed(cx, now, Input::Call(CallEvent::Cleared(cause)));
        true
    }
}

pub(super) fn gone(cause: Cause, now: Instant) -> Box<Over> {
    Box::new(Over { cause, left: usize::MAX, until: now + limits::UNDELIVERED })
}
