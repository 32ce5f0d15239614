//! The terminal's side of the conversation: a program that has a real modem in front of it.
//!
//! A [`Client`] brings a modem into a known state, waits for rings, dials, answers, and reads what the
//! modem says meanwhile: words or numbers, with echo or without, among noise, caller ID and half lines.
//! It holds no port: the driver gives it [`Input`] and does what it tells [`Output`].
//!
//! ```text
//!           Reset                    Dial, Answer            CONNECT
//!   Deaf ──────────► chat ─► Listening ──────────► Calling ──────────► Online
//!    ▲                │          ▲                    │                   │
//!    └── no answer ───┘          └─── BUSY … ─────────┘      Reset ◄──────┘
//! ```
//!
//! A reset toggles DTR and sends the init strings. When these aren't answered it is tried once more the
//! hard way: DLE ETX, silence, `+++`, silence, hang up, as mgetty does.
//!
//! ```
//! use at::client::{Client, Event, Input, Level, Manners, Order, Output};
//! use clock::Instant;
//!
//! #[derive(Default)]
//! struct Port(Vec<u8>, Vec<Event>);
//! impl Output for Port {
//!     fn send(&mut self, bytes: &[u8]) { self.0.extend(bytes) }
//!     fn dtr(&mut self, _: Level) {}
//!     fn event(&mut self, event: Event) { self.1.push(event) }
//! }
//!
//! let (mut client, mut port) = (Client::new(Manners::default()), Port::default());
//! client.input(Instant::ORIGIN, Input::Order(Order::Check), &mut port);
//! while port.0.is_empty() {
//!     let due = client.deadline().unwrap();
//!     client.input(due, Input::Timeout, &mut port);
//! }
//! assert_eq!(port.0, b"AT\r");
//! client.input(Instant::ORIGIN, Input::Bytes(b"AT\r\r\nOK\r\n"), &mut port);
//! assert_eq!(port.1, [Event::Ready]);
//! ```

mod caller;
mod chat;
mod event;
mod listen;
mod manners;
mod reply;
#[cfg(test)]
mod tests;

use std::time::Duration;

use clock::Instant;

pub use self::caller::CallerId;
use self::chat::{Chat, Progress, Purpose};
pub use self::event::{Connect, Event, Failure, NoCall};
use self::listen::{Line, LineEnd, Listener};
pub use self::manners::Manners;
use self::reply::Reply;

/// Rings of one call are closer together than this, caller ID among them included: the slowest cadence
/// known is six seconds.
const SAME_CALL: Duration = Duration::from_secs(10);

/// How long after the CR of a `CONNECT` its LF may come. What comes later is the far end's.
const LF_WITHIN: Duration = Duration::from_millis(200);

/// What the machine is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The modem says this.
    Bytes(&'a [u8]),
    /// The time of [`Client::deadline`] has come.
    Timeout,
    /// The owner wants this.
    Order(Order<'a>),
}

/// What a modem is wanted to do. An order replaces what it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// To be ready, whatever it was before: DTR is toggled, and the init strings are sent.
    Reset,
    /// The same, where there is no DTR and a call may be up: it is escaped from first.
    Rescue,
    /// To tell that it is still there.
    Check,
    /// To call this number within this time.
    Dial(&'a str, Duration),
    /// To take the call that rings.
    Answer,
}

/// The two states of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is given.
    On,
    /// It isn't.
    Off,
}

/// Who does what the machine says.
pub trait Output {
    /// Sends bytes to the modem.
    fn send(&mut self, bytes: &[u8]);
    /// Sets DTR, if the port has it.
    fn dtr(&mut self, level: Level);
    /// Hears what happened.
    fn event(&mut self, event: Event);
}

/// One modem, as far as its owner knows.
#[derive(Debug)]
pub struct Client {
    manners: Manners,
    listener: Listener,
    caller: CallerId,
    /// When the last ring or word of a caller came.
    last_sign: Option<Instant>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It needs a reset before anything else.
    Deaf,
    /// It waits for rings.
    Listening,
    /// It is being spoken to.
    Chatting { chat: Box<Chat>, due: Instant },
    /// A call is being made or taken.
    Calling(Box<Calling>),
    /// A call is up; what comes is not for us.
    Online,
}

