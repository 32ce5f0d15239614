//! Which late answers may still come.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clock::Instant;

use crate::UnitId;
use crate::pdu::Function;

/// Functions that a unit was asked and hasn't answered in time, a bit each: none while it is asked after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owed {
    functions: u128,
    until: Instant,
}

/// What units may still answer although nobody waits for it.
///
/// A unit answers in the order in which it is asked, and nothing on the wire but unit, function and counts says
/// what an answer belongs to. So a function that went unanswered is not asked again before it is known that the
/// answer can't come any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Doubtful(HashMap<UnitId, Owed>);

impl Doubtful {
    /// A unit hasn't answered; `until` is when it won't any more, as far as time can tell.
    pub(super) fn owes(&mut self, unit: UnitId, function: u8, until: Instant) {
        match self.0.entry(unit) {
            Entry::Vacant(place) => {
                place.insert(Owed { functions: bit(function), until });
            }
            Entry::Occupied(mut owed) => {
                let owed = owed.get_mut();
                // After a rest nothing more is to be learnt from other functions.
                owed.functions |= if owed.functions == 0 { u128::MAX } else { bit(function) };
                owed.until = owed.until.max(until);
            }
        }
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

    /// The unit has been left alone for so long that nothing of it is on its way any more.
    pub(super) fn rested(&mut self, unit: UnitId) {
        if let Some(owed) = self.0.get_mut(&unit) {
            owed.functions = 0;
        }
    }

    /// Without what can't come any more by now.
    pub(super) fn still(mut self, now: Instant) -> Self {
        self.0.retain(|_, owed| now < owed.until);
        self
    }

    /// The unit has answered something newer.
    pub(super) fn settle(&mut self, unit: UnitId) {
        self.0.remove(&unit);
    }
}

const fn bit(function: u8) -> u128 {
    1 << (function & 0x7f)
}
