//! Where a module is brought, one after the other, and what becomes of it there.

use std::time::Duration;

use clock::Instant;

use super::{Module, State};
use crate::chat::Chat;
use crate::dialect::{Dialect, Passing};
use crate::limits::{CARD, CARD_AGAIN, HELLO, PIN_TRIES, SEARCH_AGAIN, SEARCHES, SESSIONS};
use crate::reason::{Reason, Refusal};
use crate::script::{Step, ask, drop_dtr};
use crate::setup::{Flow, Roaming, Session};
use crate::status::{Registration, Status};
use crate::told::Known;
use crate::{Event, Output, Question};

/// Where a module is being brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Wake(Effort),
    Find,
    Init,
    Card,
    Pin,
    Network,
    Session,
    Listen,
    Open,
    /// Who calls is asked for.
    Who,
    Answer,
    Close,
    Watch,
    Ask,
    Mail,
    Delete,
    Reset,
    Detach,
    Stop,
}

/// How hard a module is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    Hello,
    Escape,
    Dtr,
    Power,
}

/// An answer later than this has waited for the far end in vain: nobody refuses so slowly.
const REFUSAL: Duration = Duration::from_secs(45);

impl Goal {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Wake(_) | Self::Reset => "waking",
            Self::Find | Self::Init | Self::Card | Self::Pin => "initialising",
            Self::Network => "searching",
            Self::Session | Self::Listen => "attaching",
            Self::Open => "dialling",
            Self::Who | Self::Answer => "ringing",
            Self::Close | Self::Detach | Self::Stop => "hanging up",
            Self::Watch | Self::Ask | Self::Mail | Self::Delete => "idle",
        }
    }

    /// Whether it is something that an idle module does, and is soon done with.
    pub(super) const fn is_idle(self) -> bool {
        matches!(self, Self::Watch | Self::Ask | Self::Mail | Self::Delete)
    }

    pub(super) const fn is_setting_up(self) -> bool {
        matches!(
            self,
            Self::Wake(_)
                | Self::Find
                | Self::Init
                | Self::Card
                | Self::Pin
                | Self::Network
                | Self::Reset
        )
    }
}

impl Module {
    pub(super) fn is_waking(&self) -> bool {
        match &self.state {
            State::Chatting { goal, .. } => {
                matches!(goal, Goal::Wake(_) | Goal::Reset)
            }
            State::Off | State::Dead => true,
            _ => false,
        }
    }

    /// Whether it is spoken to as one that takes commands, and is not about to have data.
    pub(super) const fn is_commanded(&self) -> bool {
        match &self.state {
            State::Chatting { goal, .. } => match goal {
                Goal::Open | Goal::Answer | Goal::Close | Goal::Reset => false,
                Goal::Wake(effort) => matches!(effort, Effort::Hello),
                _ => true,
            },
            State::Idle { .. } | State::Ringing { .. } => true,
            _ => false,
        }
    }

    /// Whether it may be one whose data are a stream.
    fn may_stream(&self) -> bool {
        let dialect = self.setup.dialect.or(self.dialect);
        dialect.is_none_or(|dialect| matches!(dialect.passing, Passing::Stuffed))
    }

    pub(super) fn wake(&mut self, now: Instant, effort: Effort, out: &mut impl Output) {
        let hello = |tries| Step::from(ask("ATE0V1Q0").within(HELLO).tries(tries).may_fail());
        let mut steps = Vec::new();
        // It may still have a call, to whose far end the rest would go as data; a module in command state ignores it.
        if self.may_stream() {
            steps.push(Step::Finish);
        }
        // What it is still saying belongs to something else.
        steps.push(Step::Pause(Duration::from_millis(500)));
        match effort {
            Effort::Hello => steps.push(hello(3)),
            Effort::Escape => {
                steps.push(Step::Pause(self.setup.guard));
                let escape = ask("+++").within(self.setup.guard * 2).may_fail();
                steps.push(escape.may_be_silent().into());
                steps.push(hello(2));
            }
            Effort::Dtr => {
                steps.extend(drop_dtr(HELLO));
                steps.push(hello(3));
            }
            Effort::Power => {
                out.event(Event::Power);
                steps.push(Step::Pause(self.setup.boot));
                steps.push(hello(5));
            }
        }
        self.ear.clear();
        self.begin(now, Goal::Wake(effort), steps, out);
    }

