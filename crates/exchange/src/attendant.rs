//! Callers who get no program: somebody in this process attends to them.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use carrier::{Call, Queue, Received, Timer, clock_now};
use clock::Instant;
use telnet::LineEnds;

use crate::admission::Proof;
use crate::call::{CallEnd, CallId};
use crate::limits;
use crate::login::Guest;
use crate::pump::EchoRules;
use crate::registry::Entry;
use crate::session::Admitted;

/// What goes on with a caller until he is attended to no more.
pub type Attending<'a> = Pin<Box<dyn Future<Output = CallEnd> + Send + 'a>>;

/// Attends to callers whose account has the service `collector`.
pub trait Attendant: Send + Sync + fmt::Debug {
    /// Serves a caller who is in. When it is ready, the call ends.
    fn attend<'a>(&'a self, visit: Visit<'a>) -> Attending<'a>;
}

/// A call whose caller is in, for whoever attends to him.
pub struct Visit<'a> {
    call: &'a mut Call,
    entry: &'a mut Entry,
    account: String,
    proof: Proof,
    admitted: Admitted,
    early: Queue,
    rules: EchoRules,
    began: Instant,
    heard: Instant,
    timer: Timer,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(
        call: &'a mut Call,
        entry: &'a mut Entry,
        guest: Guest,
        rules: EchoRules,
    ) -> Self {
        // Every byte counts.
        call.set_line_ends(LineEnds::Keep);
        let Guest { who, mut admitted, early, .. } = guest;
        let mut kept = Queue::default();
        kept.put(admitted.data(&early));
        let (now, account, proof) = (clock_now(), who.account.name.clone(), who.proof());
        let timer = Timer::default();
        Self {
            call,
            entry,
            account,
            proof,
            admitted,
            early: kept,
            rules,
            began: now,
            heard: now,
            timer,
        }
    }

    /// Whose call it is.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether it is the exchange that has called.
    pub const fn was_called(&self) -> bool {
        matches!(self.proof, Proof::Callback)
    }

    /// Its number.
    pub fn id(&self) -> CallId {
        self.entry.id()
    }

    /// Who calls.
    pub fn from(&self) -> String {
        self.entry.origin().from().into_owned()
    }

    /// Receives into `buffer`, which isn't empty; zero when the caller has finished sending. Dropped early, it can be
    /// called again.
    ///
    /// # Errors
    /// The call has to end, and this is why.
    pub async fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, CallEnd> {
        poll_fn(|cx| self.poll_receive(cx, buffer)).await
    }

    /// Waits until the call has to end, and says why, while what the caller says is left on the line. Dropped early, it can be
    /// called again.
    pub async fn over(&mut self) -> CallEnd {
        poll_fn(|cx| match self.poll_bounds(cx) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        })
        .await
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// The call has to end, and this is why.
    pub async fn send(&mut self, mut bytes: &[u8]) -> Result<(), CallEnd> {
        let mut stuck = Timer::default();
        let deadline = clock_now() + limits::DELIVERY;
        poll_fn(|cx| {
            self.poll_bounds(cx)?;
            while !bytes.is_empty() {
                let Poll::Ready(sent) = self.call.poll_send(cx, bytes) else { break };
                let sent = sent.map_err(|_| CallEnd::LineLost)?;
                bytes = bytes.get(sent..).unwrap_or_default();
            }
            let flushed = self.call.poll_flush(cx).map_err(|_| CallEnd::LineLost)?;
            self.entry.count(self.call.counts());
            if bytes.is_empty() && flushed.is_ready() {
                return Poll::Ready(Ok(()));
            }
            // Whoever takes nothing for so long isn't there any more.
            stuck.poll(cx, Some(deadline)).map(|_| Err(CallEnd::LineLost))
        })
        .await
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<usize, CallEnd>> {
        self.poll_bounds(cx)?;
        if !self.early.is_empty() {
            let count = self.early.waiting().len().min(buffer.len());
            let (place, _) = buffer.split_at_mut(count);
            place.copy_from_slice(self.early.waiting().get(..count).unwrap_or_default());
            self.early.advance(count);
            return Poll::Ready(Ok(count));
        }
        loop {
            let Poll::Ready(received) = self.call.poll_receive(cx, buffer) else {
                return Poll::Pending;
            };
            match received.map_err(|_| CallEnd::LineLost)? {
                Received::Data(count) => {
                    self.heard = clock_now();
                    self.entry.count(self.call.counts());
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let data = self.admitted.data(bytes).len();
                    // Only its front is ever taken off.
                    buffer.copy_within(count - data..count, 0);
                    if data > 0 {
                        return Poll::Ready(Ok(data));
                    }
                }
                Received::Event(_) => {}
                Received::End => return Poll::Ready(Ok(0)),
            }
        }
    }

    /// Whether the call may go on.
    fn poll_bounds(&mut self, cx: &mut Context<'_>) -> Result<(), CallEnd> {
        if let Poll::Ready(order) = self.entry.poll_order(cx) {
            return Err(order);
        }
        loop {
            let limit = self.rules.longest.map(|longest| self.began + longest);
            let idle = self.rules.idle.map(|idle: Duration| self.heard + idle);
            let deadline = [self.call.deadline(), limit, idle].into_iter().flatten().min();
            let Poll::Ready(now) = self.timer.poll(cx, deadline) else { return Ok(()) };
            if self.call.deadline().is_some_and(|deadline| deadline <= now) {
                self.call.timeout(now);
                // What it did must be put on the wire.
                cx.waker().wake_by_ref();
            }
            if limit.is_some_and(|limit| limit <= now) {
                return Err(CallEnd::TimeLimit);
            }
            if idle.is_some_and(|idle| idle <= now) {
                return Err(CallEnd::Idle);
            }
        }
    }
}

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("account", &self.account).finish_non_exhaustive()
    }
}
