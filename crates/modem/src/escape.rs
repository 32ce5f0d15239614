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
    /// The silence before it, and the longest within it.
    pub(crate) silence: Duration,
    /// The silence after it, where that is another.
    pub(crate) behind: Duration,
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

/// Escape characters as they came, up to three.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sequence {
    raw: [u8; LENGTH],
    count: u8,
}

impl Sequence {
    /// The characters.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.raw.get(..usize::from(self.count)).unwrap_or_default()
    }

    fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Adds characters of which there is room for.
    fn extend(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.raw.get_mut(usize::from(self.count)) {
                *place = *byte;
                self.count += 1;
            }
        }
    }
}

/// How much of an escape sequence has been seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escape {
    last: Instant,
    sequence: Sequence,
}

impl Escape {
    /// Nothing seen; the silence before a sequence counts from `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self { last: now, sequence: Sequence::default() }
    }

    /// Looks at a read that is not empty.
    pub(crate) fn look(&mut self, now: Instant, bytes: &[u8], guards: Guards) -> Seen {
        let gap = now.since(self.last);
        self.last = now;
        if self.sequence.count == 0 && (bytes.len() > LENGTH || gap < guards.silence) {
            return Seen::Data;
        }
        self.look_closely(now, gap, bytes, guards)
    }

    #[cold]
    fn look_closely(&mut self, now: Instant, gap: Duration, bytes: &[u8], guards: Guards) -> Seen {
        let begun = std::mem::take(&mut self.sequence);
        // After a silence this read can only be the beginning of another sequence.
        let mut sequence = if gap < guards.silence { begun } else { Sequence::default() };
        let only_escapes = bytes.iter().all(|byte| byte & 0x7F == guards.character);
        if !only_escapes || sequence.len() + bytes.len() > LENGTH {
            return Seen::Data;
        }
        sequence.extend(bytes);
        self.sequence = sequence;
        if sequence.len() == LENGTH { Seen::Complete(now + guards.behind) } else { Seen::Part }
    }

    /// The characters seen so far.
    pub(crate) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Whether the whole sequence was seen and nothing since.
    pub(crate) fn is_complete(&self) -> bool {
        self.sequence.len() == LENGTH
    }

    /// Forgets a sequence that has begun.
    pub(crate) fn forget(&mut self) {
        self.sequence = Sequence::default();
    }
}
