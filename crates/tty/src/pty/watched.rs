//! A terminal with a client, as the reactor knows it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::io::unix::AsyncFdReadyGuard;

use crate::limits::CALM_WRITES;
use crate::raw::{self, Registered};

/// What the reactor knows of a terminal.
pub(super) type Readiness<'a> = AsyncFdReadyGuard<'a, Arc<OwnedFd>>;

/// A terminal with a client.
///
/// The reactor tells of room for writing only while it is wanted: the kernel tells of it at each of the client's
/// reads, whether anybody waits for it or not, and each time wakes us up.
#[derive(Debug)]
pub(super) struct Watched {
    /// Gone only when the reactor would not have it again.
    registered: Option<Registered>,
    room: Room,
}

/// Whether the reactor tells of room for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// No: there has always been enough.
    Untold,
    /// Yes. So many writes in a row have not needed it.
    Told { calm: u8 },
}

impl Watched {
    pub(super) fn new(fd: Arc<OwnedFd>) -> io::Result<Self> {
        let registered = Some(raw::register(fd, Interest::READABLE)?);
        Ok(Self { registered, room: Room::Untold })
    }

    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Readiness<'_>>> {
        match &self.registered {
            Some(registered) => registered.poll_read_ready(cx),
            None => Poll::Ready(Err(refused())),
        }
    }

    /// Whether all clients have closed it, as far as the reactor has heard; another may have opened it since.
    pub(super) fn was_closed(&self, cx: &mut Context<'_>) -> bool {
        match self.poll_read_ready(cx) {
            Poll::Ready(Ok(ready)) => ready.ready().is_read_closed(),
            Poll::Ready(Err(_)) | Poll::Pending => false,
        }
    }

    /// Whether [`poll_write_ready`](Self::poll_write_ready) is of any use.
    pub(super) fn tells_of_room(&self) -> bool {
        self.room != Room::Untold
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Readiness<'_>>> {
        match &self.registered {
            Some(registered) => registered.poll_write_ready(cx),
            None => Poll::Ready(Err(refused())),
        }
    }

    /// A write has been too long for the room there is.
    pub(super) fn was_full(&mut self, cx: &mut Context<'_>) {
        let untold = self.room == Room::Untold;
        self.room = Room::Told { calm: 0 };
        if untold {
            self.register(cx, Interest::READABLE | Interest::WRITABLE);
        }
    }

    /// A write has found room enough.
    pub(super) fn had_room(&mut self, cx: &mut Context<'_>) {
        match &mut self.room {
            Room::Untold => {}
            Room::Told { calm } if *calm < CALM_WRITES => *calm += 1,
            Room::Told { .. } => self.leave_room(cx),
        }
    }

    /// Nobody waits for room for the time being.
    pub(super) fn leave_room(&mut self, cx: &mut Context<'_>) {
        if let Room::Told { .. } = std::mem::replace(&mut self.room, Room::Untold) {
            self.register(cx, Interest::READABLE);
        }
    }

    /// Nothing fails here: what a write has taken must be told first. A reactor that won't have the terminal any more
    /// shows when it is asked next.
    fn register(&mut self, cx: &mut Context<'_>, interest: Interest) {
        // Another registration would not tell, if it has been opened since.
        if self.was_closed(cx) {
            return;
        }
        let Some(before) = self.registered.take() else { return };
        self.registered = raw::register(before.into_inner(), interest)
            .inspect_err(|error| tracing::warn!(%error, "a terminal can't be watched any more"))
            .ok();
        // Whoever waited at the registration before has to ask again at this one.
        cx.waker().wake_by_ref();
    }

    #[cfg(test)]
    pub(super) fn refused() -> Self {
        Self { registered: None, room: Room::Untold }
    }
}

fn refused() -> io::Error {
    io::Error::other("the system would not watch the terminal any more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pty::Master;
    use std::task::Waker;

    #[tokio::test]
    async fn room_is_told_of_only_while_it_is_wanted() {
        let master = Master::create().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut watched = Watched::new(master.fd).unwrap();
        watched.had_room(&mut cx);
        assert!(!watched.tells_of_room());
        watched.was_full(&mut cx);
        assert!(watched.tells_of_room());
        for _ in 0..CALM_WRITES {
            watched.had_room(&mut cx);
        }
        assert!(watched.tells_of_room());
        watched.was_full(&mut cx);
        for _ in 0..=CALM_WRITES {
            assert!(watched.tells_of_room(), "it was full a moment ago");
            watched.had_room(&mut cx);
        }
        assert!(!watched.tells_of_room());
    }
}
