//! Those who have connected to a module's server, and haven't rung yet.

use std::collections::VecDeque;

use crate::dialect::{Dialect, Knock, Link, Sign};
use crate::limits::CALLERS;

/// Those who wait, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Callers(VecDeque<(Knock, Still)>);

/// Whether somebody is still there. His connection must be closed in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Still {
    There,
    Gone,
}

impl Callers {
    /// Somebody has connected. A number that is told again is another's.
    pub(crate) fn knock(&mut self, knock: Knock) {
        self.0.retain(|(known, _)| known.link != knock.link);
        if self.0.len() < CALLERS {
            self.0.push_back((knock, Still::There));
        }
    }

    /// What is told unasked may be that one of them has left.
    pub(crate) fn hear(&mut self, line: &str, dialect: &Dialect) {
        for (knock, still) in &mut self.0 {
            if let Some(Sign::Closed(_)) = (dialect.sign)(line, knock.link) {
                *still = Still::Gone;
            }
        }
    }

    /// The first, if somebody waits.
    pub(crate) fn next(&mut self) -> Option<(Knock, Still)> {
        self.0.pop_front()
    }

    /// This connection is closed.
    pub(crate) fn forget(&mut self, link: Link) {
        self.0.retain(|(knock, _)| knock.link != link);
    }

    /// Nobody is waited for any more: whose connections are to be closed.
    pub(crate) fn dismiss(&mut self) -> Vec<Link> {
        self.0.drain(..).map(|(knock, _)| knock.link).collect()
    }
}
