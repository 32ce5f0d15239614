//! One call, from the first ring or digit to its end.

use std::time::Duration;

use at::result::Cause;
use clock::Instant;

use crate::limits::{HELD, HELD_AT_MOST, PARTY};

/// Who began a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Our equipment dialled.
    Dialled,
    /// The far end called.
    Answered,
    /// Nobody: the equipment's data comes back to it (`&T1`).
    Looped,
}

/// How a call goes on, for command sets that tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It was dialled, or rings.
    Begun,
    /// It rings at the far end.
    Alerted,
    /// It is over, whether it was answered or not.
    Over,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) direction: Direction,
    /// What was dialled, passwords masked, or who calls.
    pub(crate) party: Box<str>,
    /// When it was established; none yet while it is being set up.
    pub(crate) connected: Option<Instant>,
    /// The number behind CONNECT.
    pub(crate) rate: Option<u32>,
    /// How long the far end's bytes are held after CONNECT.
    pub(crate) delay: Duration,
    /// Bytes from the equipment.
    pub(crate) sent: u64,
    /// Bytes from the far end.
    pub(crate) received: u64,
    /// Bytes from the far end that wait for the equipment to be in data state.
    pub(crate) held: Vec<u8>,
    /// Why the far end is gone, when bytes are still held.
    pub(crate) gone: Option<Cause>,
}

impl Call {
    /// A call that begins.
    pub(crate) fn new(direction: Direction, party: &str) -> Self {
        Self {
            direction,
            party: shortened(party),
            connected: None,
            rate: None,
            delay: Duration::ZERO,
            sent: 0,
            received: 0,
            held: Vec::new(),
            gone: None,
        }
    }

    /// Keeps bytes of the far end; returns how many could not be kept.
    pub(crate) fn hold(&mut self, bytes: &[u8]) -> usize {
        let room = HELD_AT_MOST.saturating_sub(self.held.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.held.extend_from_slice(kept);
        self.received += kept.len() as u64;
        bytes.len() - kept.len()
    }

    /// Whether more bytes of the far end are welcome while they have to be held.
    pub(crate) fn has_room(&self) -> bool {
        self.held.len() < HELD && self.gone.is_none()
    }
}

/// As much of a party's name as is remembered.
fn shortened(party: &str) -> Box<str> {
    party.chars().filter(|c| !c.is_control()).take(PARTY).collect()
}
