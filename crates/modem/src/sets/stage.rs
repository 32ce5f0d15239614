//! What a command set does with the equipment's bytes while something of its own is under way.

use at::result::{Cause, ResultCode};

use super::{Answer, Set, busy, ends, step};
use crate::core::Core;
use crate::execute;
use crate::input::CallEvent;
use crate::output::Action;
use crate::port::Port;
use crate::state::{self, State, StateName, Storing};
use crate::timer::Timer;

/// Something of a set's own is under way.
pub(crate) enum Stage {
    /// A command is at work.
    Busy(Busy),
    /// A line has ended, and the feed that may follow is awaited for its echo.
    Feed(Feed),
    /// A message is typed, or the module hears nothing.
    #[cfg(feature = "gsm")]
    Gsm(super::gsm::Held),
    /// The equipment has a socket.
    #[cfg(feature = "wip")]
    Mapped(super::wip::Mapped),
}

/// A command is at work; further lines are refused.
pub(crate) struct Busy {
    /// What it was typed in.
    inner: State,
    /// Its line, of which so many commands are done.
    body: Box<[u8]>,
    done: usize,
}

/// A line has ended and isn't executed yet.
pub(crate) struct Feed {
    inner: State,
}

impl Busy {
    pub(super) fn new(inner: State) -> Self {
        Self { inner, body: Box::default(), done: 0 }
    }

    pub(super) fn keep(&mut self, body: &[u8], done: usize) {
        (self.body, self.done) = (body.into(), done);
    }

    fn bytes(&mut self, bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) {
        while state::hear_line(bytes, core, port) {
            busy(core, port);
        }
    }
}

impl Feed {
    pub(super) fn new(inner: State) -> Self {
        Self { inner }
    }

    fn bytes(self, bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) -> State {
        let chars = core.line_chars();
        if let Some((byte, rest)) = bytes.split_first()
            && byte & 0x7F == chars.feed
        {
            *bytes = rest;
            core.recogniser.push(*byte, &chars);
            if core.echoes() {
                port.echo(&[*byte]);
            }
        }
        self.execute(core, port)
    }

    fn execute(self, core: &mut Core, port: &mut Port<'_>) -> State {
        if let Some(inner) = core.sets.get_mut() {
            inner.feed_until = None;
        }
        let body = core.recogniser.body().to_vec();
        execute::line(self.inner, &body, core, port)
    }
}

impl Stage {
    pub(crate) fn name(&self) -> StateName {
        match self {
            Self::Busy(_) | Self::Feed(_) => StateName::Command,
            #[cfg(feature = "gsm")]
            Self::Gsm(_) => StateName::Command,
            #[cfg(feature = "wip")]
            Self::Mapped(_) => StateName::Socket,
        }
    }

    pub(crate) fn dte(mut self, bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) -> State {
        match &mut self {
            Self::Busy(busy) => busy.bytes(bytes, core, port),
            Self::Feed(_) => return self.executed(|feed| feed.bytes(bytes, core, port)),
            #[cfg(feature = "gsm")]
            Self::Gsm(_) => return self.held(|held| held.bytes(bytes, core, port)),
            #[cfg(feature = "wip")]
            Self::Mapped(mapped) => {
                if mapped.bytes(bytes, core, port).is_break() {
                    return super::wip::leave(core, port);
                }
            }
        }
        self.stays()
    }

    pub(crate) fn call(self, event: CallEvent<'_>, core: &mut Core, port: &mut Port<'_>) -> State {
        match (self, event) {
            (Self::Feed(feed), event) => feed.execute(core, port).call(event, core, port),
            #[cfg(feature = "gsm")]
            (Self::Gsm(held), event) => held.call(event, core, port),
            (stage, CallEvent::Ringing(_)) => {
                port.act(Action::Refuse(Cause::LineInUse));
                stage.stays()
            }
            (Self::Busy(busy), event) => {
                busy.within(core, |inner, core| inner.call(event, core, port))
            }
            #[cfg(feature = "wip")]
            (Self::Mapped(mapped), _) => Self::Mapped(mapped).stays(),
        }
    }

