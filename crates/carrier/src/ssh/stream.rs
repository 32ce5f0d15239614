//! A session channel as the stream of a call.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use telnet::{Event, WindowSize};

use super::link::{Fate, Link};
use crate::{Duplex, Peer};

/// Something that is to be said.
pub(super) type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is said on a channel, in each role's own way. Who can't say it any more has lost the connection,
/// which shows elsewhere.
pub(super) trait Side: Send {
    /// Data, as soon as the far end's window is open for them.
    fn speak(&self, data: Vec<u8>) -> Errand;

    /// Says how the program has ended, if that is known, and that no more data will come.
    ///
    /// In this order: dropbear's client closes the channel as soon as both directions are at their end, and takes no
    /// notice of what comes behind that.
    fn finish(&self, exit: Option<ExitStatus>) -> Errand;

    /// Says how the program has ended, if that is known by now, and that the call is over.
    fn goodbye(&self, exit: Option<ExitStatus>) -> Errand;

    /// Says that the terminal's window has another size now.
    fn resize(&self, size: WindowSize) -> Option<Errand>;
}

/// One session channel and the connection under it, which ends with it.
pub(super) struct Stream {
    pub(super) link: Arc<Link>,
    pub(super) side: Box<dyn Side>,
    pub(super) peer: Peer,
    pub(super) local: Peer,
    pub(super) errand: Option<Errand>,
    pub(super) exit: Exit,
    pub(super) end: End,
}

/// How the program has ended that the far end had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Unknown,
    Known(ExitStatus),
    /// The far end has heard.
    Told,
}

impl Exit {
    /// For whoever tells the far end now.
    fn take(&mut self) -> Option<ExitStatus> {
        match *self {
            Self::Known(status) => {
                *self = Self::Told;
                Some(status)
            }
            Self::Unknown | Self::Told => None,
        }
    }
}

/// How far the end of a call has come, from our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We go on sending.
    None,
    /// We have finished sending.
    Finished,
    /// We have said goodbye.
    Goodbye,
}

impl Stream {
    /// Ready when everything has been said so far.
    fn poll_errand(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(errand) = &mut self.errand {
            if errand.as_mut().poll(cx).is_pending() && self.link.poll_lost(cx).is_pending() {
                return Poll::Pending;
            }
            self.errand = None;
            self.link.heard();
        }
        Poll::Ready(())
    }
}

impl Duplex for Stream {
    fn protocol(&self) -> Option<&'static str> {
        Some("ssh")
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let _ = self.poll_errand(cx);
        self.link.poll_take(cx, buf)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.end != End::None {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(self.poll_errand(cx));
        let room = ready!(self.link.poll_room(cx, data.len()))?;
        let piece = data.get(..room).unwrap_or(data);
        self.errand = Some(self.side.speak(piece.to_vec()));
        // One piece may wait for the far end's window.
        let _ = self.poll_errand(cx);
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_errand(cx).map(Ok)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_errand(cx));
        if self.end == End::None {
            self.end = End::Finished;
            self.errand = Some(self.side.finish(self.exit.take()));
        }
        self.poll_errand(cx).map(Ok)
    }

    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_shutdown(cx))?;
        if self.end == End::Finished {
            self.end = End::Goodbye;
            self.link.decide(Fate::Leaving);
            self.errand = Some(self.side.goodbye(self.exit.take()));
        }
        self.poll_errand(cx).map(Ok)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.poll_closed(cx)
    }

    fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.poll_hung_up(cx)
    }

    fn take_event(&mut self) -> Option<Event> {
        self.link.take_event()
    }

    fn resize(&mut self, size: WindowSize) {
        // Behind what is being said, and with it.
        if let Some(resize) = self.side.resize(size) {
            let before = self.errand.take();
            self.errand = Some(Box::pin(async move {
                if let Some(before) = before {
                    before.await;
                }
                resize.await;
            }));
        }
    }

    fn tell_exit(&mut self, exit: ExitStatus) {
        if self.exit == Exit::Unknown {
            self.exit = Exit::Known(exit);
        }
    }

    fn peer(&self) -> Peer {
        self.peer.clone()
    }

    fn local(&self) -> Peer {
        self.local.clone()
    }

    fn abort(&mut self) {
        self.link.decide(Fate::Reset);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        match self.end {
            // What is on its way has some time to arrive.
            End::Goodbye => self.link.decide(Fate::Leaving),
            End::None | End::Finished => self.link.decide(Fate::Cut),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("end", &self.end).finish_non_exhaustive()
    }
}
