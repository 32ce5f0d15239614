//! The machine: what a module is brought to next, and what became of it.

mod goals;
mod leaving;
mod leisure;
mod settings;
mod waking;

use std::collections::VecDeque;

use at::secret::is_command;
use clock::Instant;

use self::goals::Goal;
use self::settings::Settings;
use self::waking::Effort;
use crate::callers::Callers;
use crate::chat::{Chat, Progress};
use crate::dialect::{self, Dialect, Link, Sign, Target};
use crate::ear::Ear;
use crate::limits::HOST;
use crate::message::Form;
use crate::passing::{CountedCall, Outcome, Passing, StuffedCall};
use crate::reason::Reason;
use crate::script::quoted;
use crate::setup::{Hidden, Messages, Session, Setup};
use crate::status::Status;
use crate::told::Known;
use crate::{By, Event, Input, Level, Message, Note, Order, Output, Question, Room};

/// One module, as far as its owner knows.
#[derive(Debug)]
pub struct Module {
    setup: Setup,
    dialect: Option<&'static Dialect>,
    status: Status,
    state: State,
    ear: Ear,
    /// Who is to be called as soon as that can be.
    wanted: Option<Target>,
    /// Why it can't be used.
    trouble: Option<Reason>,
    /// How often the PIN was said without being taken.
    pin_said: u8,
    /// Until when the card may be busy, or the network be searched.
    until: Instant,
    /// When the connection was asked for.
    asked: Instant,
    sessions_failed: u8,
    searches: u8,
    mail: Mail,
    /// Messages that are to be deleted, with their places, and told then.
    letters: VecDeque<(u16, Message)>,
    room: Room,
    /// DCD, as far as the port has it.
    carrier: Level,
    /// The connection that is up, or is being opened or closed.
    link: Link,
    /// Those who call, in their order.
    callers: Callers,
    /// What it has answered so far.
    known: Known,
    /// What equipment wants to know.
    question: Option<Question>,
    bearer: Bearer,
    stay: Stay,
    settings: Settings,
}

/// Whether the data session may be up that was asked for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bearer {
    Down,
    MayBeUp,
}

/// Whether anybody has a use for the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    Wanted,
    /// It is left as soon as its session is ended.
    Leaves,
}

#[derive(Debug)]
enum State {
    /// Nobody wants it.
    Off,
    /// It is being brought somewhere.
    Chatting { goal: Goal, chat: Box<Chat>, due: Instant },
    /// It waits for a call.
    Idle { look: Instant },
    /// Somebody calls, and is left alone after this time.
    Ringing { until: Instant },
    /// It has one.
    Online(Box<Passing>),
    /// It has one that is to end as soon as what it was given is gone.
    Leaving(Box<Passing>),
    /// It is of no use.
    Dead,
}

/// Whether messages wait to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mail {
    None,
    Due,
}

