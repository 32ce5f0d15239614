//! What rings when something has happened.

use carrier::Call;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, Notify, mpsc, watch};

/// Bells of a station.
#[derive(Debug)]
pub(crate) struct Bells {
    /// An alarm was stored.
    pub(crate) alarm: Notify,
    /// Somebody wants a call.
    pub(crate) demand: Notify,
    stored: watch::Sender<u64>,
    door: mpsc::Sender<Call>,
    rung: Mutex<mpsc::Receiver<Call>>,
}

impl Default for Bells {
    fn default() -> Self {
        let (door, rung) = mpsc::channel(1);
        Self {
            alarm: Notify::new(),
            demand: Notify::new(),
            stored: watch::Sender::new(0),
            door,
            rung: Mutex::new(rung),
        }
    }
}

impl Bells {
    /// Something was stored.
    pub(crate) fn stored(&self) {
        self.stored.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A call has come.
    pub(crate) fn rings(&self, call: Call) {
        match self.door.try_send(call) {
            Ok(()) => {}
            Err(TrySendError::Full(call) | TrySendError::Closed(call)) => call.reset(),
        }
    }

    /// The next call that comes. Dropped early, none is lost.
    pub(crate) async fn rung(&self) -> Call {
        match self.rung.lock().await.recv().await {
            Some(call) => call,
            // It can't be: the door is ours.
            None => std::future::pending().await,
        }
    }

    /// Lets nobody in who calls meanwhile.
    pub(crate) async fn refuse(&self) -> std::convert::Infallible {
        loop {
            self.rung().await.reset();
            tracing::info!("somebody rings while there is a call already");
        }
    }

    /// Hears of everything that is stored from now on.
    pub(crate) fn hear_stored(&self) -> watch::Receiver<u64> {
        self.stored.subscribe()
    }
}
