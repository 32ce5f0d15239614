//! A unit on a bus, or a server of Modbus TCP.
//!
//! A [`Slave`] hears requests, has its [`Model`] carry them out, and answers after the silence that the bus wants.
//! On a bus it hears the answers of others too, and leaves them alone.

mod memory;
mod model;

pub use memory::Memory;
pub use model::{Model, answer};

use std::time::Duration;

use clock::Instant;

use crate::UnitId;
use crate::frame::tcp::{TcpError, Transaction};
use crate::frame::{Caught, Direction, Ears, Echo, Frame, Framing, Returning, Side};
use crate::pdu::{Counter, Diagnostic, Exception, Pdu, Request, Response, Row};

/// What a slave has heard and answered: the counters of function 08.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Frames on the bus, whomever for.
    pub bus: u16,
    /// Frames for us, broadcasts included.
    pub ours: u16,
    /// Exceptions answered.
    pub exceptions: u16,
    /// Frames for us that were not answered.
    pub unanswered: u16,
    /// Bytes that belonged to no frame.
    pub noise: u16,
}

/// A unit, or all units of one connection.
#[derive(Debug)]
pub struct Slave {
    framing: Framing,
    ears: Ears,
    silence: Duration,
    listening: Listening,
    heard: Heard,
    /// The noise at the last clearing of the counters.
    noise_before: u64,
    answer: Option<(Instant, Vec<u8>)>,
    returning: Returning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listening {
    AndAnswering,
    Only,
}

/// Where a slave's answers go.
pub trait Output {
    /// A whole frame, to be sent at once and in one piece.
    fn send(&mut self, frame: &[u8]);
}

impl Slave {
    /// A slave that answers this long after a request: t3.5 on a bus, nothing on TCP.
    pub fn new(framing: Framing, silence: Duration) -> Self {
        Self {
            framing,
            ears: Ears::new(framing, Side::Slave),
            silence,
            listening: Listening::AndAnswering,
            heard: Heard::default(),
            noise_before: 0,
            answer: None,
            returning: Returning::new(Echo::None),
        }
    }

    /// On a wire that gives back what is sent on it: unless that is known, the answer to a write would be the same
    /// write once more, for ever.
    #[must_use]
    pub fn with_echo(self, echo: Echo) -> Self {
        Self { returning: Returning::new(echo), ..self }
    }

    /// Bytes from the master.
    ///
    /// # Errors
    /// They are no Modbus TCP: the connection must be closed.
    pub fn input(
        &mut self,
        now: Instant,
        mut bytes: &[u8],
        model: &mut impl Model,
        out: &mut impl Output,
    ) -> Result<(), TcpError> {
        self.returning.skip(&mut bytes);
        while let Some(caught) = self.ears.next(now, &mut bytes, Side::Slave)? {
            self.caught(now, caught, model, out);
        }
        Ok(())
    }

    /// A deadline has passed.
    pub fn timeout(&mut self, now: Instant, model: &mut impl Model, out: &mut impl Output) {
        while let Some(caught) = self.ears.silence(now) {
            self.caught(now, caught, model, out);
        }
        if let Some((_, frame)) = self.answer.take_if(|(at, _)| *at <= now) {
            self.returning.said(&frame);
            out.send(&frame);
        }
    }

    /// When to call [`Slave::timeout`].
    pub fn deadline(&self) -> Option<Instant> {
        let answer = self.answer.as_ref().map(|(at, _)| *at);
        [answer, self.ears.deadline()].into_iter().flatten().min()
    }

    /// What was heard since the counters were cleared.
    pub fn heard(&self) -> Heard {
        let noise = u16::try_from(self.ears.noise() - self.noise_before).unwrap_or(u16::MAX);
        Heard { noise, ..self.heard }
    }

    fn caught(
        &mut self,
        now: Instant,
        caught: Caught,
        model: &mut impl Model,
        out: &mut impl Output,
    ) {
        self.heard.bus = self.heard.bus.saturating_add(1);
        let transaction = caught.transaction.unwrap_or(Transaction(0));
        // Whoever asks again doesn't wait for the first answer any more.
        if self.framing.is_serial() {
            self.answer = None;
        }
        let direction = caught.heard.direction;
        let Frame { unit, pdu } = caught.into();
        let broadcast = self.framing.is_serial() && unit.is_broadcast();
        if direction == Direction::Response || !(broadcast || model.is_ours(unit)) {
            return;
        }
        self.heard.ours = self.heard.ours.saturating_add(1);
        let answered = self.carry_out(unit, &pdu, model);
        let Some(answered) = answered.filter(|_| !broadcast) else {
            self.heard.unanswered = self.heard.unanswered.saturating_add(1);
            return;
        };
        if answered.function() > 0x80 {
            self.heard.exceptions = self.heard.exceptions.saturating_add(1);
        }
        let mut frame = Vec::new();
        self.framing.encode(transaction, unit, &answered, &mut frame);
        if self.silence.is_zero() {
            self.returning.said(&frame);
            out.send(&frame);
        } else {
            self.answer = Some((now + self.silence, frame));
        }
    }

    fn carry_out(&mut self, unit: UnitId, pdu: &Pdu, model: &mut impl Model) -> Option<Pdu> {
        if self.framing.is_serial()
            && let Ok(Request::Diagnostics(diagnostic)) = Request::decode(pdu)
        {
            return self.diagnose(&diagnostic).map(|answered| match answered {
                Ok(response) => response.encode(),
                Err(exception) => Pdu::exception(pdu.function(), exception),
            });
        }
        match self.listening {
            Listening::Only => None,
            Listening::AndAnswering => Some(model::answer(model, unit, pdu)),
        }
    }

    /// Tests and counters of the line itself, which no model knows.
    fn diagnose(&mut self, asked: &Diagnostic) -> Option<Result<Response, Exception>> {
        if self.listening == Listening::Only {
            // Only a restart ends it, and even that one isn't answered.
            if matches!(asked, Diagnostic::Restart { .. }) {
                self.listening = Listening::AndAnswering;
            }
            return None;
        }
        let heard = self.heard();
        let word = match asked {
            Diagnostic::Echo(words) => {
                return Some(Ok(Response::Diagnostics { sub_function: 0, words: words.clone() }));
            }
            Diagnostic::ListenOnly => {
                self.listening = Listening::Only;
                return None;
            }
            Diagnostic::Restart { clear_log } => {
                if *clear_log {
                    0xff00
                } else {
                    0
                }
            }
            Diagnostic::Register | Diagnostic::ClearOverruns => 0,
            // The other end of a frame would have to be agreed with everybody on the bus.
            Diagnostic::Delimiter(_) => return Some(Err(Exception::IllegalFunction)),
            Diagnostic::Clear => {
                self.heard = Heard::default();
                self.noise_before = self.ears.noise();
                0
            }
            Diagnostic::Count(counter) => match counter {
                Counter::BusMessages => heard.bus,
                Counter::BusErrors => heard.noise,
                Counter::Exceptions => heard.exceptions,
                Counter::UnitMessages => heard.ours,
                Counter::Unanswered => heard.unanswered,
                Counter::NegativeAcknowledges | Counter::Busy | Counter::Overruns => 0,
            },
        };
        let words = Row::new(vec![word]).map_err(|_| Exception::DeviceFailure);
        let sub_function = asked.sub_function();
        Some(words.map(|words| Response::Diagnostics { sub_function, words }))
    }
}
