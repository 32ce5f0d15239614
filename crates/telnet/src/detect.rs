//! `auto`: finding out from the peer's first bytes whether he speaks telnet.
//!
//! The sign is a whole negotiation command with an option number that exists. One that is split
//! over two segments must not leak to the equipment, so a tail that may be the start of one is held
//! back for a moment.

use clock::Instant;
use memchr::memchr;

use crate::event::Held;
use crate::limits;
use crate::wire::{IAC, Verb};

/// The highest option number in use is 49; a raw 0xFF 0xFB in data is rarely followed by less.
const OPTIONS: u8 = 50;

/// Watches the peer's first bytes.
#[derive(Debug, Default)]
pub(crate) struct Detector {
    /// Bytes that turned out to be data.
    data: u16,
    since: Option<Instant>,
    held: Held,
    release_at: Option<Instant>,
}

/// What the next bytes of the wire say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing yet: so many of them are data, the rest is held back.
    Undecided { data: usize },
    /// What was held back is data; the wire is still to be looked at.
    Released(Held),
    /// The connection is raw.
    Raw,
    /// A negotiation begins after so many bytes of data, or began in what was held back.
    Telnet { data: usize, held: Held },
}

impl Detector {
    pub(crate) fn look(&mut self, now: Instant, wire: &[u8]) -> Look {
        if wire.is_empty() {
            return Look::Undecided { data: 0 };
        }
        let since = *self.since.get_or_insert(now);
        if !self.held.as_slice().is_empty() {
            return self.go_on(wire);
        }
        if now.since(since) > limits::DETECTION { Look::Raw } else { self.search(now, wire) }
    }

    /// Goes on with a command of which the start is held back.
    fn go_on(&mut self, wire: &[u8]) -> Look {
        let mut start = [0; 3];
        let held = self.held.as_slice();
        for (to, from) in start.iter_mut().zip(held.iter().chain(wire)) {
            *to = *from;
        }
        let length = (held.len() + wire.len()).min(start.len());
        let start = start.get(..length).unwrap_or_default();
        match Start::of(start) {
            Start::Whole => Look::Telnet { data: 0, held: std::mem::take(&mut self.held) },
            Start::Partial => {
                self.held = Held::of(start);
                Look::Undecided { data: 0 }
            }
            Start::Other => Look::Released(self.release()),
        }
    }

    /// Searches bytes of which none are held back.
    fn search(&mut self, now: Instant, wire: &[u8]) -> Look {
        let window = usize::from(limits::DETECTION_BYTES.saturating_sub(self.data)).min(wire.len());
        let watched = wire.get(..window).unwrap_or_default();
        let mut at = 0;
        while let Some(offset) = memchr(IAC, watched.get(at..).unwrap_or_default()) {
            let iac = at + offset;
            if !is_text(watched.get(at..iac).unwrap_or_default()) {
                return Look::Raw;
            }
            let command = wire.get(iac..).unwrap_or_default();
            match Start::of(command.get(..3).unwrap_or(command)) {
                Start::Whole => {
                    self.count(iac);
                    return Look::Telnet { data: iac, held: Held::default() };
                }
                Start::Partial => {
                    self.held = Held::of(command);
                    self.release_at = Some(now + limits::HOLD_BACK);
                    self.count(iac);
                    return Look::Undecided { data: iac };
                }
                Start::Other => at = iac + 1,
            }
        }
        if !is_text(watched.get(at..).unwrap_or_default()) {
            return Look::Raw;
        }
        self.count(wire.len());
        if self.data >= limits::DETECTION_BYTES {
            return Look::Raw;
        }
        Look::Undecided { data: wire.len() }
    }

    fn count(&mut self, bytes: usize) {
        self.data = self.data.saturating_add(u16::try_from(bytes).unwrap_or(u16::MAX));
    }

    /// Whether the peer began with something else than a command.
    pub(crate) fn began_with_data(&self) -> bool {
        self.data > 0
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.release_at
    }

    /// What is held back and can wait no longer.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<Held> {
        self.release_at.filter(|at| *at <= now).map(|_| self.release())
    }

    /// What is held back, as the data that it turns out to be.
    pub(crate) fn release(&mut self) -> Held {
        self.release_at = None;
        let held = std::mem::take(&mut self.held);
        self.count(held.as_slice().len());
        held
    }
}

/// What bytes that begin with 0xFF are.
enum Start {
    Whole,
    Partial,
    Other,
}

impl Start {
    fn of(bytes: &[u8]) -> Self {
        match *bytes {
            [IAC] => Self::Partial,
            [IAC, verb] if Verb::from_code(verb).is_some() => Self::Partial,
            [IAC, verb, option] if Verb::from_code(verb).is_some() && option < OPTIONS => {
                Self::Whole
            }
            _ => Self::Other,
        }
    }
}

/// Whether this could stand in a banner. A telnet server may greet before it negotiates, but no
/// greeting has the small numbers that binary protocols begin with; without this, a Modbus value
/// of -5 followed by 0 would turn a raw call into telnet.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| !matches!(byte, 0x00..=0x06 | 0x0E..=0x1A | 0x1C..=0x1F))
}
