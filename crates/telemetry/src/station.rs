//! The station's end.
//!
//! ```text
//!             path open        welcome          dry, and nothing asked for a while
//!   Probing ───────────► Greeting ───────► On ─────────────────────────────────────► Leaving ── bye ──► Over
//!                                          ▲                    a question, samples     │
//!                                          └────────────────────────────────────────────┘
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use clock::{Instant, Timers};
use modbus::UnitId;
use modbus::pdu::Pdu;

use crate::asks::{Asked, Asks};
use crate::describe::{Description, List};
use crate::message::{Hello, Mark, Message};
use crate::path::{Came, Path};
use crate::renewal::{Incoming, Piece};
use crate::sample::{Definition, PointId, Sample};
use crate::status::Status;
use crate::upload::{News, Upload};
use crate::{End, Output, limits};

/// What a station is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum StationAction {
    /// Everything up to this number is durable at the centre.
    Acknowledged(u64),
    /// Ask a unit, and call [`Station::answer`].
    Ask {
        /// The question's number.
        id: u32,
        /// Which unit.
        unit: UnitId,
        /// What.
        pdu: Pdu,
    },
    /// The same, unless it was asked with this mark before, in whichever call: then its answer of then is the answer.
    Once {
        /// The question's number.
        id: u32,
        /// By which it is known in every call.
        mark: Mark,
        /// Which unit.
        unit: UnitId,
        /// What.
        pdu: Pdu,
    },
    /// It was this time, just now, give or take.
    Time {
        /// Milliseconds since 1970.
        unix_ms: i64,
        /// Half of the round trip.
        give_or_take: Duration,
    },
    /// Change the configuration, and call [`Station::configured`].
    Configure {
        /// The change's version.
        version: u64,
        /// What becomes what.
        changes: Vec<(String, String)>,
    },
    /// Take a whole configuration, or refuse it, and call [`Station::configured`].
    Renew {
        /// Its version.
        version: u64,
        /// All of it.
        text: String,
    },
    /// The centre should know how the station is: call [`Station::tell`].
    Tell,
    /// The conversation is over.
    HangUp(End),
}

/// How long a station stays on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// Until nothing has happened for so long.
    Linger(Duration),
    /// As long as the line lasts.
    Hold,
}

impl Default for Stay {
    fn default() -> Self {
        Self::Linger(limits::LINGER)
    }
}

/// The station's end of a call.
#[derive(Debug)]
pub struct Station {
    path: Path,
    hello: Hello,
    stay: Stay,
    keep_alive: Duration,
    definitions: BTreeMap<PointId, Definition>,
    described: List,
    state: State,
    timers: Timers<5>,
    asks: Asks,
    nonce: u32,
    pinged: Instant,
    configuring: bool,
    incoming: Option<Incoming>,
    time: Time,
    bytes: Vec<u8>,
}

/// Whether samples wait for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    /// It is known, or nobody waits for it.
    Known,
    /// Samples have times that the centre's may mend: none is uploaded before.
    First,
}

#[derive(Debug)]
enum State {
    Probing,
    Greeting { tries: u8 },
    On(Upload),
    Leaving { upload: Upload, tries: u8 },
    Over,
}

/// A greeting or a farewell is due again.
const AGAIN: usize = 0;
/// A sign of life is due.
const PING: usize = 1;
/// The far end is gone.
const HEARD: usize = 2;
/// Nothing was wanted for long enough.
const LINGER: usize = 3;

/// The time doesn't come.
const TIME: usize = 4;

/// How long a farewell waits for what is on its way.
const SOON: Duration = Duration::from_secs(1);

impl Station {
    /// Begins to probe the path.
    pub fn start(
        now: Instant,
        hello: Hello,
        stay: Stay,
        out: &mut impl Output<StationAction>,
    ) -> Self {
        let mut bytes = Vec::new();
        let path = Path::start(now, &mut bytes);
        out.send(&bytes);
        bytes.clear();
        let mut station = Self {
            path,
            hello,
            stay,
            keep_alive: limits::KEEP_ALIVE,
            definitions: BTreeMap::new(),
            described: List::default(),
            state: State::Probing,
            timers: Timers::default(),
            asks: Asks::default(),
            nonce: 0,
            pinged: now,
            configuring: false,
            incoming: None,
            time: Time::Known,
            bytes,
        };
        station.hello.silence_s = seconds(station.silence());
        station
    }

