//! A call in a pump.

use std::io;
use std::task::{Context, Poll, ready};

use clock::Instant;
use telnet::Event;

use crate::{Call, Duplex, Received};

impl Call {
    /// The call as a [`Duplex`] for a pump; `heard` is told of each signal.
    pub fn hearing<F: FnMut(Event)>(&mut self, heard: F) -> Hearing<'_, F> {
        Hearing { call: self, heard }
    }
}

/// A [`Call`] in a pump, with somebody who hears its signals.
pub struct Hearing<'a, F> {
    call: &'a mut Call,
    heard: F,
}

impl<F: FnMut(Event)> Duplex for Hearing<'_, F> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match ready!(self.call.poll_receive(cx, buf))? {
                Received::Data(count) => return Poll::Ready(Ok(count)),
                Received::Event(event) => (self.heard)(event),
                Received::End => return Poll::Ready(Ok(0)),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.call.poll_send(cx, data)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call.poll_finish(cx)
    }

    fn deadline(&self) -> Option<Instant> {
        self.call.deadline()
    }

    fn timeout(&mut self, now: Instant) {
        self.call.timeout(now);
    }
}
