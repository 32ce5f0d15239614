//! How a module stands, for those who ask.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use gsm::Reason;

use crate::limits::LOG;

/// How a module stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// The owner's name for it.
    pub name: String,
    /// Its port.
    pub device: String,
    /// In a word: `absent`, `waking`, `initialising`, `searching`, `attaching`, `idle`, `dialling`, `online`,
    /// `hanging up`; or, if it is given up until it is tried again, `silent`, `no SIM`, `SIM locked`,
    /// `SIM unreadable`, `unknown`, `refusing`.
    pub state: &'static str,
    /// Why it can't be used.
    pub trouble: Option<String>,
    /// Who is spoken to.
    pub party: Option<String>,
    /// What it has told of itself and its network.
    pub module: gsm::Status,
    /// Its last call, or the one that there is.
    pub last: Option<LastCall>,
}

/// A call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCall {
    /// Whom it went to, or who called.
    pub party: String,
    /// When it began, or came to nothing.
    pub at: SystemTime,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is up.
    Lasts,
    /// It is over.
    Over(Reason),
    /// It came to nothing.
    Failed(Reason),
}

impl Outcome {
    /// Whether it was connected.
    pub const fn was_connected(&self) -> bool {
        matches!(self, Self::Lasts | Self::Over(_))
    }

    /// Why it ended, or came to nothing.
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Lasts => None,
            Self::Over(reason) | Self::Failed(reason) => Some(reason),
        }
    }
}

/// What the task of a module shows.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<Now>);

#[derive(Debug, Default)]
pub(crate) struct Now {
    pub(crate) state: &'static str,
    pub(crate) trouble: Option<String>,
    pub(crate) party: Option<String>,
    pub(crate) module: gsm::Status,
    pub(crate) last: Option<LastCall>,
    pub(crate) said: VecDeque<String>,
}

impl Shown {
    pub(crate) fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a line of the conversation.
    pub(crate) fn said(&self, line: String) {
        let mut now = self.now();
        if now.said.len() >= LOG {
            now.said.pop_front();
        }
        now.said.push_back(line);
    }

    /// A call is up, or came to nothing.
    pub(crate) fn call(&self, party: String, outcome: Outcome) {
        self.now().last = Some(LastCall { party, at: SystemTime::now(), outcome });
    }

    /// The call that is up, if there is one, is over: with whom it was.
    pub(crate) fn over(&self, reason: &Reason) -> Option<String> {
        match &mut self.now().last {
            Some(LastCall { party, outcome: outcome @ Outcome::Lasts, .. }) => {
                *outcome = Outcome::Over(reason.clone());
                Some(party.clone())
            }
            _ => None,
        }
    }

    pub(crate) fn status(&self, name: &str, device: &str) -> Status {
        let now = self.now();
        Status {
            name: name.to_owned(),
            device: device.to_owned(),
            state: if now.state.is_empty() { "absent" } else { now.state },
            trouble: now.trouble.clone(),
            party: now.party.clone(),
            module: now.module.clone(),
            last: now.last.clone(),
        }
    }
}
