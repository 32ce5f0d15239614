//! Bytes that their sink has not taken yet.

use std::io;
use std::task::{Context, Poll, ready};

/// A small owned queue of bytes; holds no memory while it is empty.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    written: usize,
}

impl From<Vec<u8>> for Pending {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, written: 0 }
    }
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.len() == self.written
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes, without those that were written.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.drain(..self.written);
        self.bytes
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes until all is gone or the sink takes no more.
    pub(crate) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&mut Context<'_>, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let taken = ready!(write(cx, self.as_slice()))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += taken;
        }
        self.clear();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn what_a_slow_sink_leaves_stays_in_order() {
        let mut pending = Pending::default();
        pending.push(b"abc");
        let mut cx = Context::from_waker(Waker::noop());
        let mut sunk = Vec::new();
        let mut room = 2;
        let drained = pending.poll_drain(&mut cx, |_, bytes| {
            if room == 0 {
                return Poll::Pending;
            }
            room -= 1;
            sunk.push(bytes[0]);
            Poll::Ready(Ok(1))
        });
        assert!(drained.is_pending());
        pending.push(b"d");
        assert_eq!(pending.len(), 2);
        let drained = pending.poll_drain(&mut cx, |_, bytes| {
            sunk.extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        });
        assert!(drained.is_ready());
        assert_eq!(sunk, b"abcd");
        assert!(pending.is_empty());
    }
}
