//! The launcher: the small process that keeps root and starts the programs of accounts, while the one
//! that callers talk to has given root up.
//!
//! [`begin`] is the front's part of it, [`asked`] what the started process does.

mod front;
mod process;
mod trust;

pub(crate) use front::begin;
pub(crate) use process::asked;

/// What programs are asked for with.
pub(crate) type Hand = tty::launcher::Launcher;

/// The word by which this program is told that it is the launcher. No command: it is of use to nobody
/// who types it.
const WORD: &str = "launcher";
