//! Where a module is brought, one after the other, and what becomes of it there.

use std::time::Duration;

use clock::Instant;

use super::waking::Effort;
use super::{Bearer, Module, State, Stay};
use crate::chat::Chat;
use crate::dialect::Dialect;
use crate::limits::{CARD, CARD_AGAIN, PIN_TRIES, SEARCH_AGAIN, SEARCHES, SESSIONS};
use crate::message::Form;
use crate::reason::{Reason, Refusal};
use crate::script::{Step, ask, end_data};
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
    /// A network takes it: which is asked.
    Operator,
    Session,
    Listen,
    Open,
    /// Who calls is asked for.
    Who,
    Answer,
    /// Nobody wants the connection any more that is being made: the last answer is awaited, behind which are commands
    /// or data.
    Abandon(OutOf),
    Close(OutOf),
    Watch,
    Ask,
    Mail(Form),
    Delete,
    Reset,
    Detach,
    Stop,
}

/// What a connection is closed out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutOf {
    /// Command state, as far as is known.
    Commands,
    /// Its data: it begins with their end.
    Data,
}

/// An answer later than this has waited for the far end in vain: nobody refuses so slowly.
const REFUSAL: Duration = Duration::from_secs(45);

impl Goal {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Wake(_) | Self::Reset => "waking",
            Self::Find | Self::Init | Self::Card | Self::Pin => "initialising",
            Self::Network | Self::Operator => "searching",
            Self::Session | Self::Listen => "attaching",
            Self::Open => "dialling",
            Self::Who | Self::Answer => "ringing",
            Self::Abandon(_) | Self::Close(_) | Self::Detach | Self::Stop => "hanging up",
            Self::Watch | Self::Ask | Self::Mail(_) | Self::Delete => "idle",
        }
    }

    /// Whether it is something that an idle module does, and is soon done with.
    pub(super) const fn is_idle(self) -> bool {
        matches!(self, Self::Watch | Self::Ask | Self::Mail(_) | Self::Delete)
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
                | Self::Operator
                | Self::Reset
        )
    }
}