    /// Says that it is still there as often as this.
    pub fn with_keep_alive(mut self, every: Duration) -> Self {
        let [least, most] = [limits::LEAST_SILENCE, limits::LONGEST_SILENCE];
        self.keep_alive = every.clamp(least / limits::MISSED, most / limits::MISSED);
        self.hello.silence_s = seconds(self.silence());
        self
    }

    /// Uploads nothing before the centre has told the time, or hasn't for as long as a question waits: the times of
    /// samples may have to be mended.
    pub const fn with_time_first(mut self) -> Self {
        self.time = Time::First;
        self
    }

    /// Tells what a point is, before any sample of it is uploaded. Beyond [`limits::POINTS`] there are none.
    pub fn define(&mut self, id: PointId, definition: Definition) {
        if self.definitions.len() < limits::POINTS {
            self.definitions.insert(id, definition);
        }
    }

    /// What the centre is told of the points if it wants to know: [`limits::POINTS`] at most.
    pub fn describe(&mut self, points: Vec<Description>) {
        self.described = List::new(points);
    }

    /// Bytes from the call.
    pub fn input(&mut self, now: Instant, mut bytes: &[u8], out: &mut impl Output<StationAction>) {
        while let Some(came) = self.path.next(now, &mut bytes, &mut self.bytes) {
            match came {
                Came::Opened => {
                    self.state = State::Greeting { tries: 1 };
                    self.say(&Message::Hello(self.hello.clone()));
                    self.timers.set(AGAIN, now + limits::AGAIN);
                    self.heard(now);
                }
                Came::Message(message) => {
                    self.heard(now);
                    self.message(now, message, out);
                }
            }
        }
        self.flush(out);
    }

