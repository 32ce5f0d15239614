//! How a module is found again that has got lost, and brought out of data that nobody has.

use std::time::Duration;

use clock::Instant;

use super::goals::{Goal, OutOf};
use super::{Bearer, Module, State, Stay};
use crate::dialect::Passing;
use crate::limits::HELLO;
use crate::reason::Reason;
use crate::script::{Step, ask, drop_dtr, end_data};
use crate::{Event, Output};

/// How hard a module is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    Hello,
    Escape,
    /// The escape once more, from a connection that has come after it. Not twice: a far end could say so for ever.
    Late,
    Dtr,
    Power,
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

    /// Data begin. Unless they are awaited, they are those of a connection that was waited for in vain, and that is
    /// ended before anything is said that would go to its far end. Whether that is done now.
    pub(super) fn has_stray_data(&mut self, now: Instant, out: &mut impl Output) -> bool {
        let effort = match &self.state {
            State::Chatting { chat, .. } if chat.awaits_data() => return false,
            State::Chatting { goal: Goal::Close(OutOf::Commands), .. } => {
                self.close(now, end_data(self.setup.guard), out);
                return true;
            }
            // It is being ended, and what is heard may be what its far end says.
            State::Chatting { goal: Goal::Close(OutOf::Data) | Goal::Reset, .. } => return false,
            State::Chatting {
                goal: Goal::Wake(Effort::Late | Effort::Dtr | Effort::Power),
                ..
            } => {
                return false;
            }
            State::Chatting { goal: Goal::Wake(Effort::Escape), .. } => Effort::Late,
            State::Chatting { .. } | State::Idle { .. } | State::Ringing { .. } => Effort::Escape,
            State::Off | State::Online(_) | State::Leaving(_) | State::Dead => return false,
        };
        if matches!(self.state, State::Ringing { .. } | State::Chatting { goal: Goal::Answer, .. })
        {
            out.event(Event::CallerGone);
        }
        self.wake(now, effort, out);
        true
    }

    /// Whether it may be one whose data are a stream.
    fn may_stream(&self) -> bool {
        let dialect = self.setup.dialect.or(self.dialect);
        dialect.is_none_or(|dialect| matches!(dialect.passing, Passing::Stuffed))
    }

    pub(super) fn wake(&mut self, now: Instant, effort: Effort, out: &mut impl Output) {
        // One that holds its flow control would hear all of it once it is back.
        out.forget();
        let mut steps = Vec::new();
        // It may still have a call, to whose far end the rest would go as data; a module in command state ignores it.
        if self.may_stream() {
            steps.push(Step::Finish);
        }
        // What it is still saying belongs to something else.
        steps.push(Step::Pause(Duration::from_millis(500)));
        match effort {
            Effort::Hello => steps.push(hello(3)),
            Effort::Escape | Effort::Late => {
                steps.extend([Step::Drain, Step::Pause(self.setup.guard)]);
                let escape = ask("+++").within(self.setup.guard * 2).may_fail();
                steps.push(escape.may_be_silent().settles(self.setup.guard).into());
                steps.push(hello(2));
            }
            Effort::Dtr => {
                steps.extend(drop_dtr(HELLO));
                steps.push(hello(3));
            }
            Effort::Power => {
                out.event(Event::Power);
                steps.extend(self.comes_up());
            }
        }
        self.ear.clear();
        self.begin(now, Goal::Wake(effort), steps, out);
    }

    /// Its power is on again: it comes up from now on, however long that took.
    pub(super) fn powered(&mut self, now: Instant, out: &mut impl Output) {
        let goal = Goal::Wake(Effort::Power);
        if matches!(&self.state, State::Chatting { goal: doing, .. } if *doing == goal) {
            self.ear.clear();
            self.begin(now, goal, self.comes_up(), out);
        }
    }

    fn comes_up(&self) -> [Step; 2] {
        [Step::Pause(self.setup.boot), hello(5)]
    }

    /// It has fallen silent, or has started anew.
    pub(super) fn lost(&mut self, now: Instant, reason: Reason, out: &mut impl Output) {
        if matches!(self.state, State::Ringing { .. }) {
            out.event(Event::CallerGone);
        }
        self.no_call(&reason, out);
        self.tell_trouble(reason, out);
        self.wake(now, Effort::Hello, out);
    }

    /// It has started anew without a word, and nothing that it was told holds any more. Whoever wants to call is
    /// called for behind that.
    pub(super) fn restarted(&mut self, now: Instant, out: &mut impl Output) {
        self.settings.begin_anew();
        self.bearer = Bearer::Down;
        self.tell_trouble(Reason::Restarted, out);
        self.wake(now, Effort::Hello, out);
    }

    /// It is of no use until it is started again.
    pub(super) fn dead(&mut self, now: Instant, reason: Reason, out: &mut impl Output) {
        if self.stay == Stay::Leaves {
            return self.left(now, out);
        }
        self.state = State::Dead;
        self.status.forget_network();
        self.callers.dismiss();
        self.no_call(&reason, out);
        self.tell_at_once(now, out);
        // Said again, since somebody has to start it.
        self.trouble = Some(reason.clone());
        out.event(Event::Trouble(reason));
    }
}

fn hello(tries: u8) -> Step {
    ask("ATE0V1Q0").within(HELLO).tries(tries).may_fail().into()
}
