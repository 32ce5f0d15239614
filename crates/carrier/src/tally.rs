//! How many calls have ended for which cause, since the start: figures that only grow.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::Counts;

/// Calls that are over, by words from fixed lists.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(&'static str, &'static str), Sum>>);

/// What calls that ended alike have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many there were.
    pub calls: u64,
    /// Bytes to their far ends.
    pub sent: u64,
    /// Bytes from their far ends.
    pub received: u64,
}

impl Tally {
    /// One more has ended: of this kind, for this cause.
    pub fn add(&self, kind: &'static str, cause: &'static str, counts: Counts) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sums.entry((kind, cause)).or_default();
        sum.calls += 1;
        sum.sent = sum.sent.saturating_add(counts.sent);
        sum.received = sum.received.saturating_add(counts.received);
    }

    /// All of them: kind, cause, sum.
    pub fn sums(&self) -> Vec<(&'static str, &'static str, Sum)> {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sums.iter().map(|((kind, cause), sum)| (*kind, *cause, *sum)).collect()
    }
}
