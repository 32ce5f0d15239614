//! A master and its units on virtual time.

mod late;
mod master;
mod rs485;
mod slave;
mod wire;
