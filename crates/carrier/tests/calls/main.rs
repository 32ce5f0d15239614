//! Calls over real sockets on loopback, with scripted and with hostile far ends.

mod answering;
mod call;
mod dialling;
mod ends;
mod faults;
mod pumping;
mod telnet_call;
#[cfg(feature = "tls")]
mod tls;
mod volume;
