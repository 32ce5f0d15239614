//! One module on one port: the machine that drives it, and the bytes in between.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use carrier::{Timer, clock_now};
use gsm::{Event, Input, Level, Module, Note, Order, Output, Reason, Room};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};
use tty::{ModemLines, Serial, SerialEvent};

use crate::call::End;
use crate::limits::{LAST_BYTES, READ};
use crate::tries::Tries;

/// A module that is being driven.
pub struct Desk {
    module: Module,
    serial: Serial,
    wire: Wire,
    call: Option<Theirs>,
    timer: Timer,
    room: Room,
    tries: Tries,
}

/// The task's end of a call.
pub(crate) struct Theirs {
    pub(crate) stream: UnixStream,
    pub(crate) end: End,
    /// Ends when nobody has the call any more.
    pub(crate) held: oneshot::Receiver<()>,
    /// Nobody has it any more: until when what he said last may take to leave.
    let_go: Option<Pin<Box<Sleep>>>,
    reading: Half,
    writing: Half,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Open,
    /// What is left is still passed on.
    Ending,
    Ended,
}

impl Theirs {
    pub(crate) fn new(stream: UnixStream, end: End, held: oneshot::Receiver<()>) -> Self {
        Self { stream, end, held, let_go: None, reading: Half::Open, writing: Half::Open }
    }
}

#[derive(Default)]
struct Wire {
    unsent: VecDeque<u8>,
    data: VecDeque<u8>,
    happened: VecDeque<Heard>,
    dtr: Vec<Level>,
}

impl Output for Wire {
    fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend(bytes);
    }

    fn forget(&mut self) {
        self.unsent.clear();
    }

    fn data(&mut self, bytes: &[u8]) {
        self.data.extend(bytes);
    }

    fn dtr(&mut self, level: Level) {
        self.dtr.push(level);
    }

    fn event(&mut self, event: Event) {
        self.happened.push_back(Heard::Event(event));
    }

    fn note(&mut self, note: Note<'_>) {
        self.happened.push_back(Heard::Said(match note {
            Note::Says(text) => format!("> {text}"),
            Note::Hears(text) => format!("< {}", text.escape_debug()),
        }));
    }
}

/// What came of listening.
#[derive(Debug)]
pub enum Heard {
    /// The machine tells this.
    Event(Event),
    /// A line of the conversation; secrets aren't in it.
    Said(String),
    /// The port can't be used any more: why.
    Lost(String),
}

impl Desk {
    /// A module on this port, which is told its PIN as long as `tries` allows it. Order it to start.
    pub fn new(module: Module, serial: Serial, tries: Tries) -> Self {
        Self {
            module,
            serial,
            wire: Wire::default(),
            call: None,
            timer: Timer::default(),
            room: Room::Some,
            tries,
        }
    }

    /// What is wrong, and what to do about it.
    pub fn trouble(&self, reason: &Reason) -> String {
        match self.tries.remedy().filter(|_| reason.is_final()) {
            Some(remedy) => format!("{reason}; {remedy}"),
            None => reason.to_string(),
        }
    }

    /// The machine.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Gives an order.
    pub fn order(&mut self, order: Order) {
        self.input(Input::Order(order));
    }

    pub(crate) fn begin(&mut self, call: Theirs) {
        // What came in one piece with CONNECT is there already, and the call's.
        self.call = Some(call);
    }

    pub(crate) fn has_call(&self) -> bool {
        self.call.is_some()
    }

    /// Whether either end of the call has ended its half.
    pub(crate) fn is_ending(&self) -> bool {
        let open = |call: &Theirs| call.reading == Half::Open && call.writing == Half::Open;
        self.call.as_ref().is_some_and(|call| !open(call))
    }

    /// Why the call is over of which the module says this: a far end that goes when this end has, goes in answer.
    pub(crate) fn why(&self, reason: Reason) -> Reason {
        let is_left = self.call.as_ref().is_some_and(|call| call.writing != Half::Open);
        match reason {
            Reason::PeerClosed | Reason::Reset if is_left => Reason::LocalHangUp,
            other => other,
        }
    }

    /// Nothing more comes from the far end.
    pub(crate) fn ended(&mut self, reason: gsm::Reason) {
        if let Some(call) = &mut self.call {
            call.end.set(reason);
            if call.reading == Half::Open {
                call.reading = Half::Ending;
            }
        }
    }

    /// Ends the call.
    pub(crate) fn hang_up(&mut self) {
        self.call = None;
        self.wire.data.clear();
        self.room = Room::Some;
        self.input(Input::Room(Room::Some));
        self.order(Order::HangUp);
    }

    /// Ends its call and its session; what is said meanwhile is told to `hears`.
    pub async fn leave(&mut self, mut hears: impl FnMut(&str)) {
        self.order(Order::Stop);
        loop {
            match self.next().await {
                Heard::Said(line) => hears(&line),
                Heard::Lost(_) | Heard::Event(Event::Stopped) => return,
                Heard::Event(_) => {}
            }
        }
    }

