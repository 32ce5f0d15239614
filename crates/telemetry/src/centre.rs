//! The centre's end.
//!
//! ```text
//!             path open          hello            welcome          bye, silence
//!   Probing ───────────► Waiting ──────► Greeted ─────────► On ──────────────────► Over
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use clock::{Instant, Timers};
use modbus::UnitId;
use modbus::pdu::Pdu;
use thiserror::Error;

use crate::describe::{self, Asking, Description};
use crate::desk::{Desk, Due};
use crate::message::{Hello, Mark, Message};
use crate::path::{Came, Path};
use crate::renewal::Change;
use crate::sample::{Definition, PointId, Received, Sample};
use crate::status::Status;
use crate::{End, Output, limits};

/// A question, as the one who asks it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// Too many questions wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{} questions wait for this station already", limits::ASKS)]
pub struct Full;

/// Why a question was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AskFailed {
    /// The call has ended. Whether the unit was asked, nobody knows.
    #[error("the call has ended")]
    Closed,
    /// The station is on the line and doesn't answer.
    #[error("the station doesn't answer")]
    Silent,
}

/// What a centre is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum CentreAction {
    /// A station has said who it is: call [`Centre::welcome`] or [`Centre::refuse`].
    Arrived(Hello),
    /// Make these durable, then call [`Centre::stored`]; or [`Centre::refuse`] if that can't be done.
    Store(Vec<Received>),
    /// What came of a question.
    Answered(Ticket, Result<Pdu, AskFailed>),
    /// What has become of a change of configuration.
    Configured {
        /// Which one.
        version: u64,
        /// Why the station refuses it.
        outcome: Result<(), String>,
    },
    /// What the station's points are, and the check by which [`Centre::describe`] will know them.
    Described(u32, Vec<Description>),
    /// The station's points are those by whose check [`Centre::describe`] was called.
    AsDescribed,
    /// How the station is.
    Status(Status),
    /// The conversation is over.
    HangUp(End),
}

/// The centre's end of a call.
#[derive(Debug)]
pub struct Centre {
    path: Path,
    state: State,
    timers: Timers<4>,
    silence: Duration,
    /// What time it was, and when that was.
    unix: (Instant, i64),
    definitions: HashMap<PointId, Arc<Definition>>,
    received: u64,
    durable: u64,
    storing: usize,
    desk: Desk,
    change: Option<Change>,
    asking: Option<Asking>,
    /// How often the same of it was said.
    change_tries: u8,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Probing,
    Waiting,
    Greeted,
    On,
    Over,
}

/// The station must have greeted by then.
const GREETING: usize = 0;
/// The station is gone.
const HEARD: usize = 1;
/// A change of configuration is said again.
const CHANGE: usize = 2;
/// The station is asked again what its points are.
const DESCRIBE: usize = 3;

impl Centre {
    /// Begins to probe the path.
    pub fn start(now: Instant, unix_ms: i64, out: &mut impl Output<CentreAction>) -> Self {
        let mut bytes = Vec::new();
        let path = Path::start(now, &mut bytes);
        out.send(&bytes);
        bytes.clear();
        Self {
            path,
            state: State::Probing,
            timers: Timers::default(),
            silence: limits::KEEP_ALIVE * limits::MISSED,
            unix: (now, unix_ms),
            definitions: HashMap::new(),
            received: 0,
            durable: 0,
            storing: 0,
            desk: Desk::default(),
            change: None,
            asking: None,
            change_tries: 0,
            bytes,
        }
    }

    /// It is this time now: milliseconds since 1970.
    pub const fn set_time(&mut self, now: Instant, unix_ms: i64) {
        self.unix = (now, unix_ms);
    }

    /// Bytes from the call.
    pub fn input(&mut self, now: Instant, mut bytes: &[u8], out: &mut impl Output<CentreAction>) {
        while self.state != State::Over
            && let Some(came) = self.path.next(now, &mut bytes, &mut self.bytes)
        {
            match came {
                Came::Opened => {
                    self.state = State::Waiting;
                    self.timers.set(GREETING, now + limits::GREETING);
                }
                Came::Message(message) => {
                    if self.state != State::Waiting {
                        self.timers.set(HEARD, now + self.silence);
                    }
                    self.message(now, message, out);
                }
            }
        }
        self.flush(out);
    }