    /// It has fallen silent, or has started anew.
    pub(super) fn lost(&mut self, now: Instant, reason: Reason, out: &mut impl Output) {
        if matches!(self.state, State::Ringing { .. }) {
            out.event(Event::CallerGone);
        }
        self.callers.forget(None);
        self.no_call(&reason, out);
        self.tell_trouble(reason, out);
        self.wake(now, Effort::Hello, out);
    }

    /// It is of no use until it is started again.
    fn dead(&mut self, now: Instant, reason: Reason, out: &mut impl Output) {
        self.state = State::Dead;
        self.no_call(&reason, out);
        self.tell_at_once(now, out);
        // Said again, since somebody has to start it.
        self.trouble = Some(reason.clone());
        out.event(Event::Trouble(reason));
    }

    /// A chat has come to its end.
    pub(super) fn reached(&mut self, now: Instant, goal: Goal, chat: &Chat, out: &mut impl Output) {
        self.known.learn(now, chat);
        match goal {
            Goal::Wake(_) => self.find(now, out),
            Goal::Find => self.found(now, chat, out),
            Goal::Init => self.card(now, Fresh::Yes, out),
            Goal::Card => self.card_said(now, chat, out),
            Goal::Pin => {
                self.pin_said = 0;
                out.event(Event::PinTaken);
                self.card(now, Fresh::Yes, out);
            }
            Goal::Network => self.network_said(now, chat, out),
            Goal::Session => {
                self.sessions_failed = 0;
                match self.wanted.is_some() {
                    true => self.open(now, out),
                    false => self.ready(now, out),
                }
            }
            Goal::Listen => self.is_ready(now, out),
            Goal::Who => self.caller_known(now, chat, out),
            Goal::Open | Goal::Answer => self.connect(now, out),
            Goal::Close => match (self.setup.session, self.dialect) {
                (Session::PerCall, Some(dialect)) if self.wanted.is_none() => {
                    self.begin(now, Goal::Detach, (dialect.detach)(), out);
                }
                _ => self.ready(now, out),
            },
            Goal::Detach => self.ready(now, out),
            Goal::Stop => {
                self.state = State::Off;
                out.event(Event::Stopped);
            }
            Goal::Watch => self.watched(now, chat, out),
            Goal::Ask => self.answered(now, chat, out),
            Goal::Mail => self.read(now, chat, out),
            Goal::Delete => {
                if let Some((_, message)) = self.letters.pop_front() {
                    out.event(Event::Message(message));
                }
                self.delete(now, out);
            }
            Goal::Reset => self.wake(now, Effort::Hello, out),
        }
    }

