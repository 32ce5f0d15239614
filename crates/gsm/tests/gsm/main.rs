//! Modules that follow their makers' documents, and modules that don't, on a clock of the tests' own.

mod faults;
mod incoming;
mod leaving;
mod lives;
mod mail;
mod module;
mod pieces;
mod questions;
mod secrets;
mod splits;
mod streams;
mod tables;
mod times;
