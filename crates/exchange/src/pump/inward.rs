//! From the caller to the program.

use std::task::{Context, Poll};

use carrier::{Call, Queue, Received, scratch};
use telnet::{Event, Function};
use tty::Running;

use super::{EndMeans, Rules, Turn};
use crate::call::CallEnd;
use crate::com_port::{self, ComPort, Deed};
use crate::config::{On, OnBreak, Parity};
use crate::limits;
use crate::service::window_size;
use crate::session::Admitted;

/// One direction of a call, with its signals.
#[derive(Debug)]
pub(super) struct Inward {
    state: State,
    pending: Queue,
    admitted: Admitted,
    parity: Parity,
    caller: Caller,
    /// The serial port that the caller drives.
    port: Option<Box<ComPort>>,
    /// Bytes that the program has taken.
    taken: u64,
}

/// What is known of the caller while the program lets him wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    There,
    /// He has finished sending, or is gone; what he sent before is still on its way.
    HungUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The program reads no more; what the caller sends is thrown away.
    Deaf,
    /// The caller has finished sending; the program gets the rest and then an end of file.
    Ending,
    Closed,
}

impl Inward {
    /// `early` came together with the password.
    pub(super) fn new(
        mut admitted: Admitted,
        mut early: Vec<u8>,
        parity: Parity,
        port: Option<Box<ComPort>>,
    ) -> Self {
        let mut pending = Queue::default();
        parity.take_off(&mut early);
        pending.put(admitted.data(&early));
        Self {
            state: State::Open,
            pending,
            admitted,
            parity,
            caller: Caller::There,
            port,
            taken: 0,
        }
    }

    /// Whether the caller has finished sending, be it that the program doesn't know yet.
    pub(super) fn has_hung_up(&self, rules: &Rules) -> bool {
        self.state == State::Closed && rules.end == EndMeans::Gone || self.caller == Caller::HungUp
    }

    /// Bytes that the program has taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes what the caller has sent and gives it to the program, a few pieces at most.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        call: &mut Call,
        running: &mut Running,
        rules: &Rules,
    ) -> Result<Turn, CallEnd> {
        for _ in 0..limits::TURNS {
            let step = match self.state {
                _ if !self.pending.is_empty() => self.poll_pending(cx, call, running)?,
                State::Open | State::Deaf => self.poll_hear(cx, call, running, rules)?,
                // A terminal has lost its line; a pipe comes to its end of file.
                State::Ending if rules.on == On::Pty && rules.end == EndMeans::Gone => {
                    return Err(CallEnd::CallerHungUp);
                }
                State::Ending => running.io.poll_shutdown(cx).map(|_| self.state = State::Closed),
                State::Closed if rules.end == EndMeans::Finished => match call.poll_closed(cx) {
                    Poll::Ready(_) => return Err(CallEnd::CallerHungUp),
                    Poll::Pending => Poll::Pending,
                },
                State::Closed => Poll::Pending,
            };
            if step.is_pending() {
                return Ok(Turn::Over);
            }
        }
        Ok(Turn::Used)
    }

    fn poll_pending(
        &mut self,
        cx: &mut Context<'_>,
        call: &mut Call,
        running: &mut Running,
    ) -> Result<Poll<()>, CallEnd> {
        match running.io.poll_write(cx, self.pending.waiting()) {
            Poll::Ready(Ok(count)) if count > 0 => {
                self.pending.advance(count);
                self.taken += count as u64;
            }
            Poll::Ready(_) => self.fall_deaf(),
            Poll::Pending => {
                // The caller isn't read any further, so his end would go unnoticed behind what he
                // has sent.
                if self.caller == Caller::There && call.poll_hung_up(cx).is_ready() {
                    self.caller = Caller::HungUp;
                }
                // His telnet still gets its answers.
                return match call.poll_flush(cx) {
                    Poll::Ready(Err(_)) => Err(CallEnd::LineLost),
                    _ => Ok(Poll::Pending),
                };
            }
        }
        Ok(Poll::Ready(()))
    }

    /// The program has closed its input. It may go on writing.
    fn fall_deaf(&mut self) {
        self.pending = Queue::default();
        if self.state == State::Open {
            self.state = State::Deaf;
        }
    }

    fn poll_hear(
        &mut self,
        cx: &mut Context<'_>,
        call: &mut Call,
        running: &mut Running,
        rules: &Rules,
    ) -> Result<Poll<()>, CallEnd> {
        scratch::with(|buf| {
            let piece = buf.get_mut(..limits::PIECE).unwrap_or_default();
            match call.poll_receive(cx, piece) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Err(_)) => return Err(CallEnd::LineLost),
                Poll::Ready(Ok(Received::End)) => self.state = State::Ending,
                Poll::Ready(Ok(Received::Event(event))) => self.hear(event, call, running, rules),
                Poll::Ready(Ok(Received::Data(count))) => {
                    let data = piece.get_mut(..count).unwrap_or_default();
                    self.parity.take_off(data);
                    let data = self.admitted.data(data);
                    self.pass_on(cx, data, running);
                }
            }
            Ok(Poll::Ready(()))
        })
    }

    /// Writes data while they are still in the scratch buffer; the program's rest has to be kept.
    fn pass_on(&mut self, cx: &mut Context<'_>, mut data: &[u8], running: &mut Running) {
        while !data.is_empty() && self.state == State::Open {
            match running.io.poll_write(cx, data) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    data = data.get(count..).unwrap_or_default();
                    self.taken += count as u64;
                }
                Poll::Ready(_) => self.fall_deaf(),
                Poll::Pending => return self.pending.put(data),
            }
        }
    }

    fn hear(&mut self, event: Event, call: &mut Call, running: &Running, rules: &Rules) {
        match event {
            Event::ComPort(request) => match com_port::obey(&mut self.port, call, request) {
                Some(Deed::HangUp) => self.state = State::Ending,
                Some(Deed::Break) => self.interrupt(rules.on_break, running),
                None => {}
            },
            Event::Break => self.interrupt(rules.on_break, running),
            // What ^C becomes on the way from a telnet client in line mode.
            Event::Function(Function::Interrupt) if rules.on_break == OnBreak::Interrupt => {
                self.interrupt(OnBreak::Interrupt, running);
            }
            Event::WindowSize(size) => {
                // Fails only on a terminal that is gone.
                let _ = running.io.resize(window_size(size));
            }
            _ => {}
        }
    }

    fn interrupt(&mut self, on_break: OnBreak, running: &Running) {
        match on_break {
            OnBreak::Interrupt => {
                // Fails only if the program has just ended.
                let _ = running.interrupt();
            }
            OnBreak::Nul if self.state == State::Open => self.pending.put(&[0]),
            OnBreak::Nul | OnBreak::Ignore => {}
        }
    }

    /// The program has ended: nobody reads any more, and a caller who hangs up now breaks nothing
    /// off.
    pub(super) fn program_ended(&mut self) {
        self.fall_deaf();
        if self.state == State::Ending {
            self.state = State::Closed;
        }
    }
}