    /// A chat has failed.
    pub(super) fn failed(&mut self, now: Instant, reason: Reason, out: &mut impl Output) {
        let (goal, may_have_data) = match std::mem::replace(&mut self.state, State::Off) {
            State::Chatting { goal, chat, .. } => (goal, chat.may_have_data()),
            other => {
                self.state = other;
                return;
            }
        };
        match (goal, &reason) {
            (Goal::Wake(Effort::Hello), _) => self.wake(now, Effort::Escape, out),
            (Goal::Wake(Effort::Escape), _) => self.wake(now, Effort::Dtr, out),
            (Goal::Wake(Effort::Dtr), _) => self.wake(now, Effort::Power, out),
            (Goal::Wake(Effort::Power), _) => self.dead(now, reason, out),
            // Nothing, since the PIN must not be said a third time.
            (Goal::Pin, Reason::Refused(..) | Reason::PinRefused) => {
                self.pin_said = PIN_TRIES;
                out.event(Event::PinSaid(PIN_TRIES));
                self.dead(now, Reason::PinRefused, out);
            }
            (Goal::Reset, _) => self.wake(now, Effort::Dtr, out),
            _ if may_have_data => {
                if goal == Goal::Answer {
                    out.event(Event::CallerGone);
                }
                self.no_call(&reason, out);
                self.wake(now, Effort::Escape, out);
            }
            (Goal::Who | Goal::Answer, Reason::Silent(_)) => {
                out.event(Event::CallerGone);
                self.lost(now, reason, out);
            }
            (Goal::Who | Goal::Answer, _) => {
                out.event(Event::CallerGone);
                self.close(now, Vec::new(), out);
            }
            (_, Reason::Silent(_)) => self.lost(now, reason, out),
            (Goal::Listen, _) => {
                // Calls go without; it is tried again when the module is looked at.
                self.tell_trouble(Reason::CannotListen, out);
                self.idle(now, out);
            }
            (Goal::Session, _) => self.no_session(now, reason, out),
            (Goal::Open, _) => {
                let late = reason == Reason::Unreachable && now.since(self.asked) >= REFUSAL;
                let reason = if late { Reason::TimedOut } else { reason };
                self.no_call(&reason, out);
                self.close(now, Vec::new(), out);
            }
            (Goal::Card, Reason::SimFailed | Reason::Refused(..)) if now < self.until => {
                self.card(now, Fresh::No, out);
            }
            (Goal::Find | Goal::Init | Goal::Card | Goal::Pin | Goal::Network, _) => {
                self.dead(now, reason, out);
            }
            (Goal::Close | Goal::Detach, _) => self.ready(now, out),
            (Goal::Delete, _) => {
                self.letters.pop_front();
                self.delete(now, out);
            }
            (Goal::Watch | Goal::Ask | Goal::Mail, _) => self.idle(now, out),
            (Goal::Stop, _) => {
                out.event(Event::Stopped);
            }
        }
    }

    fn find(&mut self, now: Instant, out: &mut impl Output) {
        // A connection that is left from before it was lost has nobody here any more.
        let mut steps = self.dialect.map_or_else(Vec::new, |dialect| (dialect.close)(self.link));
        steps.push(ask("AT+CMEE=1").may_fail().into());
        match self.setup.flow {
            Flow::AsItIs => {}
            Flow::RtsCts => steps.push(ask("AT+IFC=2,2").may_fail().into()),
            Flow::None => steps.push(ask("AT+IFC=0,0").may_fail().into()),
        }
        // DCD tells whoever looks that a call is up.
        steps.push(ask("AT&C1").may_fail().into());
        steps.extend(IDENTITY.map(|question| ask(question.command()).tries(2).may_fail().into()));
        self.begin(now, Goal::Find, steps, out);
    }

    fn found(&mut self, now: Instant, chat: &Chat, out: &mut impl Output) {
        let [maker, model, version, serial] =
            IDENTITY.map(|question| Known::answer(chat, question).join(" "));
        let says = format!("{maker} {model} {version}");
        // One that has got lost may not say it again.
        self.dialect = self.setup.dialect.or_else(|| Dialect::of(&says)).or(self.dialect);
        let dialect = self.dialect.map(|dialect| dialect.name);
        self.status =
            Status { maker, model, version, serial, dialect, ..std::mem::take(&mut self.status) };
        out.event(Event::Status);
        if self.dialect.is_none() {
            return self.dead(now, Reason::UnknownModule(says.trim().to_owned()), out);
        }
        if self.setup.listen.is_some()
            && self.dialect.is_some_and(|known| known.listening.is_none())
        {
            // Calls go without, and it isn't told how: said once.
            out.event(Event::Trouble(Reason::CannotListen));
        }
        let steps: Vec<Step> = self.setup.init.iter().map(|text| ask(text).into()).collect();
        self.begin(now, Goal::Init, steps, out);
    }

