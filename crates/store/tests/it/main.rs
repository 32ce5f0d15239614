//! The store, as the exchange, the lines and the commands use it.

mod accounts;
mod lists;
mod records;
mod samples;
mod sharing;
mod stage;
mod trouble;