impl Module {
    /// A chat has come to its end.
    pub(super) fn reached(&mut self, now: Instant, goal: Goal, chat: &Chat, out: &mut impl Output) {
        self.known.learn(now, chat);
        self.settings.notice(goal, chat.echo);
        if matches!(goal, Goal::Detach | Goal::Stop | Goal::Reset) {
            self.bearer = Bearer::Down;
        }
        match (self.stay, goal) {
            (Stay::Wanted, _) | (Stay::Leaves, Goal::Pin | Goal::Abandon(_)) => {}
            (Stay::Leaves, Goal::Detach | Goal::Stop) => return self.left(now, out),
            (Stay::Leaves, _) => return self.detach(now, out),
        }
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
            Goal::Operator => {
                self.hear_operator(chat);
                self.registered(now, out);
            }
            Goal::Session | Goal::Watch if self.settings.are_gone() => self.restarted(now, out),
            Goal::Session => {
                self.sessions_failed = 0;
                match self.wanted.is_some() {
                    true => self.open(now, out),
                    false => self.without_call(now, out),
                }
            }
            Goal::Listen => self.is_ready(now, out),
            Goal::Who => self.caller_known(now, chat, out),
            Goal::Open | Goal::Answer => self.connect(now, out),
            Goal::Abandon(OutOf::Data) => self.close(now, end_data(self.setup.guard), out),
            Goal::Abandon(OutOf::Commands) => self.close(now, Vec::new(), out),
            Goal::Close(_) => match self.wanted.is_none() {
                true => self.without_call(now, out),
                false => self.ready(now, out),
            },
            Goal::Detach => self.ready(now, out),
            Goal::Stop => self.left(now, out),
            Goal::Watch => self.watched(now, chat, out),
            Goal::Ask => self.answered(now, chat, out),
            Goal::Mail(form) => self.read(now, form, chat, out),
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
            State::Chatting { goal, chat, .. } => {
                self.settings.notice(goal, chat.echo);
                (goal, chat.may_have_data())
            }
            other => {
                self.state = other;
                return;
            }
        };
        match (goal, &reason) {
            (Goal::Wake(Effort::Hello), _) => self.wake(now, Effort::Escape, out),
            // Nobody waits here until it is back.
            (Goal::Wake(_) | Goal::Reset, _) if self.stay == Stay::Leaves => {
                self.left(now, out);
            }
            (Goal::Wake(Effort::Escape | Effort::Late), _) => self.wake(now, Effort::Dtr, out),
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
                // Who dials behind a call that was given up waits for this.
                if !matches!(goal, Goal::Abandon(_)) {
                    self.no_call(&reason, out);
                }
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
            (Goal::Stop, _) => self.left(now, out),
            (_, Reason::Silent(_)) => self.lost(now, reason, out),
            (Goal::Abandon(_), _) => self.close(now, Vec::new(), out),
            _ if self.stay == Stay::Leaves => self.detach(now, out),
            (Goal::Listen, _) => {
                // Calls go without; it is tried again when the module is looked at.
                self.tell_trouble(Reason::CannotListen, out);
                self.idle(now, out);
            }
            (Goal::Operator, _) => self.registered(now, out),
            (Goal::Session, _) if self.settings.are_gone() => self.restarted(now, out),
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
            (Goal::Close(_) | Goal::Detach, _) => self.ready(now, out),
            (Goal::Delete, _) => {
                self.letters.pop_front();
                self.delete(now, out);
            }
            (Goal::Mail(Form::Pdu), Reason::Refused(command, _))
                if command == Form::Pdu.choice() =>
            {
                self.list(now, Form::Text, out);
            }
            (Goal::Watch | Goal::Ask | Goal::Mail(_), _) => self.idle(now, out),
        }
    }

    fn find(&mut self, now: Instant, out: &mut impl Output) {
        // Connections that are left from before it was lost have nobody here any more.
        let mut links = self.callers.dismiss();
        links.retain(|link| *link != self.link);
        links.push(self.link);
        let close = self.dialect.map(|dialect| dialect.close);
        let mut steps: Vec<Step> = match close {
            Some(close) => links.into_iter().flat_map(close).collect(),
            None => Vec::new(),
        };
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
                    // An `OK` that is still on its way, behind what the card wants, is none to the PIN.
                    let pause = || Step::Pause(CARD_AGAIN);
                    self.begin(now, Goal::Pin, [pause(), says.into(), pause()], out);
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
            if let Some(behind) = networks.iter().find_map(|name| line.strip_prefix(name))
                && behind.starts_with(':')
                && let Some(stat) = Registration::read(line)
                && worth(stat) > worth(best)
            {
                best = stat;
            }
        }
        self.status.registration = best;
        match best {
            Registration::Home | Registration::Roaming => self.hear_operator(chat),
            _ => self.status.operator.clear(),
        }
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
                return self.begin(now, Goal::Operator, operator(), out);
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

    fn hear_operator(&mut self, chat: &Chat) {
        for line in &chat.heard {
            self.status.operator(line);
        }
    }

    /// A network takes it.
    fn registered(&mut self, now: Instant, out: &mut impl Output) {
        match self.setup.session == Session::Kept || self.wanted.is_some() {
            true => self.session(now, out),
            false => self.without_call(now, out),
        }
    }

    /// It is to be ready, and a session that is for the time of a call has no call.
    fn without_call(&mut self, now: Instant, out: &mut impl Output) {
        match (self.setup.session, self.bearer, self.dialect) {
            (Session::PerCall, Bearer::MayBeUp, Some(dialect)) => {
                self.begin(now, Goal::Detach, (dialect.detach)(), out);
            }
            _ => self.ready(now, out),
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
        self.bearer = Bearer::MayBeUp;
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
        self.callers.forget(self.link);
        let out_of = if before.is_empty() { OutOf::Commands } else { OutOf::Data };
        if out_of == OutOf::Data {
            self.ear.clear();
        }
        let steps = before.into_iter().chain((dialect.close)(self.link));
        self.begin(now, Goal::Close(out_of), steps, out);
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
        self.settings.are_right();
        out.event(Event::Ready);
        self.idle(now, out);
    }
}

const IDENTITY: [Question; 4] =
    [Question::Maker, Question::Model, Question::Version, Question::Serial];

/// What tells which network takes it: by its name, since numbers are what some makers tell otherwise.
pub(super) fn operator() -> [Step; 2] {
    ["AT+COPS=3,0", "AT+COPS?"].map(|command| ask(command).may_fail().into())
}

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