    fn card(&mut self, now: Instant, fresh: Fresh, out: &mut impl Output) {
        let mut steps = Vec::new();
        match fresh {
            Fresh::Yes => self.until = now + CARD,
            Fresh::No => steps.push(Step::Pause(CARD_AGAIN)),
        }
        // Some modules say OK behind it and some don't.
        steps.push(ask("AT+CPIN?").line("+CPIN:").into());
        self.begin(now, Goal::Card, steps, out);
    }

    fn card_said(&mut self, now: Instant, chat: &Chat, out: &mut impl Output) {
        let says = chat.answer("AT+CPIN?").find_map(|line| line.strip_prefix("+CPIN:"));
        match says.map(str::trim) {
            Some("SIM PIN") => match (self.setup.pin.clone(), self.pin_said) {
                (None, _) => self.dead(now, Reason::PinNeeded, out),
                // It may have heard it, and have said no to nobody.
                (Some(_), PIN_TRIES..) => self.dead(now, Reason::PinRefused, out),
                (Some(pin), _) => {
                    self.pin_said += 1;
                    out.event(Event::PinSaid(self.pin_said));
                    let says = ask(format!("AT+CPIN={}", crate::script::quoted(pin.expose())));
                    let says = says.hidden("AT+CPIN=(hidden)").within(CARD);
                    self.begin(now, Goal::Pin, [says.into(), Step::Pause(CARD_AGAIN)], out);
                }
            },
            Some("SIM PUK") => {
                // With its PUK the card gets another PIN, and the one that is configured is wrong.
                self.pin_said = PIN_TRIES;
                out.event(Event::PinSaid(PIN_TRIES));
                self.dead(now, Reason::PukNeeded, out);
            }
            Some("NOT INSERTED") => self.dead(now, Reason::NoSim, out),
            Some("NOT READY") | None if now < self.until => self.card(now, Fresh::No, out),
            Some("NOT READY") | None => self.dead(now, Reason::SimFailed, out),
            Some(_) => {
                self.until = now + self.setup.register_within;
                self.network(now, Duration::ZERO, out);
            }
        }
    }

    pub(super) fn network(&mut self, now: Instant, pause: Duration, out: &mut impl Output) {
        let mut steps = Vec::new();
        if !pause.is_zero() {
            steps.push(Step::Pause(pause));
        }
        steps.extend(self.questions());
        self.begin(now, Goal::Network, steps, out);
    }

    /// What tells how it stands with the network.
    pub(super) fn questions(&self) -> Vec<Step> {
        let networks = self.dialect.map_or(&[][..], |dialect| dialect.networks);
        let mut steps: Vec<Step> =
            networks.iter().map(|name| ask(format!("AT{name}?")).may_fail().into()).collect();
        steps.push(ask("AT+CSQ").may_fail().into());
        steps
    }

    /// Takes in what was said of the network.
    pub(super) fn learn(&mut self, chat: &Chat) -> Result<(), Reason> {
        let networks = self.dialect.map_or(&[][..], |dialect| dialect.networks);
        let mut best = Registration::Unknown;
        for line in &chat.heard {
            self.status.signal(line);
            self.status.operator(line);
            if let Some(behind) = networks.iter().find_map(|name| line.strip_prefix(name))
                && behind.starts_with(':')
                && let Some(stat) = Registration::read(line)
                && worth(stat) > worth(best)
            {
                best = stat;
            }
        }
        self.status.registration = best;
        let deaf = self.status.csq.is_some() && self.status.signal.is_none();
        match best {
            Registration::Home => Ok(()),
            Registration::Roaming if self.setup.roaming == Roaming::Allowed => Ok(()),
            Registration::Roaming => Err(Reason::Roaming),
            Registration::Denied => Err(Reason::NotRegistered(Refusal::Denied)),
            _ if deaf => Err(Reason::NoSignal),
            _ => Err(Reason::NotRegistered(Refusal::Searching)),
        }
    }

