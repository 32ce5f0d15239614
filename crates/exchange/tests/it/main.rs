//! The exchange as its callers see it: real sockets, real programs.

mod callback;
mod harness;
mod hostile;
mod limits;
mod log;
mod login;
mod program;
mod records;
mod running;
mod safety;
mod transparency;
