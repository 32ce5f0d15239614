//! One direction of a pump.

use std::io;
use std::task::{Context, Poll};

use crate::queue::Queue;
use crate::{Duplex, limits, scratch};

/// Bytes from one end to the other.
#[derive(Default)]
pub(super) struct Direction {
    phase: Phase,
    /// Refused by the sink. While there are any, the source is not read.
    pending: Queue,
    pub(super) moved: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Carrying,
    /// The sink takes no more; what comes is thrown away, so that the source's end is noticed.
    Deaf,
    /// The source has ended; the sink still has to be told.
    Finishing,
    Done,
}

/// Which end of a direction failed.
pub(super) enum Failed {
    Source(io::Error),
    Sink(io::Error),
}

impl Direction {
    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Moves what can be moved now.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Duplex,
        sink: &mut impl Duplex,
    ) -> Result<(), Failed> {
        for _ in 0..limits::TURNS {
            let step = match self.phase {
                Phase::Done => return Ok(()),
                _ if !self.pending.is_empty() => self.deliver(cx, sink).map_err(Failed::Sink),
                Phase::Carrying => self.carry(cx, source, sink),
                Phase::Deaf => self.discard(cx, source).map_err(Failed::Source),
                Phase::Finishing => self.finish(cx, sink).map_err(Failed::Sink),
            };
            match step {
                Ok(Poll::Ready(())) => {}
                Ok(Poll::Pending) => return Ok(()),
                Err(failed) => {
                    // What a source sent before it failed is still delivered.
                    self.phase = match self.phase {
                        Phase::Deaf => Phase::Done,
                        _ => Phase::Finishing,
                    };
                    return Err(failed);
                }
            }
        }
        // The other direction's turn, and the other tasks'.
        cx.waker().wake_by_ref();
        Ok(())
    }

    pub(super) fn flush(&self, cx: &mut Context<'_>, sink: &mut impl Duplex) -> Result<(), Failed> {
        match (sink.poll_flush(cx), self.phase) {
            (Poll::Ready(Err(error)), Phase::Carrying | Phase::Finishing) => {
                Err(Failed::Sink(error))
            }
            _ => Ok(()),
        }
    }

    /// Nothing more is wanted of this direction.
    pub(super) fn give_up(&mut self) {
        self.phase = Phase::Done;
        self.pending = Queue::default();
    }

    /// The sink takes no more, but the source may go on.
    pub(super) fn fall_deaf(&mut self) {
        self.phase = Phase::Deaf;
        self.pending = Queue::default();
    }

    fn carry(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Duplex,
        sink: &mut impl Duplex,
    ) -> Result<Poll<()>, Failed> {
        scratch::with(|buf| {
            let count = match source.poll_read(cx, buf).map_err(Failed::Source)? {
                Poll::Ready(count) => count,
                Poll::Pending => return Ok(Poll::Pending),
            };
            if count == 0 {
                self.phase = Phase::Finishing;
                return Ok(Poll::Ready(()));
            }
            let mut rest = buf.get(..count).unwrap_or_default();
            while !rest.is_empty() {
                match sink.poll_write(cx, rest).map_err(Failed::Sink)? {
                    Poll::Ready(0) => return Err(Failed::Sink(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(written) => {
                        self.moved += written as u64;
                        rest = rest.get(written..).unwrap_or_default();
                    }
                    Poll::Pending => {
                        self.pending.put(rest);
                        return Ok(Poll::Pending);
                    }
                }
            }
            Ok(Poll::Ready(()))
        })
    }

    fn discard(&mut self, cx: &mut Context<'_>, source: &mut impl Duplex) -> io::Result<Poll<()>> {
        scratch::with(|buf| match source.poll_read(cx, buf)? {
            Poll::Ready(0) => {
                self.phase = Phase::Done;
                Ok(Poll::Ready(()))
            }
            Poll::Ready(_) => Ok(Poll::Ready(())),
            Poll::Pending => Ok(Poll::Pending),
        })
    }

    fn deliver(&mut self, cx: &mut Context<'_>, sink: &mut impl Duplex) -> io::Result<Poll<()>> {
        let Poll::Ready(written) = sink.poll_write(cx, self.pending.waiting())? else {
            return Ok(Poll::Pending);
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.moved += written as u64;
        self.pending.advance(written);
        Ok(Poll::Ready(()))
    }

    fn finish(&mut self, cx: &mut Context<'_>, sink: &mut impl Duplex) -> io::Result<Poll<()>> {
        match sink.poll_shutdown(cx) {
            Poll::Pending => return Ok(Poll::Pending),
            // Everything was delivered, and the far end has left in the meantime.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected => {}
            Poll::Ready(result) => result?,
        }
        self.phase = Phase::Done;
        Ok(Poll::Ready(()))
    }
}
