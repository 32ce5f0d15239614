//! A call's hold on its record.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use tokio::sync::oneshot;

use crate::call::CallEnded;
use crate::error::Refused;
use crate::meter::{Meter, Was};
use crate::queue::{Change, Queue};
use crate::time::to_millis;

/// A call's hold on its record, from begin to end. Dropped, it ends the record as `abandoned`.
pub struct Ticket {
    queue: Arc<Queue>,
    row: i64,
    meter: Arc<Meter>,
    /// Boxed, since it is soon over and the call may last.
    keeping: Option<Box<Keeping>>,
}

/// Waits until a record is kept, apart from its ticket.
#[derive(Debug)]
#[must_use = "a call must not go on before its record is kept"]
pub struct Keeping(oneshot::Receiver<Result<(), Refused>>);

impl Future for Keeping {
    type Output = Result<(), Refused>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Without an answer nobody writes any more.
        Pin::new(&mut self.0).poll(cx).map(|kept| kept.unwrap_or(Err(Refused::Closed)))
    }
}

impl Ticket {
    pub(crate) fn new(
        queue: Arc<Queue>,
        row: i64,
        meter: Arc<Meter>,
        kept: oneshot::Receiver<Result<(), Refused>>,
    ) -> Self {
        Self { queue, row, meter, keeping: Some(Box::new(Keeping(kept))) }
    }

    /// The record's place in the store.
    pub fn row(&self) -> i64 {
        self.row
    }

    /// Waits until the record is kept. Dropped early, it can be called again.
    ///
    /// # Errors
    /// It can't be: the call must not begin.
    pub async fn kept(&mut self) -> Result<(), Refused> {
        let Some(keeping) = &mut self.keeping else { return Ok(()) };
        let kept = keeping.await;
        self.keeping = None;
        kept
    }

    /// What [`Ticket::kept`] waits for, for somebody else to wait.
    pub fn keeping(&mut self) -> Option<Keeping> {
        self.keeping.take().map(|keeping| *keeping)
    }

    /// The caller has shown whose call it is.
    pub fn logged_in(&self, account: &str, login: SystemTime) {
        self.change(Change {
            account: Some(account.to_owned()),
            login: Some(to_millis(login)),
            ..Change::default()
        });
    }

    /// The call is connected: its program runs, or the modem says CONNECT.
    pub fn started(&self, started: SystemTime) {
        self.change(Change { started: Some(to_millis(started)), ..Change::default() });
    }

    /// The call travels on this, as it has turned out.
    pub fn travels_over(&self, over: &str) {
        self.change(Change { over: Some(over.to_owned()), ..Change::default() });
    }

    /// A dialled call has reached this address.
    pub fn reached(&self, address: &str) {
        self.change(Change { reached: Some(address.to_owned()), ..Change::default() });
    }

    /// Publishes what the call has carried so far; cheap enough for every chunk.
    pub fn count(&self, received: u64, sent: u64) {
        self.meter.set(received, sent);
    }

    /// Closes the record.
    pub fn end(self, end: CallEnded) {
        self.finish(end);
    }

    fn finish(&self, end: CallEnded) {
        if self.meter.close() == Was::Open {
            let end = Some(Box::new(end));
            self.queue.change(self.row, Change { end, ..Change::default() });
        }
    }

    fn change(&self, change: Change) {
        if !self.meter.is_closed() {
            self.queue.change(self.row, change);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let seen = self.meter.read();
        self.finish(CallEnded {
            lasted: seen.lasted,
            received: seen.received,
            sent: seen.sent,
            ..CallEnded::default()
        });
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("row", &self.row).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticket_of_a_call_that_lasts_is_small() {
        assert!(size_of::<Ticket>() <= 32, "{}", size_of::<Ticket>());
        assert!(size_of::<Meter>() <= 40, "{}", size_of::<Meter>());
    }
}
