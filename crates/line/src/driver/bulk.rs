//! Bulk from the far end, which a thread of its own carries to the equipment past the modem.

use std::task::{Context, Poll};

use at::result::Cause;
use carrier::Lent;
use clock::Instant;
use modem::{CallEvent, Input};
use tty::{Ferry, Landing, Sieve, Sifted};

use super::far_end::gone;
use super::{Driver, Moved};
use crate::circuit::Circuit;
use crate::crossing::{Crossing, Home};
use crate::slot::Slot;

/// What telnet's data are among their wire, as long as nothing is said about anything else.
const TELNET: Sieve = |wire| {
    let decoded = telnet::undouble(wire);
    Sifted { load: decoded.data, seen: decoded.consumed }
};

impl Driver {
    /// Entrusts what waits for the equipment, and what comes behind it, to a thread, if that is worth it and nothing
    /// here has to see it.
    pub(super) fn cross(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Circuit { end, slot, outbox, watchers, .. } = &mut self.circuit;
        let Slot::Online { call, over: None, bulk, .. } = slot else { return false };
        let worth_it = bulk.is_large() && outbox.is_bytes_alone();
        if !worth_it || !watchers.is_empty() || !self.modem.lets_pass() {
            return false;
        }
        outbox.cross(|bytes| {
            Crossing::begin(now, || {
                let (from, sieve) = match call.lend()? {
                    Lent::Raw(from) => (from, None),
                    Lent::Telnet(from) => (from, Some(TELNET)),
                };
                let berth = end.lend(cx)?;
                Some(Ferry::new(from, sieve, berth, std::mem::take(bytes).into_bytes()))
            })
        });
        if !outbox.is_crossing() {
            // Not to be tried again at each piece.
            bulk.end();
        }
        // Somebody has yet to wait for it to land.
        outbox.is_crossing()
    }

    /// The call may be about to end: the modem, which keeps a record of it, hears first what was carried.
    pub(super) fn count_carried(&mut self, cx: &mut Context<'_>, now: Instant) {
        let Circuit { outbox, slot: Slot::Online { call, .. }, .. } = &mut self.circuit else {
            return;
        };
        let carried = outbox.count();
        if carried > 0 {
            call.was_lent(carried, &[]);
            self.feed(cx, now, Input::Call(CallEvent::Passed(carried)));
        }
    }

    /// A thread has stopped carrying.
    pub(super) fn landed(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        let Circuit { outbox, slot, .. } = &mut self.circuit;
        if !self.modem.lets_pass() {
            outbox.recall();
        }
        let Poll::Ready(home) = outbox.poll_landed(cx, now) else { return false };
        let (carried, left, landing) = match home {
            Home::Call { carried, left, landing } => (carried, left, landing),
            Home::Past => return true,
        };
        let Slot::Online { call, over, broken, bulk, .. } = slot else { return true };
        call.was_lent(carried, &left);
        match landing {
            // A client that takes nothing has no use for a thread; and here it shows when the far end has gone.
            Landing::Recalled if carried == 0 => bulk.end(),
            Landing::Recalled => {}
            Landing::Paused => bulk.end(),
            Landing::End => *over = Some(gone(broken.or(Cause::RemoteHangUp), now)),
            Landing::Failed(error) => {
                *over = Some(gone(broken.or(carrier::cause_of_end(&error)), now));
            }
        }
        if carried > 0 {
            self.feed(cx, now, Input::Call(CallEvent::Passed(carried)));
        }
        true
    }
}