impl Module {
    /// A module of which nothing is known yet: start it first.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            dialect: None,
            status: Status::default(),
            state: State::Off,
            ear: Ear::default(),
            wanted: None,
            trouble: None,
            pin_said: 0,
            until: Instant::ORIGIN,
            asked: Instant::ORIGIN,
            sessions_failed: 0,
            searches: 0,
            mail: Mail::Due,
            letters: VecDeque::new(),
            room: Room::Some,
            carrier: Level::Off,
            link: Link(0),
            callers: Callers::default(),
            known: Known::default(),
            question: None,
            bearer: Bearer::Down,
            stay: Stay::Wanted,
            settings: Settings::default(),
        }
    }

    /// Takes an input, and tells how many bytes of [`Input::Data`] were taken; of everything else all is.
    pub fn input(&mut self, now: Instant, input: Input<'_>, out: &mut impl Output) -> usize {
        match input {
            Input::Bytes(bytes) => self.hear(now, bytes, out),
            Input::Data(bytes) => return self.data(now, bytes, out),
            Input::Timeout => self.timeout(now, out),
            Input::Order(order) => self.order(now, order, out),
            Input::Drained => {
                if let State::Chatting { chat, .. } = &mut self.state
                    && chat.drained()
                {
                    self.go_on(now, out);
                }
            }
            Input::Carrier(level) => {
                self.carrier = level;
                if let State::Online(passing) = &mut self.state
                    && let Passing::Stuffed(call) = &mut **passing
                {
                    call.carrier(now, level);
                }
            }
            Input::Room(room) => {
                self.room = room;
                if let State::Online(passing) = &mut self.state
                    && let Passing::Counted(call) = &mut **passing
                {
                    call.room(room);
                    self.move_on(now, out);
                }
            }
        }
        0
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Off | State::Dead => None,
            State::Chatting { due, .. } => Some(*due),
            State::Idle { look } => Some(*look),
            State::Ringing { until } => Some(*until),
            State::Online(passing) | State::Leaving(passing) => passing.deadline(),
        }
    }

    /// Whether it takes bytes for the far end now.
    pub fn wants_data(&self) -> bool {
        match &self.state {
            State::Online(passing) => match &**passing {
                Passing::Stuffed(call) => call.wants_data(),
                Passing::Counted(call) => call.wants_data(),
            },
            _ => false,
        }
    }

    /// Whether what it was given for the far end has left it.
    pub fn is_flushed(&self) -> bool {
        match &self.state {
            State::Online(passing) | State::Leaving(passing) => match &**passing {
                Passing::Stuffed(_) => true,
                Passing::Counted(call) => !call.has_unsent(),
            },
            _ => true,
        }
    }

    /// Whether the module's data are a stream, which is held back on the cable; otherwise they are asked for,
    /// and what it says must be heard at any time.
    pub fn is_stream(&self) -> bool {
        matches!(&self.state, State::Online(passing) if matches!(**passing, Passing::Stuffed(_)))
    }

    /// Whether it waits until everything that was said has left the port: [`Input::Drained`].
    pub fn awaits_drain(&self) -> bool {
        matches!(&self.state, State::Chatting { chat, .. } if chat.awaits_drain())
    }

    /// Whether a call is up.
    pub fn is_online(&self) -> bool {
        matches!(self.state, State::Online(_))
    }

    /// How it stands.
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Why it can't be used, if it can't.
    pub const fn trouble(&self) -> Option<&Reason> {
        self.trouble.as_ref()
    }

    /// What it is doing, in a word.
    pub fn doing(&self) -> &'static str {
        match &self.state {
            State::Off => "off",
            State::Chatting { goal, .. } => goal.word(),
            State::Idle { .. } => "idle",
            State::Ringing { .. } => "ringing",
            State::Online(_) => "online",
            State::Leaving(_) => "hanging up",
            State::Dead => self.trouble.as_ref().map_or("silent", Reason::word),
        }
    }

    /// Whether a data session may be up that was asked for here.
    pub fn may_have_session(&self) -> bool {
        self.bearer == Bearer::MayBeUp
    }

    /// Whether it does nothing more until it is started.
    pub const fn is_dead(&self) -> bool {
        matches!(self.state, State::Dead)
    }

    fn order(&mut self, now: Instant, order: Order, out: &mut impl Output) {
        match order {
            Order::Start => self.start(now, Effort::Hello, out),
            Order::Restart(By::Dtr) => self.start(now, Effort::Dtr, out),
            Order::Restart(By::Power) => self.start(now, Effort::Power, out),
            Order::Powered => self.powered(now, out),
            Order::Dial(target) => self.dial(now, target, out),
            Order::Answer => self.answer(now, out),
            Order::Tried(count) => self.pin_said = self.pin_said.max(count),
            Order::Finish => {
                if let State::Online(passing) = &mut self.state
                    && let Passing::Stuffed(call) = &mut **passing
                {
                    call.finish(out);
                }
            }
            Order::HangUp => self.hang_up(now, out),
            Order::Look => match &self.state {
                State::Idle { .. } => self.watch(now, out),
                _ => out.event(Event::Status),
            },
            Order::Ask(question) => self.ask(now, question, out),
            Order::Stop => self.stop(now, out),
        }
    }

    fn start(&mut self, now: Instant, effort: Effort, out: &mut impl Output) {
        self.stay = Stay::Wanted;
        self.wake(now, effort, out);
    }

    fn ask(&mut self, now: Instant, question: Question, out: &mut impl Output) {
        if self.question.is_some() || question.is_lasting() {
            return self.tell(now, question, out);
        }
        match &self.state {
            State::Idle { .. } => {
                self.question = Some(question);
                self.idle(now, out);
            }
            // It is soon at leisure again.
            State::Chatting { goal, .. } if goal.is_idle() => self.question = Some(question),
            _ => self.tell(now, question, out),
        }
    }

    /// Says what is known.
    fn tell(&self, now: Instant, question: Question, out: &mut impl Output) {
        let told = self.known.told(question, now, self.setup.status_age);
        out.event(Event::Told(question, told));
    }

    /// Nobody asks the module any more: it has other things to do.
    fn tell_at_once(&mut self, now: Instant, out: &mut impl Output) {
        if let Some(question) = self.question.take() {
            self.tell(now, question, out);
        }
    }

    fn dial(&mut self, now: Instant, target: Target, out: &mut impl Output) {
        let Target { host, port } = &target;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if *port == 0 || !(1..=HOST).contains(&host.len()) || !host.bytes().all(plain) {
            return out.event(Event::NoCall(Reason::BadAddress));
        }
        if self.stay == Stay::Leaves {
            return out.event(Event::NoCall(Reason::HungUp));
        }
        match &self.state {
            State::Idle { .. } => {
                self.wanted = Some(target);
                self.session(now, out);
            }
            State::Off | State::Dead => {
                let reason = self.trouble.clone();
                let silent = || Reason::Silent("AT".to_owned());
                out.event(Event::NoCall(reason.unwrap_or_else(silent)));
            }
            // Somebody calls, and whoever dials is not to take his place.
            State::Chatting { goal: Goal::Who | Goal::Answer, .. } => {
                out.event(Event::NoCall(Reason::InUse));
            }
            State::Chatting { goal, .. } => match (&self.trouble, goal.is_setting_up()) {
                (Some(reason), true) => out.event(Event::NoCall(reason.clone())),
                _ if self.wanted.is_some() => out.event(Event::NoCall(Reason::InUse)),
                _ => self.wanted = Some(target),
            },
            State::Leaving(_) if self.wanted.is_none() => self.wanted = Some(target),
            State::Online(_) | State::Leaving(_) | State::Ringing { .. } => {
                out.event(Event::NoCall(Reason::InUse));
            }
        }
    }

    fn answer(&mut self, now: Instant, out: &mut impl Output) {
        let listening = self.dialect.and_then(|dialect| dialect.listening.as_ref());
        match (&self.state, listening) {
            (State::Ringing { .. }, Some(listening)) => {
                let steps = (listening.answer)(self.link);
                self.begin(now, Goal::Answer, steps, out);
            }
            _ => out.event(Event::CallerGone),
        }
    }

    fn data(&mut self, now: Instant, bytes: &[u8], out: &mut impl Output) -> usize {
        if !self.wants_data() {
            return 0;
        }
        let State::Online(passing) = &mut self.state else { return 0 };
        match &mut **passing {
            Passing::Stuffed(call) => {
                call.data(bytes, out);
                bytes.len()
            }
            Passing::Counted(call) => {
                let taken = call.data(now, bytes);
                self.move_on(now, out);
                taken
            }
        }
    }

    /// Has a call whose data pass by the piece begin what it can.
    fn move_on(&mut self, now: Instant, out: &mut impl Output) {
        let Some(dialect::Passing::Counted(with)) = self.dialect.map(|d| d.passing) else { return };
        if let State::Online(passing) | State::Leaving(passing) = &mut self.state
            && let Passing::Counted(call) = &mut **passing
        {
            let outcome = call.go_on(now, &with, out);
            self.outcome(now, outcome, out);
        }
    }

    fn timeout(&mut self, now: Instant, out: &mut impl Output) {
        match &mut self.state {
            State::Chatting { due, .. } if *due <= now => self.go_on(now, out),
            State::Idle { look } if *look <= now => self.watch(now, out),
            State::Ringing { until } if *until <= now => self.caller_gone(now, out),
            State::Online(passing) | State::Leaving(passing) => {
                let outcome = match (&mut **passing, self.dialect.map(|d| d.passing)) {
                    (Passing::Stuffed(call), _) => call.timeout(now, out),
                    (Passing::Counted(call), Some(dialect::Passing::Counted(with))) => {
                        call.timeout(now, &with, out)
                    }
                    _ => Outcome::GoesOn,
                };
                self.outcome(now, outcome, out);
            }
            _ => {}
        }
    }

    fn hear(&mut self, now: Instant, bytes: &[u8], out: &mut impl Output) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if let State::Online(passing) | State::Leaving(passing) = &mut self.state {
                let Some(dialect) = self.dialect else { return };
                let outcome = match (&mut **passing, dialect.passing) {
                    (Passing::Stuffed(call), _) => call.hear(now, rest, dialect, out),
                    (Passing::Counted(call), dialect::Passing::Counted(with)) => {
                        call.hear(now, rest, dialect, &with, &mut self.callers, out)
                    }
                    _ => Outcome::GoesOn,
                };
                return self.outcome(now, outcome, out);
            }
            let Some((byte, behind)) = rest.split_first() else { return };
            rest = behind;
            if let Some(line) = self.ear.push(*byte) {
                self.line(now, &line, out);
            }
        }
    }

    /// What came of a connection's data.
    fn outcome(&mut self, now: Instant, outcome: Outcome, out: &mut impl Output) {
        match outcome {
            Outcome::GoesOn => {}
            Outcome::Ended(reason) => {
                if self.is_online() {
                    out.event(Event::Ended(reason));
                }
            }
            Outcome::Lost(reason) => {
                if self.is_online() {
                    out.event(Event::Ended(reason.clone()));
                }
                return self.lost(now, reason, out);
            }
        }
        self.leave(now, out);
    }

    fn line(&mut self, now: Instant, line: &str, out: &mut impl Output) {
        // What somebody has sent may be a secret, and must not be taken for the module's own word.
        let form = match &self.state {
            State::Chatting { goal: Goal::Mail(form), .. } => Some(*form),
            _ => None,
        };
        let is_written = form.is_some_and(|form| form.is_written(line));
        let is_doubtful = is_written || form == Some(Form::Text);
        out.note(Note::Hears(match line {
            _ if is_written => "(a message)",
            // A module that says what it was told says its PIN, too.
            line if is_command(line.as_bytes()) || self.has_secret(line) => "(what it was told)",
            line => line,
        }));
        if line.starts_with("+CMTI:") && !is_doubtful {
            self.mail = Mail::Due;
            if matches!(self.state, State::Idle { .. }) {
                self.idle(now, out);
            }
            return;
        }
        let signs = if is_doubtful { None } else { self.dialect };
        if let Some(knock) = signs.and_then(|dialect| dialect.knock(line)) {
            self.callers.knock(knock);
            if matches!(self.state, State::Idle { .. }) {
                self.idle(now, out);
            }
            return;
        }
        if let Some(dialect) = signs {
            self.callers.hear(line, dialect);
        }
        let sign = signs.and_then(|dialect| (dialect.sign)(line, self.link));
        if sign == Some(Sign::Restarted) && !self.is_waking() {
            return self.lost(now, Reason::Restarted, out);
        }
        if sign == Some(Sign::Streams) && self.has_stray_data(now, out) {
            return;
        }
        if let State::Chatting { chat, .. } = &mut self.state {
            match chat.hear(now, line, self.dialect) {
                Some(reason) => self.failed(now, reason, out),
                None => self.go_on(now, out),
            }
        } else if matches!(self.state, State::Ringing { .. })
            && matches!(sign, Some(Sign::Closed(_) | Sign::SessionLost))
        {
            self.caller_gone(now, out);
        } else if sign == Some(Sign::SessionLost) {
            self.tell_trouble(Reason::SessionLost, out);
            if self.setup.session == Session::Kept && matches!(self.state, State::Idle { .. }) {
                self.session(now, out);
            }
        }
    }

    fn has_secret(&self, line: &str) -> bool {
        let secrets = self.setup.pin.iter().chain(&self.setup.password).map(Hidden::expose);
        secrets.filter(|secret| !secret.is_empty()).any(|secret| line.contains(&quoted(secret)))
    }

    /// Goes on with the chat as far as it goes.
    fn go_on(&mut self, now: Instant, out: &mut impl Output) {
        let State::Chatting { chat, due, .. } = &mut self.state else { return };
        match chat.go_on(now, out) {
            Progress::Until(at) => *due = at,
            Progress::Done => {
                if let State::Chatting { goal, chat, .. } =
                    std::mem::replace(&mut self.state, State::Off)
                {
                    self.reached(now, goal, &chat, out);
                }
            }
            Progress::Failed(reason) => self.failed(now, reason, out),
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        goal: Goal,
        steps: impl IntoIterator<Item = crate::Step>,
        out: &mut impl Output,
    ) {
        if !goal.is_idle() {
            self.tell_at_once(now, out);
        }
        let chat = Box::new(Chat::new(steps, self.setup.answer_within));
        self.state = State::Chatting { goal, chat, due: now };
        self.go_on(now, out);
    }

    /// Says why it can't be used, if that is news.
    fn tell_trouble(&mut self, reason: Reason, out: &mut impl Output) {
        if self.trouble.as_ref() != Some(&reason) {
            self.trouble = Some(reason.clone());
            out.event(Event::Trouble(reason));
        }
    }

    /// Whoever wants to call is told that it can't be.
    fn no_call(&mut self, reason: &Reason, out: &mut impl Output) {
        if self.wanted.take().is_some() {
            out.event(Event::NoCall(reason.clone()));
        }
    }

    /// Who called has left, or has waited for long enough.
    fn caller_gone(&mut self, now: Instant, out: &mut impl Output) {
        out.event(Event::CallerGone);
        self.close(now, Vec::new(), out);
    }

    fn connect(&mut self, now: Instant, out: &mut impl Output) {
        let Some(dialect) = self.dialect else { return };
        self.wanted = None;
        let ear = std::mem::take(&mut self.ear);
        let passing = match dialect.passing {
            dialect::Passing::Stuffed => {
                Passing::Stuffed(StuffedCall::new(self.link, self.carrier, self.setup.shutdown))
            }
            dialect::Passing::Counted(_) => Passing::Counted(CountedCall::new(
                self.link,
                ear,
                self.room,
                self.setup.answer_within,
            )),
        };
        self.state = State::Online(Box::new(passing));
        out.event(Event::Connected);
        self.move_on(now, out);
    }

    fn wants_mail(&self) -> bool {
        self.setup.messages == Messages::Read && self.mail == Mail::Due
    }
}
