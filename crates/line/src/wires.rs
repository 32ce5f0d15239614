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
}

impl Output for Wires<'_, '_> {
    fn dte(&mut self, bytes: &[u8]) {
        self.circuit.say(bytes);
    }

    fn data(&mut self, bytes: &[u8]) {
        self.circuit.deliver(self.cx, bytes);
    }

    fn line(&mut self, bytes: &[u8]) {
        self.circuit.send(self.cx, bytes);
    }

    #[cfg(feature = "gsm")]
    fn wall_time(&self) -> Option<modem::Moment> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(modem::Moment { local: i64::try_from(now.as_secs()).ok()?, quarters: 0 })
    }

    fn act(&mut self, action: Action<'_>) {
        self.circuit.act(self.now, action);
    }
}
