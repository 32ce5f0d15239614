//! A master and its units on virtual time.

mod late;
mod master;
mod mixed;
mod rs485;
mod slave;
mod wire;
