//! What stands for [`sets`](crate::sets) in a build without command sets: nothing, at no cost.

use at::body::Command as Typed;
use at::dial::Dial;
use at::result::Cause;
use clock::Instant;

use crate::call::Progress;
use crate::core::Core;
use crate::execute::Step;
use crate::input::CallEvent;
use crate::persona::{Persona, PersonaKey};
use crate::port::Port;
use crate::state::{State, StateName};
use crate::stored::Stored;
use crate::table::Command;
use crate::timer::Timer;

/// There are no sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {}

/// There are no keys.
pub(crate) const KEYS: &[PersonaKey] = &[];

/// There is nothing to remember.
#[derive(Debug)]
pub(crate) struct Sets;

/// Nothing was refused.
pub(crate) struct Told;

/// There is no such stage.
pub(crate) enum Stage {}

impl Facts {
    pub(crate) const fn is_module(self) -> bool {
        false
    }

    pub(crate) const fn with_every_set() -> Self {
        Self {}
    }

    /// A feed ends no line.
    pub(crate) const fn feed_ends(self) -> bool {
        false
    }
}

impl Sets {
    pub(crate) const fn of(_: &Persona, _: &Stored) -> Self {
        Self
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        None
    }

    pub(crate) const fn has_news(&self) -> bool {
        false
    }
}

impl Stage {
    pub(crate) const fn name(&self) -> StateName {
        match *self {}
    }

    pub(crate) fn dte(self, _: &mut &[u8], _: &mut Core, _: &mut Port<'_>) -> State {
        match self {}
    }

    pub(crate) fn call(self, _: CallEvent<'_>, _: &mut Core, _: &mut Port<'_>) -> State {
        match self {}
    }

    pub(crate) fn timer(self, _: Timer, _: &mut Core, _: &mut Port<'_>) -> State {
        match self {}
    }

    pub(crate) fn dtr_off(self, _: &mut Core, _: &mut Port<'_>) -> State {
        match self {}
    }
}

pub(crate) fn command(
    state: State,
    _: &Typed<'_>,
    _: &mut Core,
    _: &mut Port<'_>,
) -> Result<Step, State> {
    Err(state)
}

pub(crate) fn rest(state: State, _: &[u8], _: usize) -> State {
    state
}

pub(crate) fn awaits_feed(state: State, _: u8, _: &mut Core, _: &Port<'_>) -> Result<State, State> {
    Err(state)
}

pub(crate) fn due(state: State, _: &mut Core, _: &mut Port<'_>) -> State {
    state
}

pub(crate) fn news(state: State, _: &mut Core, _: &mut Port<'_>) -> State {
    state
}

pub(crate) const fn settings(_: &Persona) -> &'static [Command] {
    &[]
}

/// No number stands on a card.
#[expect(clippy::unnecessary_wraps, reason = "it has the signature of the one with sets")]
pub(crate) const fn dialled(_: &[u8], _: &Core, _: &Port<'_>) -> Result<Option<Dial>, Told> {
    Ok(None)
}

pub(crate) const fn failure(cause: Cause, _: &str, _: &Core) -> Cause {
    cause
}

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of the one with sets")]
pub(crate) const fn can_call(_: &Core) -> Result<(), Cause> {
    Ok(())
}

pub(crate) const fn progress(_: Progress, _: &Core, _: &Port<'_>) {}

pub(crate) const fn information(_: &Core, _: u32) -> Option<Vec<String>> {
    None
}

pub(crate) const fn ring(_: &Core) -> Option<&'static str> {
    None
}

pub(crate) fn dtr_on(_: &mut Core, _: &Port<'_>) {}

pub(crate) const fn knows(_: &str) -> bool {
    false
}
