//! The end of a connection that some modules tell amid its data, with no ETX in front of it.
//!
//! The far end may say the same. So it is an end only if nothing follows, and data if anything does.

use clock::Instant;

use crate::Output;
use crate::limits::{LAST_WORD, WORD};

const WORDS: &[u8] = b"\r\nSHUTDOWN\r\n";

/// So many of the last of the words are the first of them, too: a far end may have said all but these just before.
const SHARED: usize = 2;

/// Looks for these words at the end of what comes.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    /// So many of them are held back.
    held: usize,
    /// Until when more may come.
    until: Option<Instant>,
}

impl Farewell {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// Passes data on, but for what may be these words.
    pub(super) fn pass(&mut self, now: Instant, data: &[u8], out: &mut impl Output) {
        let mut passed = Vec::with_capacity(WORDS.len() + data.len());
        for byte in data {
            if WORDS.get(self.held) == Some(byte) {
                self.held += 1;
                continue;
            }
            if self.is_whole() && WORDS.get(SHARED) == Some(byte) {
                passed.extend_from_slice(WORDS.get(..WORDS.len() - SHARED).unwrap_or_default());
                self.held = SHARED + 1;
                continue;
            }
            // Within themselves they don't begin anew, but for a return in place of their feed.
            passed.extend_from_slice(WORDS.get(..self.held).unwrap_or_default());
            self.held = usize::from(WORDS.first() == Some(byte));
            passed.extend(Some(*byte).filter(|_| self.held == 0));
        }
        if !passed.is_empty() {
            out.data(&passed);
        }
        self.until = match self.held {
            0 => None,
            _ if self.is_whole() => Some(now + LAST_WORD),
            _ => Some(now + WORD),
        };
    }

    fn is_whole(&self) -> bool {
        self.held == WORDS.len()
    }

    /// They were the far end's.
    pub(super) fn release(&mut self, out: &mut impl Output) {
        let held = std::mem::take(self).held;
        if held > 0 {
            out.data(WORDS.get(..held).unwrap_or_default());
        }
    }

    /// Whether nothing has followed on the words. What is only a part of them goes on.
    pub(super) fn is_over(&mut self, now: Instant, out: &mut impl Output) -> bool {
        if self.until.is_none_or(|until| until > now) {
            return false;
        }
        if self.is_whole() {
            *self = Self::default();
            return true;
        }
        self.release(out);
        false
    }
}
