//! The crate against the kernel it stands on: real pseudo-terminals, real processes.

mod client;
mod ferry;
mod hang_up;
mod program;
mod pty;
mod pty_link;
mod pty_succession;
mod serial;
