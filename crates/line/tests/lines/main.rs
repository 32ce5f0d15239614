//! Running lines, with real sockets and pseudo-terminals at both ends.

mod answering;
mod breaking;
mod closing;
mod dialling;
mod ends;
mod equipment;
mod flow;
mod hunting;
#[cfg(feature = "configuration")]
mod inside;
mod pty;
mod records;
mod rfc2217;
mod serial;
mod terminal;
mod trouble;
mod volume;
