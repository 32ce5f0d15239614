//! How one real modem is spoken to.

use std::time::Duration;

use crate::result::Family;

/// How one real modem is spoken to: its command strings, and the patience that it needs.
///
/// In every string `\d` and `~` are a pause of half a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manners {
    /// What makes it ready, one command line after the other; each must be answered `OK`.
    pub init: Vec<String>,
    /// What stands before the number.
    pub dial: String,
    /// What takes a call.
    pub answer: String,
    /// What ends one, in command state.
    pub hang_up: String,
    /// What it is asked to find out whether it is still there.
    pub check: String,
    /// Whose numbers it uses, if it answers in numbers.
    pub family: Family,
    /// From one character of a command to the next.
    pub pace: Duration,
    /// Before each command.
    pub pause: Duration,
    /// How long DTR stays off.
    pub dtr_off: Duration,
    /// How long a modem needs after DTR has come back.
    pub settle: Duration,
    /// The silence before and after `+++`.
    pub guard: Duration,
    /// How long it may take to answer a command.
    pub reply_within: Duration,
    /// How long answering a call may take.
    pub answer_within: Duration,
    /// How long dialling may take where who dials doesn't say.
    pub dial_within: Duration,
}

impl Default for Manners {
    /// As mgetty does it, with words for what goes wrong (`X4`).
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self {
            init: vec!["ATQ0V1E0H0".into(), "ATX4S0=0&C1&D2".into()],
            dial: "ATDT".into(),
            answer: "ATA".into(),
            hang_up: "ATH0".into(),
            check: "AT".into(),
            family: Family::Hayes,
            pace: Duration::ZERO,
            pause: millis(50),
            dtr_off: millis(500),
            settle: millis(250),
            // Modems wait for a second; and a little more, for theirs may go slower than our clock.
            guard: millis(1200),
            reply_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(80),
            dial_within: Duration::from_secs(90),
        }
    }
}
