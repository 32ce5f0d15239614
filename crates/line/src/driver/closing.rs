//! Ends that others want: of the call, and of the line.

use std::sync::atomic::Ordering;
use std::task::Context;

use at::result::Cause;
use clock::Instant;
use modem::{CallEvent, Connected, Input, StateName};

use super::Driver;
use crate::slot::Slot;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopping {
    No,
    /// As soon as the equipment has its last words.
    Soon,
    /// The same, whatever the modem waits for.
    Now,
}

impl Driver {
    /// Ends the call from this side, whatever the modem is doing with it.
    pub(super) fn clear(&mut self, cx: &mut Context<'_>, now: Instant, cause: Cause) {
        self.lose_sockets(cx, now, cause);
        let event = match self.circuit.slot {
            Slot::Free => return self.clear_broken(cx, now, cause),
            // Its modem hasn't heard of it.
            Slot::Noting { .. } => return self.circuit.end_call(cause),
            Slot::Dialling { .. } => CallEvent::Failed(cause),
            Slot::Ringing { .. } => CallEvent::CallerGone,
            Slot::Online { .. } => {
                self.count_carried(cx, now);
                CallEvent::Cleared(cause)
            }
        };
        self.circuit.end_call(cause);
        self.feed(cx, now, Input::Call(event));
    }

    /// A modem may still wait (S10) for the path of its call to mend. Nobody mends it here; that it did
    /// is what lets it end.
    fn clear_broken(&mut self, cx: &mut Context<'_>, now: Instant, cause: Cause) {
        if matches!(self.modem.state(), StateName::Online | StateName::OnlineCommand) {
            self.feed(cx, now, Input::Call(CallEvent::Connected(Connected::default())));
            self.feed(cx, now, Input::Call(CallEvent::Cleared(cause)));
        }
    }

    /// Closes the line once there is nothing more to be said.
    pub(super) fn stop(&mut self) {
        self.stopping = match self.modem.state() {
            // What the far end said last, and the end of the call, are yet to come.
            StateName::Command | StateName::Online => Stopping::Soon,
            // There is no call any more: the modem waits for one, or for an operator.
            StateName::Dialling
            | StateName::Ringing
            | StateName::Answering
            | StateName::Socket
            | StateName::OnlineCommand => Stopping::Now,
        };
        if let Some(incoming) = self.incoming.take() {
            incoming.close();
        }
    }

    /// Whether the line can close: the call is over for the modem too, and the equipment has heard so.
    pub(super) fn has_spoken(&self) -> bool {
        let over = match self.stopping {
            Stopping::No => false,
            Stopping::Soon => self.modem.state() == StateName::Command,
            Stopping::Now => true,
        };
        over && self.circuit.outbox.is_empty()
    }
}

impl Drop for Driver {
    /// A letter to a line that has ended would wait for ever, and with it a caller.
    fn drop(&mut self) {
        let shared = &self.circuit.shared;
        shared.free.store(false, Ordering::Relaxed);
        shared.letters.close();
        self.circuit.board.has_ended();
    }
}
