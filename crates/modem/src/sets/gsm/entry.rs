//! What is typed behind `>`: the text of a message, up to Ctrl-Z.

use super::charset::Charset;
use super::mailbox::Mode;
use crate::limits::ENTRY;

const END: u8 = 0x1A;
const GIVE_UP: u8 = 0x1B;

/// What is typed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    mode: Mode,
    /// Whether escape is a character of the text and not its end: in the alphabet of messages it leads
    /// to the second table, but no keyboard and no client sends it in text.
    charset: Charset,
    bytes: Vec<u8>,
    /// There was more than there is room for.
    spilled: bool,
    /// Nothing was typed yet: a line feed still belongs to the command.
    fresh: bool,
}

/// What a byte brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Nothing to be seen.
    Nothing,
    /// It is echoed.
    Echo,
    /// The last byte is taken back on the screen.
    Erase,
    /// The next line of the text begins.
    NextLine,
    /// The text is complete.
    Done,
    /// It is given up.
    GivenUp,
}

impl Entry {
    pub(super) fn new(mode: Mode, charset: Charset) -> Self {
        Self { mode, charset, bytes: Vec::new(), spilled: false, fresh: true }
    }

    /// Takes a byte.
    pub(super) fn push(&mut self, byte: u8) -> Typed {
        let fresh = std::mem::replace(&mut self.fresh, false);
        match byte {
            b'\n' if fresh => Typed::Nothing,
            END => Typed::Done,
            GIVE_UP => Typed::GivenUp,
            0x08 => match self.bytes.pop() {
                Some(_) => Typed::Erase,
                None => Typed::Nothing,
            },
            b'\r' | b'\n' if self.mode == Mode::Pdu => Typed::Echo,
            b'\r' => {
                self.keep(b'\n');
                Typed::NextLine
            }
            // Of a return and a feed one line end is kept.
            b'\n' if self.bytes.last() == Some(&b'\n') => Typed::Nothing,
            _ => {
                self.keep(byte);
                Typed::Echo
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < ENTRY {
            self.bytes.push(byte);
        } else {
            self.spilled = true;
        }
    }

    /// What was typed; nothing if it was too much.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        (!self.spilled).then_some(&*self.bytes)
    }

    /// The text that was typed.
    pub(super) fn text(&self) -> Option<String> {
        let bytes = self.bytes()?;
        match self.charset {
            // Digits may be typed on several lines.
            Charset::Wide | Charset::Hex => {
                let digits: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\n').collect();
                self.charset.read(&digits)
            }
            charset => charset.read(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(mode: Mode, bytes: &[u8]) -> (Entry, Typed) {
        let mut entry = Entry::new(mode, Charset::Ira);
        let mut last = Typed::Nothing;
        for byte in bytes {
            last = entry.push(*byte);
        }
        (entry, last)
    }

    #[test]
    fn a_text_ends_with_its_end_and_lines_are_kept() {
        let (entry, last) = typed(Mode::Text, b"\nab\x08c\r\nd\x1a");
        assert_eq!(last, Typed::Done);
        assert_eq!(entry.text().unwrap(), "ac\nd");
        assert_eq!(typed(Mode::Text, b"ab\x1b").1, Typed::GivenUp);
    }

    #[test]
    fn more_than_there_is_room_for_is_no_text() {
        let (entry, _) = typed(Mode::Text, &vec![b'x'; ENTRY + 1]);
        assert_eq!(entry.text(), None);
    }
}
