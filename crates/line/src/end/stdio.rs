//! Standard input and output: the equipment is whoever started this process.

use std::io;
use std::task::{Context, Poll, ready};

use clock::Instant;
use modem::DteLines;
use tty::Stdio;

use super::soft_flow::SoftFlow;
use super::{DteEvent, Wanted};
use crate::outbox::Signal;

/// DTR is "standard input has not ended"; with its end the line ends.
pub(crate) struct Terminal {
    stdio: Stdio,
    state: State,
    flow: SoftFlow,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Open,
    Ended,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { stdio: Stdio::open()?, state: State::Fresh, flow: SoftFlow::default() })
    }

    pub(super) fn is_open(&self) -> bool {
        self.state != State::Ended
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.flow.is_stopped()
    }

    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        _: Instant,
        buffer: &mut [u8],
        wanted: Wanted,
    ) -> Poll<DteEvent> {
        match self.state {
            State::Fresh => {
                self.state = State::Open;
                return Poll::Ready(DteEvent::Lines(DteLines::READY));
            }
            State::Ended => return Poll::Pending,
            State::Open if !wanted => return Poll::Pending,
            State::Open => {}
        }
        Poll::Ready(match ready!(self.stdio.poll_read(cx, buffer)) {
            Ok(0) | Err(_) => {
                self.state = State::Ended;
                DteEvent::Finished
            }
            Ok(length) => match self.flow.take(buffer.get_mut(..length).unwrap_or_default()) {
                0 => DteEvent::Flow,
                kept => DteEvent::Data(0..kept),
            },
        })
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.flow.is_stopped() {
            return Poll::Pending;
        }
        self.stdio.poll_write(cx, bytes)
    }

    pub(super) fn signal(&mut self, signal: Signal, _: Instant) {
        if let Signal::Flow(flow) = signal {
            self.flow.set(flow);
        }
    }
}
