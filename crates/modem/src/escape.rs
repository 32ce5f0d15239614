//! The escape from data to command state: three characters between two silences.
//!
//! Everything is decided by the arrival times and the lengths of reads. Bytes are looked at only in a
//! read of at most three, after a silence or in a sequence that has begun, so bulk data costs one
//! comparison per read.

use std::time::Duration;

use clock::Instant;

/// The escape sequence has this many characters.
const LENGTH: usize = 3;

/// What the settings say about the escape, read when the data state is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guards {
    /// The escape character without its parity bit.
    pub(crate) character: u8,
    /// The silence before and after.
    pub(crate) silence: Duration,
}

/// What a read means for the escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Data, and no part of a sequence. A sequence that had begun is none.
    Data,
    /// The sequence goes on.
    Part,
    /// The sequence is complete: if nothing comes until then, it was meant.
    Complete(Instant),
}

/// How much of an escape sequence has been seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escape {
    last: Instant,
    seen: u8,
    raw: [u8; LENGTH],
}

impl Escape {
    /// Nothing seen; the silence before a sequence counts from `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self { last: now, seen: 0, raw: [0; LENGTH] }
    }

    /// Looks at a read that is not empty.
    pub(crate) fn look(&mut self, now: Instant, bytes: &[u8], guards: Guards) -> Seen {
        let gap = now.since(self.last);
        self.last = now;
        if self.seen == 0 && (bytes.len() > LENGTH || gap < guards.silence) {
            return Seen::Data;
        }
        self.look_closely(now, gap, bytes, guards)
    }

    #[cold]
    fn look_closely(&mut self, now: Instant, gap: Duration, bytes: &[u8], guards: Guards) -> Seen {
        let before = if gap < guards.silence { self.seen } else { 0 };
        let after = usize::from(before) + bytes.len();
        let only_escapes = bytes.iter().all(|byte| byte & 0x7F == guards.character);
        if !only_escapes || after > LENGTH {
            self.seen = 0;
            return Seen::Data;
        }
        for (place, byte) in self.raw.iter_mut().skip(usize::from(before)).zip(bytes) {
            *place = *byte;
        }
        self.seen = after as u8;
        if after == LENGTH { Seen::Complete(now + guards.silence) } else { Seen::Part }
    }

    /// The characters seen so far, as they came, and how many.
    pub(crate) fn raw(&self) -> ([u8; LENGTH], u8) {
        (self.raw, self.seen)
    }

    /// Whether the whole sequence was seen and nothing since.
    pub(crate) fn is_complete(&self) -> bool {
        usize::from(self.seen) == LENGTH
    }

    /// Forgets a sequence that has begun.
    pub(crate) fn forget(&mut self) {
        self.seen = 0;
    }
}
