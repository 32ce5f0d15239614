//! What has been counted of all modems of a rack since its start.

use carrier::{Counts, Sum, Tally};

/// Figures that only grow. Words come from fixed lists.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    calls: Tally,
    failures: Tally,
}

/// Who has called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

impl Counted {
    /// A call is over, or none has come about.
    pub(crate) fn call(&self, way: Way, cause: &'static str) {
        let way = match way {
            Way::In => "in",
            Way::Out => "out",
        };
        // Its bytes are counted where it goes to.
        self.calls.add(way, cause, Counts::default());
    }

    /// An attempt to make a modem ready, or to keep it so, has failed: it is `absent`, `lost` or `silent`.
    pub(crate) fn failure(&self, what: &'static str) {
        self.failures.add("", what, Counts::default());
    }

    pub(crate) fn calls(&self) -> Vec<(&'static str, &'static str, u64)> {
        let sums = self.calls.sums().into_iter();
        sums.map(|(way, cause, Sum { calls, .. })| (way, cause, calls)).collect()
    }

    pub(crate) fn failures(&self) -> Vec<(&'static str, u64)> {
        let sums = self.failures.sums().into_iter();
        sums.map(|(_, what, Sum { calls, .. })| (what, calls)).collect()
    }
}
