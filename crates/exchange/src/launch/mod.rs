//! Programs that a launcher starts: what it is asked for, and whether it may.
//!
//! The exchange sends orders; [`LaunchRules`], in the launcher's process, knows the accounts of the
//! configuration's files by itself and takes nothing of them from an order but the name. Accounts in the
//! store can be written by whoever has taken the exchange's process over, so the launcher doesn't look
//! there at all: such an order brings everything along, and counts as the exchange's own word, which is
//! good for the users that the configuration names for it and for nobody else.

mod order;
mod rules;

pub(crate) use order::{Order, Who};
pub use rules::{LaunchRules, needs_launcher};
