//! One modem on one port: the machine that speaks to it, and the bytes in between.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll};

use at::client::{Client, Event, Input, Level, Order, Output};
use carrier::{Timer, clock_now};
use tty::{ModemLines, Serial, SerialEvent};

use crate::limits;

/// A modem that is being spoken to.
pub(crate) struct Desk {
    client: Client,
    /// Gone while a call has it.
    serial: Option<Serial>,
    wire: Wire,
    /// Came behind a `CONNECT`.
    early: Vec<u8>,
    timer: Timer,
}

#[derive(Default)]
struct Wire {
    unsent: VecDeque<u8>,
    events: VecDeque<Event>,
    dtr: Vec<Level>,
}

impl Output for Wire {
    fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend(bytes);
    }

    fn dtr(&mut self, level: Level) {
        self.dtr.push(level);
    }

    fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

/// What came of listening.
#[derive(Debug)]
pub(crate) enum Heard {
    Event(Event),
    /// The port is gone.
    Lost,
}

impl Desk {
    pub(crate) fn new(client: Client, serial: Serial) -> Self {
        Self {
            client,
            serial: Some(serial),
            wire: Wire::default(),
            early: Vec::new(),
            timer: Timer::default(),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn serial(&mut self) -> Option<&mut Serial> {
        self.serial.as_mut()
    }

    /// Whether DTR can be dropped.
    pub(crate) fn has_lines(&self) -> bool {
        self.serial.as_ref().is_some_and(Serial::has_lines)
    }

    pub(crate) fn order(&mut self, order: Order<'_>) {
        self.wire.unsent.clear();
        self.input(Input::Order(order));
    }

    /// What happens next. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Heard {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The port with what came behind `CONNECT`, for the time of a call.
    pub(crate) fn lend(&mut self) -> Option<(Serial, Vec<u8>)> {
        self.wire = Wire::default();
        Some((self.serial.take()?, std::mem::take(&mut self.early)))
    }

    pub(crate) fn take_back(&mut self, mut serial: Serial) {
        serial.watch_lines(None);
        self.serial = Some(serial);
    }

    /// The port, left as it is for another program.
    pub(crate) fn leave(&mut self) {
        if let Some(serial) = self.serial.take() {
            serial.leave();
        }
    }

    fn input(&mut self, input: Input<'_>) -> usize {
        let taken = self.client.input(clock_now(), input, &mut self.wire);
        for level in self.wire.dtr.drain(..) {
            let Some(serial) = &mut self.serial else { continue };
            let (raise, lower) = match level {
                Level::On => (ModemLines::DTR | ModemLines::RTS, ModemLines::NONE),
                Level::Off => (ModemLines::NONE, ModemLines::DTR),
            };
            if let Err(error) = serial.set_lines(raise, lower) {
                tracing::debug!(path = %serial.path().display(), %error, "DTR can't be set");
            }
        }
        taken
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        loop {
            if let Some(event) = self.wire.events.pop_front() {
                return Poll::Ready(Heard::Event(event));
            }
            if self.timer.poll_due(cx, self.client.deadline()).is_ready() {
                self.input(Input::Timeout);
                continue;
            }
            let Some(serial) = &mut self.serial else { return Poll::Ready(Heard::Lost) };
            if !self.wire.unsent.is_empty() {
                match serial.poll_write(cx, self.wire.unsent.as_slices().0) {
                    Poll::Ready(Ok(count)) => {
                        self.wire.unsent.drain(..count);
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(Heard::Lost),
                    Poll::Pending => {}
                }
            }
            let mut buf = [0; limits::READ];
            match serial.poll_event(cx, &mut buf) {
                Poll::Ready(Ok(SerialEvent::Data(count))) => {
                    let bytes = buf.get(..count).unwrap_or_default();
                    let taken = self.input(Input::Bytes(bytes));
                    self.early = bytes.get(taken..).unwrap_or_default().to_vec();
                }
                Poll::Ready(Ok(SerialEvent::Lost) | Err(_)) => return Poll::Ready(Heard::Lost),
                Poll::Ready(Ok(SerialEvent::Break | SerialEvent::Lines(_))) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
