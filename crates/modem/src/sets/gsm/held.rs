//! The equipment's bytes while a message is typed, and while the module is silent.

use at::result::Cause;

use super::entry::Typed;
use super::{Due, Part, Power, with};
use crate::core::Core;
use crate::input::CallEvent;
use crate::limits::ENTRY_PATIENCE;
use crate::output::Action;
use crate::port::Port;
use crate::sets::stage::{self, Busy, Stage};
use crate::sets::{Answer, Named};
use crate::state::{self, State};
use crate::timer::Timer;

/// The set has the equipment's bytes.
pub(crate) enum Held {
    /// A message is typed, in this state of the call.
    Typing(State),
    /// The module starts or is off; it hears nothing.
    Deaf,
}

impl Held {
    pub(crate) fn bytes(self, bytes: &mut &[u8], core: &mut Core, port: &mut Port<'_>) -> State {
        let Self::Typing(inner) = self else {
            *bytes = &[];
            return self.stays();
        };
        be_patient(core, port);
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            let Some(prompt) = part(core).and_then(|part| part.prompt.as_mut()) else {
                return inner;
            };
            let typed = prompt.entry.push(*byte);
            let echoes = core.echoes();
            match typed {
                Typed::Nothing => {}
                Typed::Echo if echoes => port.echo(&[*byte]),
                Typed::Erase if echoes => port.echo(b"\x08 \x08"),
                Typed::NextLine => show_prompt(core, port),
                Typed::Echo | Typed::Erase => {}
                Typed::Done => return complete(inner, core, port),
                Typed::GivenUp => return give_up(inner, core, port),
            }
        }
        Self::Typing(inner).stays()
    }

    pub(crate) fn call(self, event: CallEvent<'_>, core: &mut Core, port: &mut Port<'_>) -> State {
        match (self, event) {
            (held, CallEvent::Ringing(_)) => {
                let cause = match held {
                    Self::Typing(_) => Cause::LineInUse,
                    Self::Deaf => Cause::NotReady,
                };
                port.act(Action::Refuse(cause));
                held.stays()
            }
            (Self::Typing(inner), event) => Self::within(inner.call(event, core, port), core),
            (Self::Deaf, _) => Self::Deaf.stays(),
        }
    }

    pub(crate) fn timer(self, timer: Timer, core: &mut Core, port: &mut Port<'_>) -> State {
        match self {
            Self::Typing(inner) => Self::within(inner.timer(timer, core, port), core),
            Self::Deaf => Self::Deaf.stays(),
        }
    }

    /// DTR has been off for as long as S25 says, and that means something.
    pub(crate) fn dtr_off(self, core: &mut Core, port: &mut Port<'_>) -> State {
        match self {
            Self::Typing(inner) => {
                forget(core);
                inner.dtr_off(core, port)
            }
            Self::Deaf => Self::Deaf.stays(),
        }
    }

    /// What the message was typed in may have led to data, or to a call that is set up.
    fn within(inner: State, core: &mut Core) -> State {
        if inner.takes_commands() {
            return Self::Typing(inner).stays();
        }
        forget(core);
        inner
    }

    fn stays(self) -> State {
        State::Set(Box::new(Stage::Gsm(self)))
    }

    /// A message is to be typed.
    pub(in crate::sets) fn typing(state: State, core: &mut Core, port: &Port<'_>) -> State {
        be_patient(core, port);
        Self::Typing(state).stays()
    }

    /// The module goes silent: its call ends with it.
    pub(crate) fn deaf(state: State, core: &mut Core, port: &mut Port<'_>) -> State {
        match state {
            State::OnlineCommand(online) => online.hang_up(core, port),
            State::Ringing(ringing) => {
                ringing.send_away(Cause::NotReady, core, port);
            }
            _ => {}
        }
        Self::Deaf.stays()
    }
}

fn part(core: &mut Core) -> Option<&mut Part> {
    core.sets.get_mut()?.gsm.as_deref_mut()
}

fn be_patient(core: &mut Core, port: &Port<'_>) {
    let until = port.now() + ENTRY_PATIENCE;
    if let Some(part) = part(core) {
        part.agenda.forget(|due| *due == Due::Silence);
        part.agenda.add(until, Due::Silence);
    }
}

fn forget(core: &mut Core) {
    if let Some(part) = part(core) {
        part.prompt = None;
        part.agenda.forget(|due| *due == Due::Silence);
    }
}

/// `>`
pub(super) fn show_prompt(core: &Core, port: &mut Port<'_>) {
    core.prompt(port);
}

fn complete(inner: State, core: &mut Core, port: &mut Port<'_>) -> State {
    let prompt = part(core).and_then(|part| part.prompt.take());
    forget(core);
    let Some(prompt) = prompt else { return inner };
    let reply = with(&Named::NONE, None, core, port, |part, turn| part.typed(prompt, turn));
    let busy = State::Set(Box::new(Stage::Busy(Busy::new(inner))));
    match reply.and_then(|reply| super::answer(reply, core, port)) {
        Some(Answer::Waits) => busy,
        Some(answer) => stage::finish(busy, answer, core, port),
        None => stage::finish(busy, Answer::Error, core, port),
    }
}

/// The text is given up: modules say `OK` to that.
fn give_up(inner: State, core: &mut Core, port: &mut Port<'_>) -> State {
    forget(core);
    stage::finish(State::Set(Box::new(Stage::Busy(Busy::new(inner)))), Answer::Ok, core, port)
}

/// Nothing was typed for long.
pub(super) fn silence(state: State, core: &mut Core, port: &mut Port<'_>) -> State {
    match state {
        State::Set(stage) => match *stage {
            Stage::Gsm(Held::Typing(inner)) => {
                forget(core);
                let busy = State::Set(Box::new(Stage::Busy(Busy::new(inner))));
                stage::finish(busy, Answer::Error, core, port)
            }
            other => State::Set(Box::new(other)),
        },
        other => other,
    }
}

/// The module is back: with its stored profile, and the news of a start.
pub(crate) fn awake(state: State, core: &mut Core, port: &mut Port<'_>) -> State {
    let state = match state {
        // The disk takes longer than the start.
        State::Storing(mut storing) => {
            storing.restart_over();
            return State::Storing(storing);
        }
        State::Set(stage) => match *stage {
            Stage::Gsm(Held::Deaf) => State::Command,
            other => return State::Set(Box::new(other)),
        },
        other => return other,
    };
    let before = core.end_settings();
    core.recogniser.reset();
    state::reset(core.stored.power_up(), core, port);
    core.apply_end_settings(before, port);
    with(&Named::NONE, None, core, port, |part, turn| part.start(turn));
    state
}

/// DTR goes on: it is the power switch of a module that is off.
pub(crate) fn dtr_on(core: &mut Core, port: &Port<'_>) {
    let now = port.now();
    if let Some(part) = part(core).filter(|part| part.power == Power::Off) {
        part.agenda.add(now, Due::Awake);
    }
}
