//! A master and its units on virtual time.

mod late;
mod master;
mod slave;
mod wire;
