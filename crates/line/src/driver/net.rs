//! What comes from the sockets of a module's TCP/IP commands.

use std::task::{Context, Poll};

use at::result::Cause;
use carrier::scratch;
use clock::Instant;
use modem::Input;
use modem::wip::Event;

use super::{Driver, Moved};
use crate::net::Welcome;

impl Driver {
    pub(super) fn sockets(&mut self, cx: &mut Context<'_>, now: Instant) -> Moved {
        self.circuit.net.is_used() && scratch::with(|buffer| self.hear_sockets(cx, now, buffer))
    }

    fn hear_sockets(&mut self, cx: &mut Context<'_>, now: Instant, buffer: &mut [u8]) -> Moved {
        let mapped = self.modem.mapped();
        // Nothing is read that couldn't be kept or delivered: the sender is held back by his own window.
        let passes = self.circuit.outbox.is_empty() && self.circuit.end.takes_data();
        let modem = &self.modem;
        let welcome = |channel| match (modem.wants_net(channel), mapped == Some(channel)) {
            (false, _) => Welcome::Nothing,
            (true, false) => Welcome::Kept,
            (true, true) if passes => Welcome::Passed,
            (true, true) => Welcome::Nothing,
        };
        let incoming = self.incoming.as_deref();
        let configured = &self.circuit.shared.config.answer_access.0;
        let access = incoming.map_or(configured, |incoming| incoming.access());
        let lets_in = |from| access.check(from).is_ok();
        let mut net = std::mem::take(&mut self.circuit.net);
        let place = self.circuit.place();
        let had_room = net.has_room_for(modem);
        let polled = net.poll(cx, buffer, welcome, lets_in, &place);
        self.circuit.net = net;
        let Poll::Ready(event) = polled else {
            // What has gone out makes room for equipment that nobody has listened to since.
            return !had_room && self.circuit.net.has_room_for(&self.modem);
        };
        self.feed(cx, now, Input::Net(event));
        true
    }

    /// The network is gone from under the sockets: for operators, and lines that stop.
    pub(super) fn lose_sockets(&mut self, cx: &mut Context<'_>, now: Instant, cause: Cause) {
        if self.circuit.net.is_used() {
            self.circuit.net.set_closing(Some(cause));
            self.feed(cx, now, Input::Net(Event::Lost));
            self.circuit.net.set_closing(None);
        }
    }
}
