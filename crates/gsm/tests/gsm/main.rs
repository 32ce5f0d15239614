//! Modules that follow their makers' documents, and modules that don't, on a clock of the tests' own.

mod faults;
mod incoming;
mod lives;
mod module;
mod questions;
mod secrets;
mod splits;
mod streams;
mod tables;
