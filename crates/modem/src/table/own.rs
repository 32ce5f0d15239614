//! The commands that no other modem has: why a call failed, what the calls were, how the line is.

use super::cell::Allowed::Span;
use super::{Cell, Command, Does, acts, does};
use crate::report;

/// Whether a failed call is explained before its result code.
pub(crate) const DETAIL: Cell = Cell::of("@DETAIL", Span(0, 1), 0);

pub(crate) const OWN: &[Command] = &[
    does("@REASON", &[], Does::Tells(report::reason), "why the last call failed or ended"),
    does("@CALLS", &[], Does::Tells(report::calls), "the last calls"),
    does("@LINE", &[], Does::Tells(report::line), "state, circuits and speed of this line"),
    does("@PERSONA", &[], Does::Tells(report::persona), "which modem this one pretends to be"),
    acts("@DETAIL", &[DETAIL], "1: a line that says why before the result code of a failed call"),
];
