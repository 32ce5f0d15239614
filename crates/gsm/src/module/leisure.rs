//! What a module does while no call is up: it watches, answers what equipment asks, reads its messages, and hears who
//! calls.

use std::net::SocketAddr;
use std::time::Duration;

use clock::Instant;

use super::goals::{Goal, operator};
use super::{Mail, Module, State};
use crate::callers::Still;
use crate::chat::Chat;
use crate::dialect::{Attached, Knock, Who};
use crate::limits::{ANSWER, CARD, RINGS, SEARCH_AGAIN};
use crate::message::Form;
use crate::reason::Reason;
use crate::script::{Step, ask};
use crate::setup::{Messages, Session};
use crate::told::Known;
use crate::{Event, Output, Question, Told};

/// How long an idle module in trouble is left alone.
const TROUBLED: Duration = Duration::from_secs(30);

impl Module {
    /// Waits for the next call, unless there is one to be made, or mail to be read.
    pub(super) fn idle(&mut self, now: Instant, out: &mut impl Output) {
        let wait = match self.trouble {
            Some(_) => TROUBLED.min(self.setup.watch),
            None => self.setup.watch,
        };
        self.state = State::Idle { look: now + wait };
        if self.settings.are_gone() {
            self.restarted(now, out);
        } else if self.wanted.is_some() {
            self.session(now, out);
        } else if let Some((knock, still)) = self.callers.next() {
            self.link = knock.link;
            self.knocked(now, knock, still, out);
        } else if let Some(question) = self.question {
            let asks = |command| Step::from(ask(command).within(ANSWER).may_fail());
            // By name, as people know it.
            let form = (question == Question::Operator).then(|| asks("AT+COPS=3,0"));
            let steps = form.into_iter().chain([asks(question.command())]);
            self.begin(now, Goal::Ask, steps, out);
        } else if self.wants_mail() {
            self.mail = Mail::None;
            self.list(now, Form::Pdu, out);
        }
    }

    /// Somebody calls.
    fn knocked(&mut self, now: Instant, knock: Knock, still: Still, out: &mut impl Output) {
        let who = self.dialect.and_then(|dialect| dialect.listening.as_ref()?.who);
        match (still, who) {
            (Still::Gone, _) => self.close(now, Vec::new(), out),
            (Still::There, Some(Who { command, .. })) if knock.from.is_none() => {
                self.begin(now, Goal::Who, [ask(command).may_fail().into()], out);
            }
            (Still::There, _) => self.rings(now, knock.from, out),
        }
    }

    pub(super) fn caller_known(&mut self, now: Instant, chat: &Chat, out: &mut impl Output) {
        let who = self.dialect.and_then(|dialect| dialect.listening.as_ref()?.who);
        let from =
            who.and_then(|who| chat.heard.iter().find_map(|line| (who.read)(line, self.link)));
        self.rings(now, from, out);
    }

    fn rings(&mut self, now: Instant, from: Option<SocketAddr>, out: &mut impl Output) {
        self.tell_at_once(now, out);
        self.state = State::Ringing { until: now + RINGS };
        out.event(Event::Caller(from));
    }

    /// It has answered what equipment wants to know.
    pub(super) fn answered(&mut self, now: Instant, chat: &Chat, out: &mut impl Output) {
        if let (Some(question), Some(error)) = (self.question, chat.error)
            && Known::answer(chat, question).is_empty()
        {
            self.question = None;
            out.event(Event::Told(question, Told::Refused(error)));
        }
        self.tell_at_once(now, out);
        self.idle(now, out);
    }

    /// Has the messages listed.
    pub(super) fn list(&mut self, now: Instant, form: Form, out: &mut impl Output) {
        self.begin(now, Goal::Mail(form), form.steps(), out);
    }

    pub(super) fn read(&mut self, now: Instant, form: Form, chat: &Chat, out: &mut impl Output) {
        let lines: Vec<String> = chat.answer(form.list()).map(str::to_owned).collect();
        let mut listed = form.read(&lines);
        // Of the last one a part may be missing: it is read again once the others are gone.
        if chat.is_cut() && listed.len() > 1 {
            listed.pop();
            self.mail = Mail::Due;
        }
        self.letters = listed.into();
        self.delete(now, out);
    }

    /// Deletes the next message. It is told behind that alone, so that one that wakes somebody never does so twice.
    pub(super) fn delete(&mut self, now: Instant, out: &mut impl Output) {
        match self.letters.front() {
            Some((place, _)) => {
                let delete = ask(format!("AT+CMGD={place}")).within(CARD);
                self.begin(now, Goal::Delete, [delete.into()], out);
            }
            None => self.idle(now, out),
        }
    }

    pub(super) fn watch(&mut self, now: Instant, out: &mut impl Output) {
        let mut steps = self.questions();
        steps.extend(operator());
        steps.extend(self.session_kept().map(|attached| (attached.ask)().into()));
        self.mail = match self.setup.messages {
            // One may have come during a call.
            Messages::Read => Mail::Due,
            Messages::Ignored => Mail::None,
        };
        self.begin(now, Goal::Watch, steps, out);
    }

    /// How it is asked for a session that is to be up all the time.
    fn session_kept(&self) -> Option<Attached> {
        let attached = self.dialect.and_then(|dialect| dialect.attached);
        attached.filter(|_| self.setup.session == Session::Kept)
    }

    pub(super) fn watched(&mut self, now: Instant, chat: &Chat, out: &mut impl Output) {
        let known = self.learn(chat);
        let is_lost = self.session_kept().is_some_and(|attached| !chat.has_heard(attached.up));
        out.event(Event::Status);
        match known {
            Ok(()) if self.trouble.is_some() && self.setup.session == Session::Kept => {
                self.session(now, out);
            }
            // The network may have ended it without a word.
            Ok(()) if is_lost => {
                self.tell_trouble(Reason::SessionLost, out);
                self.session(now, out);
            }
            Ok(()) => self.idle(now, out),
            Err(reason) => {
                self.no_call(&reason, out);
                self.tell_trouble(reason, out);
                self.until = now + self.setup.register_within;
                self.network(now, SEARCH_AGAIN, out);
            }
        }
    }
}
