//! Where the modem's output goes for the time of one input.

use std::task::Context;

use clock::Instant;
use modem::{Action, Output};

use crate::circuit::Circuit;

/// The modem's [`Output`].
pub(crate) struct Wires<'a, 'c> {
    pub(crate) circuit: &'a mut Circuit,
    pub(crate) cx: &'a mut Context<'c>,
    pub(crate) now: Instant,
    pub(crate) said: Said,
}

/// What the modem says to the equipment during one input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Echo and result codes: many small pieces, worth gathering.
    Words,
    /// Data of the call: written as they come, never dropped.
    Data,
}

impl Output for Wires<'_, '_> {
    fn dte(&mut self, bytes: &[u8]) {
        self.circuit.say(self.cx, bytes, self.said);
    }

    fn line(&mut self, bytes: &[u8]) {
        self.circuit.send(self.cx, bytes);
    }

    fn act(&mut self, action: Action<'_>) {
        self.circuit.act(self.now, action);
    }
}
