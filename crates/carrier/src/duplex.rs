//! What a pump joins: anything that bytes can be read from and written to.

use std::io;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};

use clock::Instant;
use telnet::{Event, NotSent, WindowSize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Peer;

/// A duplex byte stream, polled.
///
/// Every tokio stream is one. So are [`crate::Call`] (through [`crate::Call::hearing`]) and the
/// wrappers of this crate.
pub trait Duplex {
    /// Reads into `buf`, which must not be empty: an empty read would never clear readiness and spin.
    /// Zero is the end of what the other side sends.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Takes some of `data` and tells how much.
    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>>;

    /// Puts what was taken on its way.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    /// Flushes, then tells the other side that nothing more will come; reading goes on.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// A signal that stands before what [`Duplex::poll_read`] would read next; asked for before each read.
    fn take_event(&mut self) -> Option<Event> {
        None
    }

    /// The protocol that this stream is of, where others know it by a name: `tls`, `ssh`.
    fn protocol(&self) -> Option<&'static str> {
        None
    }

    /// Sends a BREAK behind what was taken, where the stream has such a thing.
    fn send_break(&mut self) -> Result<(), NotSent> {
        Err(NotSent::NotTelnet)
    }

    /// The terminal's window has another size now, where the far end wants to know.
    fn resize(&mut self, size: WindowSize) {
        let _ = size;
    }

    /// Says how the program has ended that the far end spoke with, for when the stream is hung up.
    fn tell_exit(&mut self, exit: ExitStatus) {
        let _ = exit;
    }

    /// Finishes both directions; what the other side still sends is thrown away.
    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_shutdown(cx)
    }

    /// The socket under the stream, for what the system knows of the connection.
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// When [`Duplex::timeout`] wants to be called.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has come.
    fn timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// Shows what waits to be read without taking it: nothing at the end. For a stream that can't look
    /// ahead, pending for good.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let _ = cx;
        Poll::Pending
    }

    /// Ready when the other side has finished and nothing that it sent is left to read. For a stream
    /// that can't look ahead, pending for good.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = cx;
        Poll::Pending
    }

    /// Ready when the other side has finished or is gone, whatever is left to read.
    fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Pending
    }

    /// Our end, as others would call it.
    fn local(&self) -> Peer {
        Peer::Internal("internal")
    }

    /// The far end.
    fn peer(&self) -> Peer {
        Peer::Internal("internal")
    }

    /// From now on, dropping the stream breaks it off.
    fn abort(&mut self) {}
}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        debug_assert!(!buf.is_empty());
        let mut buf = ReadBuf::new(buf);
        ready!(AsyncRead::poll_read(Pin::new(self), cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(self), cx, data)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(self), cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(Pin::new(self), cx)
    }
}

impl Duplex for Box<dyn Duplex + Send> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(cx, buf)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        (**self).poll_write(cx, data)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_shutdown(cx)
    }

    fn take_event(&mut self) -> Option<Event> {
        (**self).take_event()
    }

    fn send_break(&mut self) -> Result<(), NotSent> {
        (**self).send_break()
    }

    fn resize(&mut self, size: WindowSize) {
        (**self).resize(size);
    }

    fn tell_exit(&mut self, exit: ExitStatus) {
        (**self).tell_exit(exit);
    }

    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_hang_up(cx)
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        (**self).socket()
    }

    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }

    fn timeout(&mut self, now: Instant) {
        (**self).timeout(now);
    }
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        (**self).poll_look(cx)
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_closed(cx)
    }

    fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_hung_up(cx)
    }

    fn local(&self) -> Peer {
        (**self).local()
    }

    fn peer(&self) -> Peer {
        (**self).peer()
    }

    fn abort(&mut self) {
        (**self).abort();
    }
}
