//! Running lines, with real sockets and pseudo-terminals at both ends.

mod answering;
mod closing;
mod dialling;
mod ends;
mod equipment;
mod flow;
mod pty;
mod serial;
mod terminal;
mod trouble;