    fn network_said(&mut self, now: Instant, chat: &Chat, out: &mut impl Output) {
        let reason = match self.learn(chat) {
            Ok(()) => {
                self.searches = 0;
                return match self.setup.session == Session::Kept || self.wanted.is_some() {
                    true => self.session(now, out),
                    false => self.ready(now, out),
                };
            }
            Err(reason) => reason,
        };
        if now < self.until {
            return self.network(now, SEARCH_AGAIN, out);
        }
        self.no_call(&reason, out);
        self.tell_trouble(reason, out);
        self.searches += 1;
        self.until = now + self.setup.register_within;
        match self.searches >= SEARCHES {
            true => self.reset(now, out),
            false => self.network(now, SEARCH_AGAIN, out),
        }
    }

    /// Starts the module anew, by a command.
    fn reset(&mut self, now: Instant, out: &mut impl Output) {
        (self.searches, self.sessions_failed) = (0, 0);
        let Some(dialect) = self.dialect else { return self.wake(now, Effort::Dtr, out) };
        let reset = ask(dialect.reset).may_fail().then_wait(self.setup.boot);
        self.begin(now, Goal::Reset, [reset.into()], out);
    }

    pub(super) fn session(&mut self, now: Instant, out: &mut impl Output) {
        let Some(dialect) = self.dialect else { return };
        self.begin(now, Goal::Session, (dialect.attach)(&self.setup), out);
    }

    fn no_session(&mut self, now: Instant, reason: Reason, out: &mut impl Output) {
        let reason = match reason {
            Reason::Refused(_, code) => Reason::NoSession(code),
            reason => reason,
        };
        self.no_call(&reason, out);
        self.tell_trouble(reason, out);
        self.sessions_failed += 1;
        match self.sessions_failed >= SESSIONS {
            true => self.reset(now, out),
            false => self.idle(now, out),
        }
    }

    fn open(&mut self, now: Instant, out: &mut impl Output) {
        let (Some(dialect), Some(target)) = (self.dialect, &self.wanted) else { return };
        self.asked = now;
        self.link = dialect.link;
        let steps = (dialect.open)(&self.setup, target);
        self.begin(now, Goal::Open, steps, out);
    }

    pub(super) fn close(&mut self, now: Instant, before: Vec<Step>, out: &mut impl Output) {
        let Some(dialect) = self.dialect else { return };
        self.ear.clear();
        self.callers.forget(Some(self.link));
        let steps = before.into_iter().chain((dialect.close)(self.link));
        self.begin(now, Goal::Close, steps, out);
    }

    /// Everything is as it should be, if those are heard who call.
    fn ready(&mut self, now: Instant, out: &mut impl Output) {
        let listening = self.dialect.and_then(|dialect| dialect.listening.as_ref());
        match (listening, self.setup.listen) {
            (Some(listening), Some(port)) if self.wanted.is_none() => {
                self.begin(now, Goal::Listen, (listening.open)(port), out);
            }
            _ => self.is_ready(now, out),
        }
    }

    fn is_ready(&mut self, now: Instant, out: &mut impl Output) {
        self.trouble = None;
        out.event(Event::Ready);
        self.idle(now, out);
    }
}

const IDENTITY: [Question; 4] =
    [Question::Maker, Question::Model, Question::Version, Question::Serial];

/// Whether the card is asked for the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fresh {
    Yes,
    No,
}

const fn worth(stat: Registration) -> u8 {
    match stat {
        Registration::Unknown => 0,
        Registration::Off => 1,
        Registration::Searching => 2,
        Registration::Denied => 3,
        Registration::Roaming => 4,
        Registration::Home => 5,
    }
}