#[derive(Debug)]
struct Calling {
    way: Way,
    until: Instant,
    /// What was said on the way.
    progress: Vec<String>,
    /// The `CONNECT` whose LF is awaited until then.
    connect: Option<(Connect, Instant)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

/// Lines about a call's protocol that are kept: carrier, protocol, compression.
const PROGRESS_LINES: usize = 4;

impl Client {
    /// A modem of which nothing is known yet: reset it first.
    pub fn new(manners: Manners) -> Self {
        Self {
            manners,
            listener: Listener::default(),
            caller: CallerId::default(),
            last_sign: None,
            state: State::Deaf,
        }
    }

    /// Takes an input, and tells how many of its bytes were taken: all of them, but for what follows a
    /// `CONNECT`, which belongs to the call.
    pub fn input(&mut self, now: Instant, input: Input<'_>, out: &mut impl Output) -> usize {
        match input {
            Input::Bytes(bytes) => return self.hear(now, bytes, out),
            Input::Timeout => self.timeout(now, out),
            Input::Order(order) => {
                let (purpose, number) = match order {
                    Order::Reset => (Purpose::Reset, ""),
                    Order::Rescue => (Purpose::Rescue, ""),
                    Order::Check => (Purpose::Check, ""),
                    Order::Dial(number, within) => (Purpose::Dial(within), number),
                    Order::Answer => (Purpose::Answer, ""),
                };
                self.start(now, purpose, number, out);
            }
        }
        0
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Deaf | State::Listening | State::Online => None,
            State::Chatting { due, .. } => Some(*due),
            State::Calling(calling) => {
                Some(calling.connect.as_ref().map_or(calling.until, |(_, lf)| *lf))
            }
        }
    }

    /// What is known of who calls, since the first ring.
    pub const fn caller(&self) -> &CallerId {
        &self.caller
    }

    /// How it is spoken to.
    pub const fn manners(&self) -> &Manners {
        &self.manners
    }

    fn start(&mut self, now: Instant, purpose: Purpose, number: &str, out: &mut impl Output) {
        let chat = Box::new(Chat::new(purpose, number, &self.manners));
        self.state = State::Chatting { chat, due: now };
        self.go_on(now, out);
    }

    /// Goes on with the chat as far as it goes.
    fn go_on(&mut self, now: Instant, out: &mut impl Output) {
        let State::Chatting { chat, due } = &mut self.state else { return };
        let was_asking = chat.is_asking();
        match chat.go_on(now, &self.manners, out) {
            Progress::Until(at) => {
                *due = at;
                if chat.is_asking() && !was_asking {
                    // Half a line from before must not spoil the answer.
                    self.listener.clear();
                }
            }
            Progress::Done => {
                self.state = State::Listening;
                out.event(Event::Ready);
            }
            Progress::Calling => {
                let (way, within) = match chat.purpose {
                    Purpose::Dial(within) => (Way::Out, within),
                    _ => (Way::In, self.manners.answer_within),
                };
                self.listener.clear();
                let calling =
                    Calling { way, until: now + within, progress: Vec::new(), connect: None };
                self.state = State::Calling(Box::new(calling));
            }
            Progress::Silent(command) => {
                let purpose = chat.purpose;
                self.fail(now, purpose, Failure::Silent(command), out);
            }
        }
    }

    /// A command was in vain: there is a harder way for each but the hardest.
    fn fail(&mut self, now: Instant, purpose: Purpose, failure: Failure, out: &mut impl Output) {
        match purpose {
            Purpose::Check => self.start(now, Purpose::Reset, "", out),
            Purpose::Reset => self.start(now, Purpose::Rescue, "", out),
            Purpose::Rescue | Purpose::Dial(_) | Purpose::Answer => {
                self.state = State::Deaf;
                out.event(Event::Failed(failure));
            }
        }
    }

    fn timeout(&mut self, now: Instant, out: &mut impl Output) {
        match &mut self.state {
            State::Chatting { due, .. } if *due <= now => self.go_on(now, out),
            State::Calling(calling) => match calling.connect.take_if(|(_, lf)| *lf <= now) {
                Some((connect, _)) => self.connected(connect, out),
                None if calling.until <= now => self.no_call(NoCall::TimedOut, out),
                None => {}
            },
            _ => {}
        }
    }

