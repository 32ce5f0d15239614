//! In place of the launcher: without an exchange there are no programs to start.

use std::convert::Infallible;
use std::path::Path;

use crate::instance::Plan;

/// There is none.
pub(crate) enum Begun {}

/// Nor anything to use it with.
pub(crate) type Hand = Infallible;

/// None is needed.
pub(crate) fn begin(_: &Plan, _: Option<&Path>) -> Result<Option<Begun>, Infallible> {
    Ok(None)
}

impl Begun {
    pub(crate) fn connect(&mut self) -> Result<Option<Hand>, Infallible> {
        match *self {}
    }

    pub(crate) fn end(self) {
        match self {}
    }
}
