//! Frames over a path that stays.
//!
//! A path may swallow XON and XOFF, turn CR into CR LF, or carry seven bits. Both ends of a call find out with a
//! [`Probe`] which of the 256 values get through, each for what it sends, and choose a [`Coding`]: none where all do,
//! HDLC's escaping where the harmed ones can be escaped, lines of base64 otherwise.

mod coding;
mod hdlc;
mod lines;
mod probe;
mod values;

pub use coding::{Coding, Receiver, Sender};
pub use probe::{NoProbe, Outcome, Output, Probe};
pub use values::Values;