    fn hear(&mut self, now: Instant, bytes: &[u8], out: &mut impl Output) -> usize {
        for (n, byte) in bytes.iter().enumerate() {
            if let State::Calling(calling) = &mut self.state
                && let Some((connect, _)) = calling.connect.take()
            {
                self.connected(connect, out);
                return if *byte == b'\n' { n + 1 } else { n };
            }
            if let Some(line) = self.listener.push(*byte) {
                self.line(now, &line, out);
            }
            if matches!(self.state, State::Online) {
                return n + 1;
            }
        }
        bytes.len()
    }

    fn line(&mut self, now: Instant, line: &Line, out: &mut impl Output) {
        let reply = reply::read(&line.text, self.manners.family);
        match reply {
            Reply::Ring(which) => self.rings(now, which, out),
            Reply::Caller(item) => {
                self.sign(now);
                self.caller.learn(item);
                out.event(Event::CallerId);
            }
            reply => match &mut self.state {
                State::Chatting { chat, .. } if chat.is_asking() => match reply {
                    Reply::Ok => {
                        chat.answered();
                        self.go_on(now, out);
                    }
                    Reply::Error => {
                        let (purpose, question) = (chat.purpose, chat.question());
                        self.fail(now, purpose, Failure::Refused(question), out);
                    }
                    _ => {}
                },
                State::Calling(_) => self.call_reply(now, reply, line, out),
                State::Chatting { .. } | State::Listening | State::Deaf | State::Online => {}
            },
        }
    }

    fn rings(&mut self, now: Instant, which: String, out: &mut impl Output) {
        self.sign(now);
        if !which.is_empty() {
            self.caller.ring = caller::clean(&which);
        }
        match &self.state {
            // It is answering this one.
            State::Calling(calling) if calling.way == Way::In => {}
            State::Calling(_) => {
                self.no_call(NoCall::Collision, out);
                out.event(Event::Ring);
            }
            // Not dialled yet: the caller was first.
            State::Chatting { chat, .. } if matches!(chat.purpose, Purpose::Dial(_)) => {
                self.no_call(NoCall::Collision, out);
                out.event(Event::Ring);
            }
            _ => out.event(Event::Ring),
        }
    }

    /// A sign of a caller; one after a long silence is another caller's.
    fn sign(&mut self, now: Instant) {
        if self.last_sign.is_none_or(|last| now.since(last) > SAME_CALL) {
            self.caller = CallerId::default();
        }
        self.last_sign = Some(now);
    }

    fn call_reply(&mut self, now: Instant, reply: Reply, line: &Line, out: &mut impl Output) {
        let State::Calling(calling) = &mut self.state else { return };
        match reply {
            Reply::Connect(mut connect) => {
                calling.progress.iter().for_each(|progress| connect.add(progress));
                let short = line.text.trim().bytes().all(|byte| byte.is_ascii_digit());
                match line.end {
                    LineEnd::Short if short => self.connected(connect, out),
                    LineEnd::Whole => self.connected(connect, out),
                    LineEnd::LfFollows | LineEnd::Short => {
                        calling.connect = Some((connect, now + LF_WITHIN));
                    }
                }
            }
            Reply::NoCall(none) => self.no_call(none, out),
            Reply::Error => self.no_call(NoCall::Refused, out),
            Reply::Progress(text) => {
                if calling.progress.len() < PROGRESS_LINES && !text.contains("RING") {
                    calling.progress.push(text);
                }
            }
            Reply::Ok | Reply::Other | Reply::Ring(_) | Reply::Caller(_) => {}
        }
    }

    fn connected(&mut self, connect: Connect, out: &mut impl Output) {
        self.listener.clear();
        self.last_sign = None;
        self.state = State::Online;
        out.event(Event::Connected(connect));
    }

    fn no_call(&mut self, none: NoCall, out: &mut impl Output) {
        self.state = State::Listening;
        out.event(Event::NoCall(none));
    }
}
