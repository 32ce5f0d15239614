//! A stream that misbehaves on purpose, for tests.

use std::io;
use std::task::{Context, Poll, ready};

use crate::Duplex;

/// A [`Duplex`] with faults: pieces of a few bytes, pauses between them, a reset at a given byte.
#[derive(Debug)]
pub struct Faulty<D> {
    inner: D,
    faults: Faults,
    read: Progress,
    written: Progress,
}

/// Which faults a [`Faulty`] stream has.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Most bytes moved by one read or write.
    pub piece: usize,
    /// What happens between two pieces.
    pub between: Between,
    /// The byte, counted from one over both directions, at which the connection is reset.
    pub reset_at: Option<u64>,
}

/// What happens between two pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    Nothing,
    /// The stream says once that it is not ready, as a socket does after each short read or write.
    NotReady,
}

#[derive(Debug, Default)]
struct Progress {
    bytes: u64,
    pause: Pause,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Pause {
    #[default]
    Over,
    Due,
}

impl Default for Faults {
    fn default() -> Self {
        Self { piece: 1, between: Between::NotReady, reset_at: None }
    }
}

impl<D: Duplex> Faulty<D> {
    /// `inner` with `faults`.
    pub fn new(inner: D, faults: Faults) -> Self {
        Self { inner, faults, read: Progress::default(), written: Progress::default() }
    }

    /// How many bytes may move before the next fault, or that it is due.
    fn allowance(&self, wanted: usize) -> io::Result<usize> {
        let piece = wanted.min(self.faults.piece.max(1));
        let Some(at) = self.faults.reset_at else { return Ok(piece) };
        let left = at.saturating_sub(self.read.bytes + self.written.bytes + 1);
        match usize::try_from(left).unwrap_or(usize::MAX) {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            left => Ok(piece.min(left)),
        }
    }
}

impl Progress {
    fn pause(&mut self, cx: &Context<'_>, between: Between) -> Poll<()> {
        if between == Between::NotReady && self.pause == Pause::Due {
            self.pause = Pause::Over;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn moved(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.pause = Pause::Due;
    }
}

impl<D: Duplex> Duplex for Faulty<D> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.read.pause(cx, self.faults.between));
        let some = self.allowance(buf.len())?;
        let read = ready!(self.inner.poll_read(cx, buf.get_mut(..some).unwrap_or_default()))?;
        self.read.moved(read);
        Poll::Ready(Ok(read))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.written.pause(cx, self.faults.between));
        let some = self.allowance(data.len())?;
        let written = ready!(self.inner.poll_write(cx, data.get(..some).unwrap_or_default()))?;
        self.written.moved(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_shutdown(cx)
    }

    fn deadline(&self) -> Option<clock::Instant> {
        self.inner.deadline()
    }

    fn timeout(&mut self, now: clock::Instant) {
        self.inner.timeout(now);
    }
}
