//! What the library's task and the call's task share.
//!
//! The library moves packets in a task of its own. It grants the far end a new window as soon as data
//! arrive, whether or not anybody has taken them, so the holding back is done here: the far end's packets
//! are not even read ([`super::gate`]) while too much waits. Windows granted to us, and the end of the
//! call, come behind data in the same stream, so reading goes on, up to a bound, while we wait for a
//! window ourselves; otherwise a program that answers more than it is asked would stand still for ever,
//! each side waiting for the other.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use telnet::Event;
use tokio::time::Instant;

use super::inbox::{Inbox, Top};
use crate::limits;

/// One call's share of both tasks.
#[derive(Debug, Default)]
pub(super) struct Link(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    inbox: Inbox,
    /// Whoever waits for the inbox.
    hearer: Option<Waker>,
    /// Bytes given to the library since it last had written everything.
    handed: usize,
    /// Whoever waits for room for more.
    speaker: Option<Waker>,
    voice: Voice,
    /// The library's task, at the gate.
    keeper: Option<Waker>,
    /// When the gate opens for another packet, while it is all but shut.
    slowly: Option<Instant>,
    fate: Fate,
    wire: Far,
}

/// Whether what we have to say gets out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Voice {
    #[default]
    Free,
    /// It waits for a window.
    Stuck,
}

/// What is to become of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on.
    #[default]
    Open,
    /// Our last words are on their way; then it ends.
    Leaving,
    /// It ends at once.
    Cut,
    /// It ends at once, and the far end is to see a reset.
    Reset,
}

/// What is known of the far end, beside what it has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Far {
    #[default]
    There,
    /// It has finished or is gone, perhaps behind data that were not read yet.
    HungUp,
    /// The connection has failed in this way.
    Broken(io::ErrorKind),
}

/// What the gate may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Read on.
    Read,
    /// Wait until somebody wakes us.
    Wait,
    /// Wait until then, or until somebody wakes us.
    Until(Instant),
}

impl Link {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can fail half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Data from the far end.
    pub(super) fn put(&self, data: &[u8]) {
        let mut state = self.state();
        state.inbox.put(data);
        if state.inbox.waiting() >= 3 * limits::SSH_WINDOW {
            state.slowly = Some(Instant::now() + limits::SSH_TRICKLE);
        }
        wake(&mut state.hearer);
    }

    /// A signal from the far end.
    pub(super) fn signal(&self, event: Event) {
        let mut state = self.state();
        state.inbox.signal(event);
        wake(&mut state.hearer);
    }