    /// What happens next. May be dropped and called again.
    pub async fn next(&mut self) -> Heard {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn input(&mut self, input: Input<'_>) -> usize {
        let taken = self.module.input(clock_now(), input, &mut self.wire);
        for level in self.wire.dtr.drain(..) {
            let (raise, lower) = match level {
                Level::On => (ModemLines::DTR | ModemLines::RTS, ModemLines::NONE),
                Level::Off => (ModemLines::NONE, ModemLines::DTR),
            };
            if let Err(error) = self.serial.set_lines(raise, lower) {
                tracing::debug!(path = %self.serial.path().display(), %error, "DTR can't be set");
            }
        }
        taken
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        loop {
            if let Some(heard) = self.wire.happened.pop_front() {
                match self.keep(heard) {
                    Some(heard) => return Poll::Ready(heard),
                    None => continue,
                }
            }
            if self.timer.poll_due(cx, self.module.deadline()).is_ready() {
                self.input(Input::Timeout);
                continue;
            }
            let mut moved = Moved::No;
            if !self.wire.unsent.is_empty() {
                match self.serial.poll_write(cx, self.wire.unsent.as_slices().0) {
                    Poll::Ready(Ok(count)) => {
                        self.wire.unsent.drain(..count);
                        moved = Moved::Yes;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(gone()),
                    Poll::Pending => {}
                }
            }
            if self.module.awaits_drain()
                && self.wire.unsent.is_empty()
                && self.serial.poll_drained(cx).is_ready()
            {
                self.input(Input::Drained);
                moved = Moved::Yes;
            }
            if let Poll::Ready(()) = self.poll_call(cx) {
                moved = Moved::Yes;
            }
            if self.may_listen() {
                let mut buf = [0; READ];
                match self.serial.poll_event(cx, &mut buf) {
                    Poll::Ready(Ok(SerialEvent::Data(count))) => {
                        self.input(Input::Bytes(buf.get(..count).unwrap_or_default()));
                        moved = Moved::Yes;
                    }
                    Poll::Ready(Ok(SerialEvent::Lost) | Err(_)) => return Poll::Ready(gone()),
                    Poll::Ready(Ok(SerialEvent::Lines(lines))) => {
                        let has_carrier = lines.contains(ModemLines::DCD);
                        let level = if has_carrier { Level::On } else { Level::Off };
                        self.input(Input::Carrier(level));
                        moved = Moved::Yes;
                    }
                    Poll::Ready(Ok(SerialEvent::Break)) => moved = Moved::Yes,
                    Poll::Pending => {}
                }
            }
            if moved == Moved::No && self.wire.happened.is_empty() {
                return Poll::Pending;
            }
        }
    }

    /// Keeps what has to do with the PIN, before it is said.
    fn keep(&mut self, heard: Heard) -> Option<Heard> {
        match &heard {
            Heard::Event(Event::Status) if self.module.doing() == "initialising" => {
                let tried = self.tries.of(&self.module.status().serial);
                self.order(Order::Tried(tried));
            }
            Heard::Event(Event::PinSaid(count)) => {
                return self.tries.said(*count).err().map(Heard::Lost);
            }
            Heard::Event(Event::PinTaken) => {
                self.tries.taken();
                return None;
            }
            _ => {}
        }
        Some(heard)
    }

    /// Whether what the module says has room: a stream waits in the module while the call's data wait here.
    fn may_listen(&self) -> bool {
        self.wire.data.is_empty() || !self.module.is_stream()
    }

    /// Moves the call's data, both ways.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(call) = &mut self.call else {
            self.wire.data.clear();
            return Poll::Pending;
        };
        if call.let_go.is_none() && Pin::new(&mut call.held).poll(cx).is_ready() {
            call.let_go = Some(Box::pin(sleep(LAST_BYTES)));
        }
        if let Some(late) = &mut call.let_go {
            let heard = call.reading != Half::Open && !self.module.wants_data();
            let all = call.writing != Half::Open || heard && self.module.is_flushed();
            if all || late.as_mut().poll(cx).is_ready() {
                self.hang_up();
                return Poll::Ready(());
            }
        }
        let mut moved = Poll::Pending;
        if !self.wire.data.is_empty() {
            let data = self.wire.data.as_slices().0;
            match Pin::new(&mut call.stream).poll_write(cx, data) {
                Poll::Ready(Ok(count)) => {
                    self.wire.data.drain(..count);
                    moved = Poll::Ready(());
                }
                // Nobody reads any more; what is still to be sent goes on.
                Poll::Ready(Err(_)) => {
                    self.wire.data.clear();
                    moved = Poll::Ready(());
                }
                Poll::Pending => {}
            }
        } else if call.reading == Half::Ending {
            let _ = ready!(Pin::new(&mut call.stream).poll_shutdown(cx));
            call.reading = Half::Ended;
        }
        let room = if self.wire.data.is_empty() { Room::Some } else { Room::None };
        if room != self.room {
            self.room = room;
            self.input(Input::Room(room));
        }
        match self.poll_take(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => moved,
        }
    }

    /// Takes data for the far end, as far as the module takes them.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        if call.writing != Half::Open || !self.wire.unsent.is_empty() {
            return Poll::Pending;
        }
        let mut buf = [0; READ];
        if !self.module.wants_data() {
            // What can't be told to the far end any more has no reader here either.
            if call.reading == Half::Ended && !self.module.is_stream() {
                call.writing = Half::Ended;
                return Poll::Ready(());
            }
            return Poll::Pending;
        }
        let mut into = ReadBuf::new(&mut buf);
        let read: io::Result<()> = ready!(Pin::new(&mut call.stream).poll_read(cx, &mut into));
        let count = if read.is_ok() { into.filled().len() } else { 0 };
        if count == 0 {
            call.writing = Half::Ended;
            self.order(Order::Finish);
        } else {
            self.input(Input::Data(buf.get(..count).unwrap_or_default()));
        }
        Poll::Ready(())
    }
}

fn gone() -> Heard {
    Heard::Lost("the port is gone".to_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moved {
    Yes,
    No,
}
