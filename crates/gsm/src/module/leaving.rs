//! How a module is left: its call is ended, and then its session.

use clock::Instant;

use super::goals::{Goal, OutOf};
use super::{Bearer, Module, State, Stay};
use crate::passing::Passing;
use crate::reason::Reason;
use crate::script::escape;
use crate::{Event, Output, Room};

impl Module {
    pub(super) fn hang_up(&mut self, now: Instant, out: &mut impl Output) {
        self.wanted = None;
        match std::mem::replace(&mut self.state, State::Off) {
            State::Online(passing) => {
                self.state = State::Leaving(passing);
                self.leave(now, out);
            }
            // What is said now might go to the far end: the answer is awaited, and what comes of it is closed. One that
            // takes as long as the far end does is escaped from meanwhile.
            State::Chatting { goal: Goal::Open | Goal::Answer, mut chat, due }
                if chat.awaits_data() =>
            {
                chat.hurry(now);
                self.state = State::Chatting { goal: Goal::Abandon(OutOf::Data), chat, due };
                self.go_on(now, out);
            }
            State::Chatting { goal: Goal::Open | Goal::Answer, mut chat, due } => {
                match chat.only_awaits_answer(now) {
                    true => {
                        let goal = Goal::Abandon(OutOf::Commands);
                        self.state = State::Chatting { goal, chat, due };
                        self.go_on(now, out);
                    }
                    // It may still connect: whatever comes of it is closed.
                    false => self.close(now, Vec::new(), out),
                }
            }
            State::Ringing { .. } => self.close(now, Vec::new(), out),
            other => self.state = other,
        }
    }

    /// Closes the connection once everything that was taken for it has left.
    pub(super) fn leave(&mut self, now: Instant, out: &mut impl Output) {
        let State::Leaving(passing) = &mut self.state else { return };
        let before = match &mut **passing {
            Passing::Stuffed(call) => {
                call.finish(out);
                match call.is_in_data_state() {
                    true => escape(self.setup.guard),
                    false => Vec::new(),
                }
            }
            Passing::Counted(call) => {
                call.room(Room::None);
                if call.is_busy() || call.has_unsent() {
                    return;
                }
                self.ear = call.take_ear();
                Vec::new()
            }
        };
        self.close(now, before, out);
    }

    /// Has it left as soon as that can be: without a call, and without a session that was asked for here.
    pub(super) fn stop(&mut self, now: Instant, out: &mut impl Output) {
        self.stay = Stay::Leaves;
        self.hang_up(now, out);
        match &self.state {
            State::Idle { .. } => self.detach(now, out),
            State::Off | State::Dead => self.left(now, out),
            // What the card says to its PIN is heard in any case.
            State::Chatting { goal: Goal::Pin, .. } => {}
            State::Chatting { goal, .. } if goal.is_setting_up() && self.bearer == Bearer::Down => {
                self.left(now, out);
            }
            State::Chatting { .. } | State::Ringing { .. } => {}
            State::Online(_) | State::Leaving(_) => {}
        }
    }

    /// Ends its session, behind which it is left.
    pub(super) fn detach(&mut self, now: Instant, out: &mut impl Output) {
        match self.dialect {
            Some(dialect) => self.begin(now, Goal::Stop, (dialect.detach)(), out),
            None => self.left(now, out),
        }
    }

    /// Nobody drives it any more.
    pub(super) fn left(&mut self, now: Instant, out: &mut impl Output) {
        (self.state, self.stay) = (State::Off, Stay::Wanted);
        self.tell_at_once(now, out);
        self.no_call(&Reason::HungUp, out);
        out.event(Event::Stopped);
    }
}
