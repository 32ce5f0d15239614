//! How far something is that takes long, on the terminal of whoever waits for it.

use std::fmt::Display;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// Says on stderr how far something is, if a person looks there; a file or a pipe gets none of it. What was said is wiped
/// out when it is dropped.
pub(super) struct Progress {
    eye: Eye,
    said: Option<Instant>,
}

/// Whether anybody looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Eye {
    Open,
    Shut,
}

/// More often nobody can read it.
const LEAST: Duration = Duration::from_millis(100);

/// To the left, and what stood there goes.
const WIPE: &str = "\r\u{1b}[K";

impl Progress {
    pub(super) fn new() -> Self {
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let eye = if able && std::io::stderr().is_terminal() { Eye::Open } else { Eye::Shut };
        Self { eye, said: None }
    }

    /// So far it is now.
    pub(super) fn is(&mut self, how_far: impl Display) {
        if self.eye == Eye::Open && self.said.is_none_or(|said| said.elapsed() >= LEAST) {
            self.said = Some(Instant::now());
            // Nobody is told less of what he wanted for it.
            let _ = write!(std::io::stderr(), "{WIPE}{how_far}");
        }
    }

    /// Something else is about to be written where it stands.
    pub(super) fn make_room(&mut self) {
        if self.said.take().is_some() {
            let _ = write!(std::io::stderr(), "{WIPE}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.make_room();
    }
}
