//! From bytes to command lines: the prefix, the end, corrections and repeats.
//!
//! What is typed before `AT` is skipped, so a line survives `+++`, escapes, bare returns and noise
//! in front of it. Bit 7 is ignored throughout; the caller echoes the byte as it came.

use crate::limits::BODY_MAX;
use crate::parity::Parity;

/// The characters that steer a line, as they stand when a byte arrives. Only bits 0 to 6 count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineChars {
    /// S3: ends a line.
    pub end: u8,
    /// S4: ignored, and not echoed, directly after the end of a line.
    pub feed: u8,
    /// Whether it ends a line too, for equipment that sends it alone.
    pub feed_ends: bool,
    /// S5: deletes the last character.
    pub erase: u8,
    /// What the DEL key does.
    pub delete: DeleteKey,
    /// How `AT` may be written.
    pub prefix: PrefixCase,
}

impl Default for LineChars {
    fn default() -> Self {
        Self {
            end: b'\r',
            feed: b'\n',
            feed_ends: false,
            erase: 0x08,
            delete: DeleteKey::Ignored,
            prefix: PrefixCase::Same,
        }
    }
}

impl LineChars {
    fn end_line(&self, plain: u8) -> bool {
        plain == self.end & 0x7F || self.feed_ends && plain == self.feed & 0x7F
    }
}

/// What DEL (0x7F) does in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteKey {
    /// It is dropped like any control character.
    Ignored,
    /// It deletes like S5; many terminals send it for their backspace key.
    Erases,
}

/// How the prefix may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixCase {
    /// `AT` or `at`, as V.250 has it.
    Same,
    /// `At` and `aT` too, for keyboards that shift by themselves.
    Any,
}

/// What to send back to a terminal that wants its characters echoed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Nothing.
    None,
    /// The byte exactly as it came, bit 7 included.
    Byte,
    /// Backspace, space, backspace: a character is gone from the screen.
    Erase,
}

/// What a byte brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// Nothing yet.
    More,
    /// A line is complete: [`Recogniser::body`] has it.
    Line,
    /// `A/`: [`Recogniser::body`] is to be executed once more. Empty if there never was a line.
    Repeat,
    /// A line ended that was longer than [`BODY_MAX`]. It is lost; the body before it stays.
    TooLong,
}

/// Turns bytes into command lines, one byte at a time.
///
/// Between lines it owns no memory but the last line, which `A/` may ask for.
#[derive(Debug, Default)]
pub struct Recogniser {
    state: State,
    last: Box<[u8]>,
    parity: Option<Parity>,
}

/// ```text
/// Idle, Ended --A--> Attention --T--> Typing --end--> Ended
///                        |--/--> Ended (repeat)
/// ```
#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    /// Directly after a line: a feed that belongs to its end is swallowed.
    Ended,
    /// The raw `A` is kept: case and parity are read off the pair.
    Attention(u8),
    /// Boxed, since equipment is silent most of the time.
    Typing(Box<Typed>),
}

#[derive(Debug, Default)]
struct Typed {
    body: Vec<u8>,
    /// Characters beyond the limit: counted, so that they can be deleted again, but not kept.
    excess: u32,
}

impl Recogniser {
    /// A recogniser that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one byte from the terminal.
    ///
    /// `chars` is looked at for this byte only: a line that changes S3 has ended with the old one
    /// before the change can take effect.
    pub fn push(&mut self, byte: u8, chars: &LineChars) -> (Echo, Recognised) {
        let plain = byte & 0x7F;
        match &mut self.state {
            State::Typing(_) if chars.end_line(plain) => (Echo::Byte, self.end_line()),
            State::Typing(typed) => (typed.push(plain, chars), Recognised::More),
            State::Attention(first) => {
                let first = *first;
                self.after_attention(first, byte, chars)
            }
            State::Ended if plain == chars.feed & 0x7F && plain.is_ascii_control() => {
                self.state = State::Idle;
                (Echo::None, Recognised::More)
            }
            State::Idle | State::Ended => {
                self.state = outside_a_line(byte);
                (Echo::Byte, Recognised::More)
            }
        }
    }

    fn after_attention(&mut self, first: u8, byte: u8, chars: &LineChars) -> (Echo, Recognised) {
        let plain = byte & 0x7F;
        let same_case = (first ^ byte) & 0x20 == 0;
        let begins =
            plain.eq_ignore_ascii_case(&b'T') && (same_case || chars.prefix == PrefixCase::Any);
        if begins || plain == b'/' {
            self.parity = Parity::of_prefix(first, byte).or(self.parity);
        }
        if begins {
            self.state = State::Typing(Box::default());
            (Echo::Byte, Recognised::More)
        } else if plain == b'/' {
            self.state = State::Ended;
            (Echo::Byte, Recognised::Repeat)
        } else {
            self.state = outside_a_line(byte);
            (Echo::Byte, Recognised::More)
        }
    }

    fn end_line(&mut self) -> Recognised {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Typing(typed) if typed.excess == 0 => {
                self.last = typed.body.into_boxed_slice();
                Recognised::Line
            }
            _ => Recognised::TooLong,
        }
    }

    /// The last complete line without its prefix and end: 7-bit, spaces kept, no control characters.
    pub fn body(&self) -> &[u8] {
        &self.last
    }

    /// The parity of the terminal, once a prefix has shown it.
    pub fn parity(&self) -> Option<Parity> {
        self.parity
    }

    /// Whether a line has begun that hasn't ended: a good moment to hold unasked-for output back.
    pub fn is_typing(&self) -> bool {
        matches!(self.state, State::Typing(_))
    }

    /// Forgets a line that is being typed. The last line, for `A/`, and the parity stay.
    pub fn reset(&mut self) {
        self.state = State::Idle;
    }
}

fn outside_a_line(byte: u8) -> State {
    match byte & 0x7F {
        b'A' | b'a' => State::Attention(byte),
        _ => State::Idle,
    }
}

impl Typed {
    fn push(&mut self, plain: u8, chars: &LineChars) -> Echo {
        let deletes = plain == 0x7F && chars.delete == DeleteKey::Erases;
        if plain == chars.erase & 0x7F || deletes {
            return self.delete_last();
        }
        if plain.is_ascii_control() {
            return Echo::Byte;
        }
        if self.body.len() < BODY_MAX {
            self.body.push(plain);
        } else {
            self.excess = self.excess.saturating_add(1);
        }
        Echo::Byte
    }

    fn delete_last(&mut self) -> Echo {
        if self.excess > 0 {
            self.excess -= 1;
            Echo::Erase
        } else if self.body.pop().is_some() {
            Echo::Erase
        } else {
            Echo::None
        }
    }
}

#[cfg(test)]
mod tests;
