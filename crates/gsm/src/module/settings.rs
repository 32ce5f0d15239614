//! Whether a module still has the settings that it was given: one that has started anew without a word says again what it
//! is told, though it was told not to.

use super::goals::Goal;
use crate::chat::Echo;

/// What is known of a module's settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Whether it said what it was told, once it had its settings: a command of its owner's may want that.
    usual: Echo,
    state: State,
    /// How often it was brought up anew for it since it was last ready.
    anew: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    There,
    Gone,
}

/// A module that loses them while it is brought up does so each time.
const TIMES: u8 = 2;

impl Default for Settings {
    fn default() -> Self {
        Self { usual: Echo::Heard, state: State::There, anew: 0 }
    }
}

impl Settings {
    /// What a chat has shown.
    pub(super) fn notice(&mut self, goal: Goal, echo: Echo) {
        match goal {
            Goal::Wake(_) | Goal::Find | Goal::Init | Goal::Reset => {}
            // The first one behind the owner's own commands.
            Goal::Card => (self.usual, self.state) = (echo, State::There),
            _ if echo == Echo::Heard && self.usual == Echo::Unheard && self.anew < TIMES => {
                self.state = State::Gone;
            }
            _ => {}
        }
    }

    pub(super) fn are_gone(self) -> bool {
        self.state == State::Gone
    }

    pub(super) fn begin_anew(&mut self) {
        self.state = State::There;
        self.anew += 1;
    }

    /// It has come up with them.
    pub(super) fn are_right(&mut self) {
        self.anew = 0;
    }
}
