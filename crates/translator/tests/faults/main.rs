//! Whatever goes wrong at whichever step, on real pseudo-terminals: whoever dials is told, and the next call works.
//!
//! At the other end of the cable is a script that follows what the makers' documents say, or a line of ours that is
//! such a module; and something goes wrong at one step. Nearly all of it is waiting, so all modules wait at the same
//! time: two tests, since a machine of two cores runs no more at once.

mod cable;
mod far;
mod personas;
mod plan;
mod relay;
mod scripts;
mod stage;
#[path = "../../../gsm/tests/gsm/tables.rs"]
#[allow(dead_code)]
mod tables;
