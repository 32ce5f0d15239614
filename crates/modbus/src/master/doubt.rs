//! Which late answers may still come.

use std::collections::HashMap;

use clock::Instant;

use crate::UnitId;
use crate::pdu::Function;

/// Functions that a unit was asked and hasn't answered in time, a bit each.
#[derive(Clone, Copy, Debug)]
struct Owed {
    functions: u128,
    until: Instant,
}

/// What units may still answer although nobody waits for it.
///
/// A unit answers in the order in which it is asked, and nothing on the wire but unit, function and counts says
/// what an answer belongs to. So a function that went unanswered is not asked again before it is known that the
/// answer can't come any more.
#[derive(Debug, Default)]
pub(super) struct Doubtful(HashMap<UnitId, Owed>);

impl Doubtful {
    /// A unit hasn't answered; `until` is when it won't any more, as far as time can tell.
    pub(super) fn owes(&mut self, unit: UnitId, function: u8, until: Instant) {
        let owed = self.0.entry(unit).or_insert(Owed { functions: 0, until });
        owed.functions |= bit(function);
        owed.until = owed.until.max(until);
    }

    /// Until when an answer of this function could be an old one.
    pub(super) fn doubts(&self, unit: UnitId, function: u8) -> Option<Instant> {
        let owed = self.0.get(&unit)?;
        (owed.functions & bit(function) != 0).then_some(owed.until)
    }

    /// The first of these functions whose answer could only be a new one.
    pub(super) fn sure(&self, unit: UnitId, functions: &[Function]) -> Option<Function> {
        functions.iter().copied().find(|function| self.doubts(unit, function.code()).is_none())
    }

    /// The unit has answered something newer.
    pub(super) fn settle(&mut self, unit: UnitId) {
        self.0.remove(&unit);
    }
}

const fn bit(function: u8) -> u128 {
    1 << (function & 0x7f)
}