    /// A deadline has passed.
    pub fn timeout(&mut self, now: Instant, out: &mut impl Output<StationAction>) {
        if self.path.timeout(now, &mut self.bytes).is_err() {
            self.over(End::NoProbe, out);
        }
        if let State::On(upload) = &mut self.state
            && upload.timeout(now).is_err()
        {
            self.over(End::Silent, out);
        }
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                AGAIN => self.again(now, out),
                PING => {
                    self.ping(now);
                    out.act(StationAction::Tell);
                }
                HEARD => self.over(End::Silent, out),
                TIME => self.time = Time::Known,
                _ => self.leave(now),
            }
        }
        self.flush(out);
    }

    /// When to call [`Station::timeout`].
    pub fn deadline(&self) -> Option<Instant> {
        let upload = match &self.state {
            State::On(upload) => upload.deadline(),
            State::Over => return None,
            _ => None,
        };
        [self.path.deadline(), self.timers.next(), upload].into_iter().flatten().min()
    }

    /// Behind which number samples are wanted now: read some from the store, and call [`Station::upload`].
    pub fn wants(&self) -> Option<u64> {
        match &self.state {
            State::On(_) if self.time == Time::First => None,
            State::On(upload) => upload.wants(),
            _ => None,
        }
    }

    /// The next samples in the store, in order; none: there are no more. As many are sent as fit.
    pub fn upload(
        &mut self,
        now: Instant,
        samples: &[Sample],
        out: &mut impl Output<StationAction>,
    ) {
        let State::On(upload) = &mut self.state else { return };
        let batch = upload.batch(now, samples, |id| self.definitions.get(&id));
        if let Some(batch) = batch {
            self.path.say_encoded(&batch, &mut self.bytes);
        }
        self.rest(now);
        self.flush(out);
    }

    /// The store has got more samples.
    pub fn fresh(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::On(mut upload) | State::Leaving { mut upload, .. } => {
                upload.fresh();
                self.state = State::On(upload);
                self.timers.clear(AGAIN);
                if self.stay != Stay::Hold && self.timers.get(LINGER).is_none() {
                    self.timers.set(LINGER, now + SOON);
                }
            }
            state => self.state = state,
        }
    }

    /// What came of a question: the unit's answer, or the exception of whoever couldn't ask it.
    pub fn answer(
        &mut self,
        now: Instant,
        id: u32,
        pdu: Pdu,
        out: &mut impl Output<StationAction>,
    ) {
        if self.asks.answered(id, &pdu) && self.is_on() {
            self.say(&Message::Answer { id, pdu });
            self.linger(now);
            self.flush(out);
        }
    }

    /// What has become of a change of configuration.
    pub fn configured(
        &mut self,
        now: Instant,
        version: u64,
        outcome: Result<(), String>,
        out: &mut impl Output<StationAction>,
    ) {
        self.configuring = false;
        if outcome.is_ok() {
            self.hello.configuration = version;
        }
        if self.is_on() {
            self.say(&Message::Configured { version, outcome });
            self.linger(now);
            self.flush(out);
        }
    }

    /// Holds the line no longer than until everything is said.
    pub fn hang_up_soon(&mut self, now: Instant) {
        if self.stay == Stay::Hold {
            self.stay = Stay::default();
            self.linger(now);
        }
    }

    /// Tells the centre how the station is.
    pub fn tell(&mut self, status: Status, out: &mut impl Output<StationAction>) {
        if self.is_on() {
            self.say(&Message::Status(status));
            self.flush(out);
        }
    }

    /// Whether the greeting is done, and the call not over.
    pub const fn is_on(&self) -> bool {
        matches!(self.state, State::On(_) | State::Leaving { .. })
    }

    fn message(&mut self, now: Instant, message: Message, out: &mut impl Output<StationAction>) {
        match message {
            Message::Welcome { through } => self.welcome(now, through, out),
            Message::Refused(words) => self.over(End::Refused(words), out),
            // The answer to ours; what has been stored since goes with the next call.
            Message::Bye if self.is_on() => self.over(End::Done, out),
            Message::Acknowledged(through) => {
                if let State::On(upload) | State::Leaving { upload, .. } = &mut self.state {
                    match upload.acknowledged(now, through) {
                        News::Through(through) => out.act(StationAction::Acknowledged(through)),
                        News::Old => {}
                        News::Nonsense => {
                            self.over(
                                End::Nonsense("samples were acknowledged that there are not"),
                                out,
                            );
                        }
                    }
                    self.rest(now);
                }
            }
            Message::Ask { id, unit, pdu } if self.is_on() => {
                self.asked(id, StationAction::Ask { id, unit, pdu }, out);
                self.stay(now);
            }
            Message::Once { id, mark, unit, pdu } if self.is_on() => {
                self.asked(id, StationAction::Once { id, mark, unit, pdu }, out);
                self.stay(now);
            }
            Message::Pong { nonce, unix_ms } if nonce == self.nonce && self.is_on() => {
                // An echo of the same pong would be older than it looks.
                self.nonce = self.nonce.wrapping_add(1);
                let give_or_take = now.since(self.pinged) / 2;
                let half = i64::try_from(give_or_take.as_millis()).unwrap_or(0);
                let unix_ms = unix_ms.saturating_add(half);
                self.time = Time::Known;
                self.timers.clear(TIME);
                out.act(StationAction::Time { unix_ms, give_or_take });
            }
            Message::Configure { version, changes } if self.is_on() => {
                if version <= self.hello.configuration {
                    // It was taken, and the answer lost.
                    self.say(&Message::Configured { version, outcome: Ok(()) });
                } else if !self.configuring {
                    self.configuring = true;
                    out.act(StationAction::Configure { version, changes });
                }
                self.stay(now);
            }
            Message::Describe { from, known } if self.is_on() => {
                let piece = self.described.piece(from, known);
                self.say(&Message::Described(piece));
                self.stay(now);
            }
            Message::Piece { version, total, at, bytes } if self.is_on() => {
                self.piece((version, total), at, &bytes, out);
                self.stay(now);
            }
            // Of the other end's kind, or out of its time.
            _ => {}
        }
    }

    fn asked(&mut self, id: u32, action: StationAction, out: &mut impl Output<StationAction>) {
        match self.asks.asked(id) {
            Asked::Anew => out.act(action),
            Asked::Known => {}
            Asked::Answered(pdu) => self.say(&Message::Answer { id, pdu }),
        }
    }

    fn piece(
        &mut self,
        of: (u64, u32),
        at: u32,
        bytes: &[u8],
        out: &mut impl Output<StationAction>,
    ) {
        let version = of.0;
        if version <= self.hello.configuration {
            // It was taken, and the answer lost.
            return self.say(&Message::Configured { version, outcome: Ok(()) });
        }
        if self.configuring {
            return;
        }
        let refused = |words: &str| Message::Configured { version, outcome: Err(words.to_owned()) };
        match Incoming::take(&mut self.incoming, of, at, bytes) {
            Piece::Through(through) => self.say(&Message::Through { version, through }),
            Piece::TooLong => self.say(&refused("it is longer than a configuration may be")),
            Piece::Whole(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    self.configuring = true;
                    out.act(StationAction::Renew { version, text });
                }
                Err(_) => self.say(&refused("it isn't text in UTF-8")),
            },
        }
    }

    fn welcome(&mut self, now: Instant, through: u64, out: &mut impl Output<StationAction>) {
        if !matches!(self.state, State::Greeting { .. }) {
            return;
        }
        if through > self.hello.last {
            return self.over(End::Outgrown, out);
        }
        self.timers.clear(AGAIN);
        self.state = State::On(Upload::new(self.hello.last, through));
        if through > 0 {
            out.act(StationAction::Acknowledged(through));
        }
        self.ping(now);
        if self.time == Time::First {
            self.timers.set(TIME, now + limits::AGAIN);
        }
        out.act(StationAction::Tell);
        self.rest(now);
    }

    fn again(&mut self, now: Instant, out: &mut impl Output<StationAction>) {
        let (tries, message, end) = match &mut self.state {
            State::Greeting { tries } => (tries, Message::Hello(self.hello.clone()), End::Silent),
            // Nothing is lost with a farewell.
            State::Leaving { tries, .. } => (tries, Message::Bye, End::Done),
            _ => return,
        };
        if *tries >= limits::TRIES {
            return self.over(end, out);
        }
        *tries += 1;
        self.say(&message);
        self.timers.set(AGAIN, now + limits::AGAIN);
    }

    fn ping(&mut self, now: Instant) {
        self.nonce = self.nonce.wrapping_add(1);
        self.pinged = now;
        self.say(&Message::Ping(self.nonce));
        self.timers.set(PING, now + self.keep_alive);
    }

    /// Everything has been said for a while.
    fn leave(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::On(upload) if upload.is_over() && self.asks.under_way() == 0 => {
                self.state = State::Leaving { upload, tries: 1 };
                self.say(&Message::Bye);
                self.timers.set(AGAIN, now + limits::AGAIN);
            }
            state => {
                self.state = state;
                self.timers.set(LINGER, now + SOON);
            }
        }
    }

    /// Everything is said for the first time. What is stored from then on is uploaded, and holds nobody up: a station
    /// that reads every second would never hang up.
    fn rest(&mut self, now: Instant) {
        if let State::On(upload) = &self.state
            && upload.is_over()
            && self.timers.get(LINGER).is_none()
        {
            self.linger(now);
        }
    }

    /// Something was wanted: no farewell yet.
    fn stay(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Leaving { upload, .. } => {
                self.timers.clear(AGAIN);
                self.state = State::On(upload);
            }
            state => self.state = state,
        }
        self.linger(now);
    }

    fn linger(&mut self, now: Instant) {
        if let (Stay::Linger(span), State::On(_)) = (self.stay, &self.state) {
            self.timers.set(LINGER, now + span);
        }
    }

    fn heard(&mut self, now: Instant) {
        self.timers.set(HEARD, now + self.silence());
    }

    /// How long silence may last.
    fn silence(&self) -> Duration {
        self.keep_alive.saturating_mul(limits::MISSED)
    }

    fn over(&mut self, end: End, out: &mut impl Output<StationAction>) {
        if matches!(self.state, State::Over) {
            return;
        }
        self.state = State::Over;
        self.timers = Timers::default();
        self.flush(out);
        out.act(StationAction::HangUp(end));
    }

    fn say(&mut self, message: &Message) {
        self.path.say(message, &mut self.bytes);
    }

    fn flush(&mut self, out: &mut impl Output<StationAction>) {
        if !self.bytes.is_empty() {
            out.send(&self.bytes);
            self.bytes.clear();
        }
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