    pub(crate) fn timer(self, timer: Timer, core: &mut Core, port: &mut Port<'_>) -> State {
        match self {
            Self::Feed(feed) => feed.execute(core, port).timer(timer, core, port),
            #[cfg(feature = "gsm")]
            Self::Gsm(held) => held.timer(timer, core, port),
            Self::Busy(busy) => busy.within(core, |inner, core| inner.timer(timer, core, port)),
            #[cfg(feature = "wip")]
            Self::Mapped(mut mapped) => match timer {
                Timer::Guard if mapped.silence(core, port).is_break() => {
                    super::wip::leave(core, port)
                }
                _ => Self::Mapped(mapped).stays(),
            },
        }
    }

    /// DTR has been off for as long as S25 says, and that means something.
    pub(crate) fn dtr_off(self, core: &mut Core, port: &mut Port<'_>) -> State {
        match self {
            Self::Feed(feed) => feed.execute(core, port).dtr_off(core, port),
            #[cfg(feature = "gsm")]
            Self::Gsm(held) => held.dtr_off(core, port),
            Self::Busy(busy) => busy.within(core, |inner, core| inner.dtr_off(core, port)),
            #[cfg(feature = "wip")]
            Self::Mapped(mut mapped) => {
                mapped.give_up(core, port);
                super::wip::leave(core, port)
            }
        }
    }

    fn stays(self) -> State {
        State::Set(Box::new(self))
    }

    #[cfg(feature = "gsm")]
    fn held(self, hear: impl FnOnce(super::gsm::Held) -> State) -> State {
        match self {
            Self::Gsm(held) => hear(held),
            other => other.stays(),
        }
    }

    fn executed(self, execute: impl FnOnce(Feed) -> State) -> State {
        match self {
            Self::Feed(feed) => execute(feed),
            other => other.stays(),
        }
    }
}

impl Busy {
    /// Lets something happen to what the command was typed in. When that leads to data, or to a call that
    /// is set up, nobody is there to hear of the command's end.
    fn within(mut self, core: &mut Core, happens: impl FnOnce(State, &mut Core) -> State) -> State {
        let inner = std::mem::replace(&mut self.inner, State::Command);
        self.inner = happens(inner, core);
        if self.inner.takes_commands() { Stage::Busy(self).stays() } else { self.inner }
    }
}

/// No feed came.
pub(super) fn no_feed(state: State, core: &mut Core, port: &mut Port<'_>) -> State {
    match state {
        State::Set(stage) => stage.executed(|feed| feed.execute(core, port)),
        other => other,
    }
}

/// A command that had its line wait has come to its end.
pub(super) fn finish(state: State, answer: Answer, core: &mut Core, port: &mut Port<'_>) -> State {
    let State::Set(stage) = state else { return state };
    let Busy { inner, body, done } = match *stage {
        Stage::Busy(busy) => busy,
        other => return other.stays(),
    };
    #[cfg(feature = "wip")]
    let answer = match answer {
        Answer::Data if !matches!(inner, State::Command) => super::wip::decline(core, port),
        answer => answer,
    };
    let step = step(inner, answer, core, port);
    match (step, port.take_awaited()) {
        (execute::Step::Next(state), Some(keeping)) => {
            Storing::begin(state, keeping, (&body, done, ResultCode::Ok), core)
        }
        (execute::Step::Next(state), None) => execute::line_from(state, &body, done, core, port),
        (execute::Step::Refused(state), _) => {
            ends(ResultCode::Error, core, port);
            state
        }
        (execute::Step::Ends(state, code), _) => {
            ends(code, core, port);
            state
        }
        (execute::Step::Leaves(state), _) => state,
    }
}

impl Set {
    /// The word for it in a persona.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Wip => "wip",
            Self::Edsoft => "edsoft",
            Self::Gsm => "gsm",
        }
    }
}
