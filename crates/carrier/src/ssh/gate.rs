//! The connection as the library sees it: held back, bounded, and cut when the call's owner wants it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep, sleep_until};

use super::link::{Fate, Link, Pass};
use crate::wire::Wire;
use crate::{Duplex, limits};

/// A connection with a gatekeeper.
pub(super) struct Gate {
    /// Gone once it was reset.
    wire: Option<Wire>,
    link: Arc<Link>,
    /// Runs while the gate opens but slowly.
    slowly: Option<Pin<Box<Sleep>>>,
    /// Runs while our last words are on their way.
    leaving: Option<Pin<Box<Sleep>>>,
}

/// The far end announces a packet larger than anybody needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packet of more than {} bytes", limits::SSH_PACKET)]
pub(super) struct PacketTooLarge;

impl Gate {
    pub(super) fn new(wire: Wire, link: Arc<Link>) -> Self {
        Self { wire: Some(wire), link, slowly: None, leaving: None }
    }

    /// The connection, unless it is to end.
    fn poll_wire(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&mut Wire>> {
        match self.link.fate() {
            Fate::Open => {}
            Fate::Leaving => {
                let timer =
                    self.leaving.get_or_insert_with(|| Box::pin(sleep(limits::SSH_LEAVING)));
                if timer.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
            Fate::Cut => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Fate::Reset => {
                if let Some(wire) = self.wire.take() {
                    wire.reset();
                }
            }
        }
        let wire = self.wire.as_mut().ok_or(io::ErrorKind::ConnectionAborted)?;
        Poll::Ready(Ok(wire))
    }

    /// Ready when the far end may be read.
    fn poll_pass(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Who leaves reads everything: it is thrown away.
        if self.link.fate() != Fate::Open {
            let _ = self.link.pass(cx);
            return Poll::Ready(());
        }
        match self.link.pass(cx) {
            Pass::Read => {
                self.slowly = None;
                Poll::Ready(())
            }
            Pass::Wait => {
                self.watch(cx);
                Poll::Pending
            }
            Pass::Until(then) => {
                self.watch(cx);
                let timer = self.slowly.get_or_insert_with(|| Box::pin(sleep_until(then)));
                if timer.deadline() != then {
                    timer.as_mut().reset(then);
                }
                timer.as_mut().poll(cx)
            }
        }
    }

    /// Notices a far end that goes while it isn't read.
    fn watch(&mut self, cx: &mut Context<'_>) {
        if let Some(wire) = &mut self.wire
            && wire.poll_hung_up(cx).is_ready()
        {
            self.link.hung_up();
        }
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.link.broken(error))
    }
}

impl AsyncRead for Gate {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_pass(cx));
        // The library asks for the rest of a packet at once, having believed its length.
        if buf.remaining() > limits::SSH_PACKET {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, PacketTooLarge)));
        }
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let wire = ready!(self.poll_wire(cx))?;
        let read = ready!(wire.poll_read(cx, buf.initialize_unfilled()));
        let read = self.noted(read)?;
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        // For its waker alone: the connection may be cut while it takes nothing.
        let _ = self.link.pass(cx);
        let written = ready!(ready!(self.poll_wire(cx))?.poll_write(cx, data));
        Poll::Ready(self.noted(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(ready!(self.poll_wire(cx))?.poll_flush(cx))?;
        // The library flushes when it has written everything that it had.
        self.link.written();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_wire(cx))?.poll_shutdown(cx)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.link.over();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