    /// The far end has finished sending.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.inbox.end();
        wake(&mut state.hearer);
    }

    /// The channel is closed, or the connection over: nothing goes in either direction any more.
    pub(super) fn over(&self) {
        let mut state = self.state();
        state.inbox.end();
        if state.wire == Far::There {
            state.wire = Far::HungUp;
        }
        wake(&mut state.hearer);
        wake(&mut state.speaker);
    }

    /// The next window for the far end: nothing worth mentioning while much waits.
    ///
    /// Two bytes are the least that the library would ever renew, and only a far end that has data
    /// asks for more.
    pub(super) fn next_window(&self) -> u32 {
        const LEAST: u32 = 2;
        match self.state().inbox.waiting() < limits::SSH_WINDOW {
            true => super::window(),
            false => LEAST,
        }
    }

    /// Everything given to the library has been written.
    pub(super) fn written(&self) {
        let mut state = self.state();
        state.handed = 0;
        wake(&mut state.speaker);
    }

    /// Whether the gate is open.
    pub(super) fn pass(&self, cx: &Context<'_>) -> Pass {
        let mut state = self.state();
        state.keeper = Some(cx.waker().clone());
        let waiting = state.inbox.waiting();
        if waiting < limits::SSH_WINDOW {
            state.slowly = None;
            return Pass::Read;
        }
        if waiting >= limits::SSH_INBOX || state.voice == Voice::Free {
            return Pass::Wait;
        }
        match state.slowly {
            Some(then) if Instant::now() < then => Pass::Until(then),
            _ => Pass::Read,
        }
    }

    /// The far end has gone while the gate was shut.
    pub(super) fn hung_up(&self) {
        let mut state = self.state();
        if state.wire == Far::There {
            state.wire = Far::HungUp;
            wake(&mut state.hearer);
        }
    }

    /// The connection has failed.
    pub(super) fn broken(&self, error: &io::Error) {
        self.state().wire = Far::Broken(error.kind());
    }

    /// What is to become of the connection.
    pub(super) fn fate(&self) -> Fate {
        self.state().fate
    }

    /// Decides what becomes of the connection; it never gets better.
    pub(super) fn decide(&self, fate: Fate) {
        let mut state = self.state();
        if state.fate == Fate::Open || fate != Fate::Leaving {
            state.fate = fate;
        }
        wake(&mut state.keeper);
    }

    /// Takes data for the call's owner.
    pub(super) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        match state.inbox.take(buf) {
            Top::Data(count) => {
                if state.inbox.waiting() < limits::SSH_WINDOW {
                    wake(&mut state.keeper);
                }
                Poll::Ready(Ok(count))
            }
            Top::Over => Poll::Ready(match state.wire {
                Far::Broken(kind) => Err(kind.into()),
                Far::There | Far::HungUp => Ok(0),
            }),
            Top::Event => {
                // It came since the owner last asked for one.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Top::Empty => {
                state.hearer = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether the far end is gone, or has closed the channel.
    pub(super) fn is_gone(&self) -> bool {
        self.state().wire != Far::There
    }

    /// Takes the signal that is next.
    pub(super) fn take_event(&self) -> Option<Event> {
        self.state().inbox.take_event()
    }

    /// Ready when the far end is gone, whatever is left to take. It may have finished sending long before.
    pub(super) fn poll_hung_up(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.wire != Far::There {
            return Poll::Ready(());
        }
        state.hearer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when the far end is gone, and nothing is left to take.
    pub(super) fn poll_closed(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        match (state.inbox.waiting(), state.wire) {
            (0, Far::Broken(kind)) => Poll::Ready(Err(kind.into())),
            (0, Far::HungUp) => Poll::Ready(Ok(())),
            _ => {
                state.hearer = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes room for data to the far end.
    pub(super) fn poll_room(&self, cx: &Context<'_>, wanted: usize) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        match state.wire {
            Far::Broken(kind) => return Poll::Ready(Err(kind.into())),
            Far::HungUp if state.inbox.is_over() => {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            Far::There | Far::HungUp => {}
        }
        let room = limits::SSH_OUTBOX.saturating_sub(state.handed).min(limits::SSH_PIECE);
        if room == 0 {
            state.speaker = Some(cx.waker().clone());
            stuck(&mut state);
            return Poll::Pending;
        }
        // Before it is sent, since it may be written before we are back.
        let room = room.min(wanted);
        state.handed += room;
        Poll::Ready(Ok(room))
    }

    /// What we had to say has got out.
    pub(super) fn heard(&self) {
        self.state().voice = Voice::Free;
    }

    /// Ready when nothing gets out any more; until then, what we have to say waits for a window.
    pub(super) fn poll_lost(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.wire != Far::There && state.inbox.is_over() {
            return Poll::Ready(());
        }
        state.speaker = Some(cx.waker().clone());
        stuck(&mut state);
        Poll::Pending
    }
}

fn stuck(state: &mut State) {
    if state.voice == Voice::Free {
        state.voice = Voice::Stuck;
        wake(&mut state.keeper);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    fn full(bytes: usize) -> Link {
        let link = Link::default();
        link.put(&vec![0; bytes]);
        link
    }

    #[test]
    fn the_gate_shuts_when_nobody_takes_what_came_and_opens_when_somebody_does() {
        let link = full(limits::SSH_WINDOW);
        assert_eq!(link.pass(&cx()), Pass::Wait);
        assert!(link.poll_take(&mut cx(), &mut [0; 1]).is_ready());
        assert_eq!(link.pass(&cx()), Pass::Read);
    }

    #[test]
    fn who_waits_for_a_window_reads_on_up_to_a_bound() {
        let link = full(limits::SSH_WINDOW);
        assert!(link.poll_lost(&cx()).is_pending());
        assert_eq!(link.pass(&cx()), Pass::Read);
        assert_eq!(link.next_window(), 2);
        link.put(&vec![0; 2 * limits::SSH_WINDOW]);
        assert!(matches!(link.pass(&cx()), Pass::Until(_)));
        link.put(&vec![0; limits::SSH_WINDOW]);
        assert_eq!(link.pass(&cx()), Pass::Wait);
    }

    #[test]
    fn only_so_much_is_given_to_the_library_until_it_has_written_it() {
        let link = Link::default();
        let mut given = 0;
        while let Poll::Ready(room) = link.poll_room(&cx(), usize::MAX) {
            given += room.expect("room");
        }
        assert_eq!(given, limits::SSH_OUTBOX);
        link.written();
        assert!(link.poll_room(&cx(), 1).is_ready());
    }

    #[test]
    fn the_end_of_a_call_is_seen_behind_what_nobody_takes() {
        let link = full(1);
        assert!(link.poll_hung_up(&cx()).is_pending());
        link.over();
        assert!(link.poll_hung_up(&cx()).is_ready());
        assert!(link.poll_closed(&cx()).is_pending());
        assert!(link.poll_room(&cx(), 1).map(|room| room.is_err()).is_ready());
        assert!(link.poll_take(&mut cx(), &mut [0; 1]).is_ready());
        assert!(link.poll_closed(&cx()).is_ready());
    }
}
