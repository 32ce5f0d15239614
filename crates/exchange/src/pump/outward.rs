//! From the program to the caller.

use std::task::{Context, Poll};

use carrier::{Call, Queue, scratch};
use tty::ProgramIo;

use super::Turn;
use crate::call::CallEnd;
use crate::config::Parity;
use crate::limits;

/// The other direction of a call.
#[derive(Debug)]
pub(super) struct Outward {
    state: State,
    pending: Queue,
    parity: Parity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The program has closed its output; the caller gets the rest and then an end.
    Ending,
    Closed,
}

/// Whether the caller is told at once that the program has closed its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    AtOnce,
    Delayed,
}

impl Outward {
    pub(super) fn new(parity: Parity) -> Self {
        Self { state: State::Open, pending: Queue::default(), parity }
    }

    /// Whether the caller has everything that the program has written or ever will.
    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether more is expected from the program, and the caller has everything until now.
    pub(super) fn is_reading(&self) -> bool {
        self.state == State::Open && self.pending.is_empty()
    }

    /// Takes nothing more from the program; what was taken is still delivered.
    pub(super) fn stop_reading(&mut self) {
        self.state = State::Ending;
    }

    /// Whether everything has been sent that the program has written, and it has closed its output.
    pub(super) fn is_ending(&self) -> bool {
        self.state == State::Ending && self.pending.is_empty()
    }

    /// Takes what the program has written and sends it to the caller, a few pieces at most.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        call: &mut Call,
        io: &mut ProgramIo,
        parting: Parting,
    ) -> Result<Turn, CallEnd> {
        for _ in 0..limits::TURNS {
            let step = match self.state {
                _ if !self.pending.is_empty() => self.poll_pending(cx, call)?,
                State::Open => self.poll_piece(cx, call, io)?,
                // Its child or a timer wakes us.
                State::Ending if parting == Parting::Delayed => match call.poll_flush(cx) {
                    Poll::Ready(Err(_)) => return Err(CallEnd::LineLost),
                    _ => Poll::Pending,
                },
                State::Ending => match call.poll_finish(cx) {
                    Poll::Ready(Err(_)) => return Err(CallEnd::LineLost),
                    finished => finished.map(|_| self.state = State::Closed),
                },
                State::Closed => Poll::Pending,
            };
            if step.is_pending() {
                return Ok(Turn::Over);
            }
        }
        Ok(Turn::Used)
    }

    fn poll_pending(&mut self, cx: &mut Context<'_>, call: &mut Call) -> Result<Poll<()>, CallEnd> {
        match call.poll_send(cx, self.pending.waiting()) {
            Poll::Ready(Ok(count)) if count > 0 => self.pending.advance(count),
            Poll::Ready(_) => return Err(CallEnd::LineLost),
            Poll::Pending => return Ok(Poll::Pending),
        }
        Ok(Poll::Ready(()))
    }

    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        call: &mut Call,
        io: &mut ProgramIo,
    ) -> Result<Poll<()>, CallEnd> {
        scratch::with(|buf| {
            let piece = buf.get_mut(..limits::PIECE).unwrap_or_default();
            let count = match io.poll_read(cx, piece) {
                // Nothing to send: put on its way what the codec may have kept back.
                Poll::Pending => {
                    return match call.poll_flush(cx) {
                        Poll::Ready(Err(_)) => Err(CallEnd::LineLost),
                        _ => Ok(Poll::Pending),
                    };
                }
                // A terminal whose last user is gone reports an error where a pipe reports its end.
                Poll::Ready(Ok(0) | Err(_)) => {
                    self.state = State::Ending;
                    return Ok(Poll::Ready(()));
                }
                Poll::Ready(Ok(count)) => count,
            };
            let data = piece.get_mut(..count).unwrap_or_default();
            self.parity.put_on(data);
            let mut data = &*data;
            while !data.is_empty() {
                match call.poll_send(cx, data) {
                    Poll::Ready(Ok(sent)) if sent > 0 => {
                        data = data.get(sent..).unwrap_or_default()
                    }
                    Poll::Ready(_) => return Err(CallEnd::LineLost),
                    Poll::Pending => {
                        self.pending.put(data);
                        break;
                    }
                }
            }
            Ok(Poll::Ready(()))
        })
    }
}
