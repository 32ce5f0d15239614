//! What a module does later.

use clock::Instant;
use sms::{Content, Number};

use crate::limits::LATER;

/// Something that becomes due.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Due {
    /// A command comes to its end.
    Finish(Later),
    /// The module is back after a restart.
    Awake,
    /// It can do everything.
    Ready,
    /// The search for a network ends.
    Found,
    /// Equipment that types a message has said nothing for long.
    Silence,
}

/// How a command ends that takes its time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Later {
    /// `+COPS=?`
    Scanned,
    /// `+COPS=0`
    Registered,
    /// `+CGATT=1`
    Attached,
    /// `+CGATT=0`
    Detached,
    /// `+CGACT=1,…`
    Activated(Vec<u8>),
    /// A message is handed to the network.
    Send(Box<Sending>),
    /// The network says nothing of the message.
    Unsent,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sending {
    /// What the answer begins with.
    pub(super) command: &'static str,
    pub(super) to: Number,
    pub(super) content: Content,
    pub(super) reference: u8,
    /// The first octet, if a report is wanted.
    pub(super) report: Option<u8>,
    /// Where it is stored, if it is.
    pub(super) place: Option<super::messages::Place>,
}

/// What is to be done, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda(Vec<(Instant, Due)>);

impl Agenda {
    pub(super) fn add(&mut self, at: Instant, due: Due) {
        if self.0.len() < LATER {
            self.0.push((at, due));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().map(|(at, _)| *at).min()
    }

    /// The first thing that is due, in the order of time.
    pub(super) fn take(&mut self, now: Instant) -> Option<Due> {
        let due = self.0.iter().enumerate().filter(|(_, (at, _))| *at <= now);
        let (place, _) = due.min_by_key(|(_, (at, _))| *at)?;
        Some(self.0.remove(place).1)
    }

    pub(super) fn forget(&mut self, what: impl Fn(&Due) -> bool) {
        self.0.retain(|(_, due)| !what(due));
    }

    #[cfg(feature = "wip")]
    pub(super) fn has(&self, what: &Due) -> bool {
        self.0.iter().any(|(_, due)| due == what)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
