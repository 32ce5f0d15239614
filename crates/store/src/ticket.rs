//! A call's hold on its record.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use tokio::sync::oneshot;

use crate::call::CallEnded;
use crate::error::Refused;
use crate::meter::Meter;
use crate::queue::{Change, Queue};
use crate::time::to_millis;

/// A call's hold on its record, from begin to end. Dropped, it ends the record as `abandoned`.
pub struct Ticket {
    queue: Arc<Queue>,
    row: i64,
    meter: Arc<Meter>,
    state: State,
}

enum State {
    /// The record is on its way to the disk.
    Waiting(oneshot::Receiver<Result<(), Refused>>),
    Kept,
    Refused(Refused),
    Ended,
}

impl Ticket {
    pub(crate) fn new(
        queue: Arc<Queue>,
        row: i64,
        meter: Arc<Meter>,
        kept: oneshot::Receiver<Result<(), Refused>>,
    ) -> Self {
        Self { queue, row, meter, state: State::Waiting(kept) }
    }

    /// The record's place in the store.
    pub fn row(&self) -> i64 {
        self.row
    }

    /// Ready when the record is kept, or can't be.
    pub fn poll_kept(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        let outcome = match &mut self.state {
            State::Kept | State::Ended => return Poll::Ready(Ok(())),
            State::Refused(why) => return Poll::Ready(Err(*why)),
            State::Waiting(kept) => match std::pin::pin!(kept).poll(cx) {
                Poll::Pending => return Poll::Pending,
                // Nobody writes any more.
                Poll::Ready(outcome) => outcome.unwrap_or(Err(Refused::Closed)),
            },
        };
        self.state = match outcome {
            Ok(()) => State::Kept,
            Err(why) => State::Refused(why),
        };
        Poll::Ready(outcome)
    }

    /// Waits until the record is kept.
    ///
    /// # Errors
    /// It can't be: the call must not begin.
    pub async fn kept(&mut self) -> Result<(), Refused> {
        poll_fn(|cx| self.poll_kept(cx)).await
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
    pub fn end(mut self, end: CallEnded) {
        self.finish(end);
    }

    fn finish(&mut self, end: CallEnded) {
        if !matches!(self.state, State::Refused(_) | State::Ended) {
            self.change(Change { end: Some(end), ..Change::default() });
            self.state = State::Ended;
        }
    }

    fn change(&self, change: Change) {
        if !matches!(self.state, State::Refused(_)) {
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