    /// A deadline has passed.
    pub fn timeout(&mut self, now: Instant, out: &mut impl Output<CentreAction>) {
        if self.path.timeout(now, &mut self.bytes).is_err() {
            self.over(End::NoProbe, out);
        }
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                CHANGE if self.change_tries >= limits::TRIES => self.give_change_up(out),
                CHANGE => self.say_change(now),
                DESCRIBE => self.say_describe(now),
                _ => self.over(End::Silent, out),
            }
        }
        self.go_on(now, out);
        self.flush(out);
    }

    /// When to call [`Centre::timeout`].
    pub fn deadline(&self) -> Option<Instant> {
        let desk = match self.state {
            State::Over => return None,
            State::On => self.desk.deadline(),
            _ => None,
        };
        [self.path.deadline(), self.timers.next(), desk].into_iter().flatten().min()
    }

    /// The station is welcome, and this is the last of its store's samples before which none is missing.
    pub fn welcome(&mut self, now: Instant, through: u64, out: &mut impl Output<CentreAction>) {
        if self.state != State::Greeted {
            return;
        }
        self.state = State::On;
        (self.received, self.durable) = (through, through);
        self.say(&Message::Welcome { through });
        if self.change.is_some() {
            self.say_change(now);
        }
        if self.asking.is_some() {
            self.say_describe(now);
        }
        self.go_on(now, out);
        self.flush(out);
    }

    /// Wants to know what the station's points are, unless they are those whose check is known. A station that is older than
    /// the question says nothing, and nothing comes of it.
    pub fn describe(&mut self, now: Instant, known: u32, out: &mut impl Output<CentreAction>) {
        self.asking = Some(Asking::new(known));
        if self.state == State::On {
            self.say_describe(now);
            self.flush(out);
        }
    }

    /// Sends the station away, whenever that may be.
    pub fn refuse(&mut self, words: &str, out: &mut impl Output<CentreAction>) {
        self.say(&Message::Refused(words.to_owned()));
        self.over(End::Refused(words.to_owned()), out);
    }

    /// What was last given by [`CentreAction::Store`] is durable, up to this number.
    pub fn stored(&mut self, through: u64, out: &mut impl Output<CentreAction>) {
        self.storing = self.storing.saturating_sub(1);
        self.durable = self.durable.max(through.min(self.received));
        if self.state == State::On {
            self.say(&Message::Acknowledged(self.durable));
            self.flush(out);
        }
    }

    /// Asks a unit of the station, after everything asked before.
    ///
    /// # Errors
    /// [`limits::ASKS`] questions wait already.
    pub fn ask(
        &mut self,
        now: Instant,
        ticket: Ticket,
        unit: UnitId,
        pdu: Pdu,
        out: &mut impl Output<CentreAction>,
    ) -> Result<(), Full> {
        self.put(now, (ticket, unit), pdu, None, out)
    }

    /// The same, but the station carries it out once at most, though it is asked again with this mark in another call. A
    /// unit that was asked, and whose answer died with the station, gives the exception of a gateway without an answer.
    ///
    /// # Errors
    /// [`limits::ASKS`] questions wait already.
    pub fn ask_once(
        &mut self,
        now: Instant,
        mark: Mark,
        (ticket, unit): (Ticket, UnitId),
        pdu: Pdu,
        out: &mut impl Output<CentreAction>,
    ) -> Result<(), Full> {
        self.put(now, (ticket, unit), pdu, Some(mark), out)
    }

    fn put(
        &mut self,
        now: Instant,
        (ticket, unit): (Ticket, UnitId),
        pdu: Pdu,
        mark: Option<Mark>,
        out: &mut impl Output<CentreAction>,
    ) -> Result<(), Full> {
        if self.state == State::Over {
            out.act(CentreAction::Answered(ticket, Err(AskFailed::Closed)));
            return Ok(());
        }
        self.desk.put(ticket, unit, pdu, mark)?;
        self.go_on(now, out);
        self.flush(out);
        Ok(())
    }

    /// Changes the station's configuration. Of two changes that aren't answered yet, the later counts.
    pub fn configure(
        &mut self,
        now: Instant,
        version: u64,
        changes: Vec<(String, String)>,
        out: &mut impl Output<CentreAction>,
    ) {
        let change = Change::Values { version, changes };
        let Change::Values { changes, .. } = &change else { return };
        // What is longer would arrive cut, and so as something else.
        let long = |(key, value): &(String, String)| key.len().max(value.len()) > limits::TEXT;
        let many = changes.len() > limits::CHANGES || changes.iter().any(long);
        if many || change.message().encode().len() > limits::MESSAGE {
            let outcome = Err("these are too many changes at once".to_owned());
            return out.act(CentreAction::Configured { version, outcome });
        }
        self.begin_change(now, change, out);
    }

    /// Gives the station a whole configuration, piece by piece. Of two that aren't answered yet, the later counts.
    pub fn renew(
        &mut self,
        now: Instant,
        version: u64,
        text: &str,
        out: &mut impl Output<CentreAction>,
    ) {
        if text.len() > limits::CONFIGURATION {
            let most = limits::CONFIGURATION;
            let outcome = Err(format!("a configuration has {most} bytes at most"));
            return out.act(CentreAction::Configured { version, outcome });
        }
        self.begin_change(now, Change::Whole { version, text: text.into(), through: 0 }, out);
    }

    fn begin_change(&mut self, now: Instant, change: Change, out: &mut impl Output<CentreAction>) {
        self.change = Some(change);
        self.change_tries = 0;
        if self.state == State::On {
            self.say_change(now);
            self.flush(out);
        }
    }

    fn message(&mut self, now: Instant, message: Message, out: &mut impl Output<CentreAction>) {
        match (message, self.state) {
            (Message::Hello(hello), State::Waiting) => {
                self.timers.clear(GREETING);
                self.silence = Duration::from_secs(hello.silence_s.into())
                    .clamp(limits::LEAST_SILENCE, limits::LONGEST_SILENCE);
                self.timers.set(HEARD, now + self.silence);
                self.state = State::Greeted;
                out.act(CentreAction::Arrived(hello));
            }
            (Message::Hello(_), State::On) => self.say(&Message::Welcome { through: self.durable }),
            (Message::Batch { after, definitions, samples }, State::On) => {
                self.batch(after, definitions, samples, out);
            }
            (Message::Answer { id, pdu }, State::On) => {
                if let Some(ticket) = self.desk.answered(id) {
                    out.act(CentreAction::Answered(ticket, Ok(pdu)));
                }
                self.go_on(now, out);
            }
            (Message::Ping(nonce), State::On) => {
                let (then, unix_ms) = self.unix;
                let since = i64::try_from(now.since(then).as_millis()).unwrap_or(0);
                self.say(&Message::Pong { nonce, unix_ms: unix_ms.saturating_add(since) });
            }
            (Message::Configured { version, outcome }, State::On)
                if self.change.as_ref().is_some_and(|change| change.version() == version) =>
            {
                self.change = None;
                self.timers.clear(CHANGE);
                out.act(CentreAction::Configured { version, outcome });
            }
            (Message::Described(piece), State::On) => self.described(now, piece, out),
            (Message::Through { version, through }, State::On)
                if self.change.as_mut().is_some_and(|change| change.has_come(version, through)) =>
            {
                self.change_tries = 0;
                self.say_change(now);
            }
            (Message::Status(status), State::On) => out.act(CentreAction::Status(status)),
            (Message::Bye, State::On) if self.has_nothing_to_say() => {
                self.say(&Message::Bye);
                self.over(End::Done, out);
            }
            // Of the other end's kind, or out of its time.
            _ => {}
        }
    }

    fn has_nothing_to_say(&self) -> bool {
        self.desk.is_empty() && self.change.is_none() && self.storing == 0
    }

    fn batch(
        &mut self,
        after: u64,
        definitions: Vec<(PointId, Definition)>,
        samples: Vec<Sample>,
        out: &mut impl Output<CentreAction>,
    ) {
        // A station keeps to the window; what is beyond it, it says again.
        if self.storing > limits::WINDOW || after > self.received {
            return;
        }
        for (id, definition) in definitions {
            if self.definitions.len() >= limits::POINTS && !self.definitions.contains_key(&id) {
                return self.over(End::Nonsense("a station can't have so many points"), out);
            }
            if self.definitions.get(&id).is_none_or(|known| **known != definition) {
                self.definitions.insert(id, Arc::new(definition));
            }
        }
        let mut received = Vec::new();
        for sample in samples.into_iter().filter(|sample| sample.seq > self.received) {
            let Some(definition) = self.definitions.get(&sample.point) else {
                return self.over(End::Nonsense("a sample's point was never defined"), out);
            };
            received.push(Received { definition: Arc::clone(definition), sample });
        }
        match received.last() {
            Some(last) => {
                self.received = last.sample.seq;
                self.storing += 1;
                out.act(CentreAction::Store(received));
            }
            // All of it is known; perhaps the acknowledgement was lost.
            None => self.say(&Message::Acknowledged(self.durable)),
        }
    }

    fn go_on(&mut self, now: Instant, out: &mut impl Output<CentreAction>) {
        while self.state == State::On
            && let Some(due) = self.desk.due(now)
        {
            match due {
                Due::Say(message) => self.say(&message),
                Due::GiveUp(ticket) => {
                    out.act(CentreAction::Answered(ticket, Err(AskFailed::Silent)));
                }
            }
        }
    }

    fn say_describe(&mut self, now: Instant) {
        match self.asking.as_mut().and_then(Asking::again) {
            Some((from, known)) => {
                self.say(&Message::Describe { from, known });
                self.timers.set(DESCRIBE, now + limits::AGAIN);
            }
            None => self.asking = None,
        }
    }

    fn described(
        &mut self,
        now: Instant,
        piece: describe::Described,
        out: &mut impl Output<CentreAction>,
    ) {
        let Some(asking) = &mut self.asking else { return };
        match asking.came(piece) {
            describe::Came::More => return self.say_describe(now),
            describe::Came::All(check, points) => {
                out.act(CentreAction::Described(check, points));
            }
            describe::Came::Known => out.act(CentreAction::AsDescribed),
            describe::Came::Nothing => {}
        }
        self.asking = None;
        self.timers.clear(DESCRIBE);
    }

    fn say_change(&mut self, now: Instant) {
        if let Some(message) = self.change.as_ref().map(Change::message) {
            self.say(&message);
            self.change_tries += 1;
            self.timers.set(CHANGE, now + limits::AGAIN);
        }
    }

    /// A station of an earlier kind doesn't know what is said, and would be told for ever.
    fn give_change_up(&mut self, out: &mut impl Output<CentreAction>) {
        if let Some(change) = self.change.take() {
            let outcome = Err("the station says nothing to it".to_owned());
            out.act(CentreAction::Configured { version: change.version(), outcome });
        }
    }

    fn over(&mut self, end: End, out: &mut impl Output<CentreAction>) {
        if self.state == State::Over {
            return;
        }
        self.state = State::Over;
        self.timers = Timers::default();
        for ticket in self.desk.clear() {
            out.act(CentreAction::Answered(ticket, Err(AskFailed::Closed)));
        }
        self.flush(out);
        out.act(CentreAction::HangUp(end));
    }

    fn say(&mut self, message: &Message) {
        self.path.say(message, &mut self.bytes);
    }

    fn flush(&mut self, out: &mut impl Output<CentreAction>) {
        if !self.bytes.is_empty() {
            out.send(&self.bytes);
            self.bytes.clear();
        }
    }
}
