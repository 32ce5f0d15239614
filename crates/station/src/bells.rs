//! What rings when something has happened.

use tokio::sync::{Notify, watch};

/// Bells of a station.
#[derive(Debug)]
pub(crate) struct Bells {
    /// An alarm was stored.
    pub(crate) alarm: Notify,
    /// Somebody wants a call.
    pub(crate) demand: Notify,
    stored: watch::Sender<u64>,
}

impl Default for Bells {
    fn default() -> Self {
        Self { alarm: Notify::new(), demand: Notify::new(), stored: watch::Sender::new(0) }
    }
}

impl Bells {
    /// Something was stored.
    pub(crate) fn stored(&self) {
        self.stored.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hears of everything that is stored from now on.
    pub(crate) fn hear_stored(&self) -> watch::Receiver<u64> {
        self.stored.subscribe()
    }
}
