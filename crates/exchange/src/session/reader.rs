//! Reading a line that is typed: line ends of every kind, editing, limits.

use crate::config::Parity;
use settings::Secret;

const NUL: u8 = 0x00;
const SOH: u8 = 0x01;
const ETX: u8 = 0x03;
const BS: u8 = 0x08;
const LF: u8 = 0x0A;
const CR: u8 = 0x0D;
const XON: u8 = 0x11;
const XOFF: u8 = 0x13;
const NAK: u8 = 0x15;
const DEL: u8 = 0x7F;

/// Reads lines, one after the other.
///
/// Lines end in CR, LF, CR LF or CR NUL. A line is complete at its CR, because nobody knows whether
/// anything follows; a LF or NUL that does follow, however late, still belongs to that end.
#[derive(Debug)]
pub(super) struct Reader {
    parity: Parity,
    after_cr: AfterCr,
    /// What followed the CR of the last line that ended in one.
    habit: Option<u8>,
    /// What is typed at any prompt may be a password. Allocated by the first byte.
    line: Option<Secret>,
    length: Length,
}

/// Whether the last byte was a CR, whose line end may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterCr {
    Yes,
    No,
}

/// Whether a line has outgrown its limit; such a line stays refused, whatever is erased from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Fits,
    TooLong,
}

/// What a caller sees of what he types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    Typing,
    Nothing,
}

/// What became of a byte.
#[derive(Debug)]
pub(super) enum Read {
    More,
    Line(Result<Secret, TooLong>),
}

/// The line was longer than any that is taken.
#[derive(Debug)]
pub(super) struct TooLong;

impl Reader {
    pub(super) fn new(parity: Parity) -> Self {
        Self { parity, after_cr: AfterCr::No, habit: None, line: None, length: Length::Fits }
    }

    /// The byte that may still follow the CR of the line just read, going by the caller's habit.
    ///
    /// Only the habit can tell whether a LF after the password's CR ends the line or is the first
    /// byte of data.
    pub(super) fn late(&self) -> Option<u8> {
        match self.after_cr {
            AfterCr::Yes => self.habit,
            AfterCr::No => None,
        }
    }

    pub(super) fn push(&mut self, byte: u8, room: usize, show: Show, echo: &mut Vec<u8>) -> Read {
        let byte = if self.parity.keeps() { byte } else { byte & 0x7F };
        if self.after_cr == AfterCr::Yes {
            self.after_cr = AfterCr::No;
            self.habit = (byte == LF || byte == NUL).then_some(byte);
            if self.habit.is_some() {
                return Read::More;
            }
        }
        match byte {
            CR => {
                self.after_cr = AfterCr::Yes;
                return self.end();
            }
            LF => return self.end(),
            // Flow control and the fill of old terminals.
            NUL | SOH | XON | XOFF => {}
            BS | DEL => self.erase(show, echo),
            ETX | NAK => self.kill(show, echo),
            _ => self.add(byte, room, show, echo),
        }
        Read::More
    }

    fn add(&mut self, byte: u8, room: usize, show: Show, echo: &mut Vec<u8>) {
        let line = self.line.get_or_insert_with(|| Secret::with_room(room));
        if line.push(byte).is_err() {
            self.length = Length::TooLong;
        } else if show == Show::Typing && is_shown(byte) {
            echo.push(byte);
        }
    }

    fn erase(&mut self, show: Show, echo: &mut Vec<u8>) {
        let Some(line) = &mut self.line else { return };
        // A character of UTF-8 goes as a whole.
        while let Some(byte) = line.pop() {
            if show == Show::Typing && is_shown(byte) {
                echo.extend_from_slice(b"\x08 \x08");
            }
            if byte & 0xC0 != 0x80 {
                break;
            }
        }
    }

    fn kill(&mut self, show: Show, echo: &mut Vec<u8>) {
        while self.line.as_ref().is_some_and(|line| !line.is_empty()) {
            self.erase(show, echo);
        }
        self.length = Length::Fits;
    }

    fn end(&mut self) -> Read {
        let line = self.line.take().unwrap_or_else(|| Secret::with_room(0));
        match std::mem::replace(&mut self.length, Length::Fits) {
            Length::Fits => Read::Line(Ok(line)),
            Length::TooLong => Read::Line(Err(TooLong)),
        }
    }
}

/// Whether a byte of a line is echoed: control characters and bytes that could be half a character
/// are not.
fn is_shown(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines in `bytes`, the echo of it, and the byte that may come late.
    fn read(parity: Parity, bytes: &[u8]) -> (Vec<Option<Vec<u8>>>, Vec<u8>, Option<u8>) {
        let mut reader = Reader::new(parity);
        let (mut lines, mut echo) = (Vec::new(), Vec::new());
        for byte in bytes {
            if let Read::Line(line) = reader.push(*byte, 8, Show::Typing, &mut echo) {
                lines.push(line.ok().map(|line| line.expose().to_vec()));
            }
        }
        (lines, echo, reader.late())
    }

    fn lines(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        read(Parity::Keep, bytes).0
    }

    fn line(text: &str) -> Option<Vec<u8>> {
        Some(text.as_bytes().to_vec())
    }

    #[test]
    fn every_line_end_ends_one_line() {
        for end in ["\r", "\n", "\r\n", "\r\0"] {
            assert_eq!(
                lines(format!("a{end}b{end}").as_bytes()),
                [line("a"), line("b")],
                "{end:?}"
            );
        }
    }

    #[test]
    fn only_a_habit_makes_a_late_byte() {
        assert_eq!(read(Parity::Keep, b"a\r\nb\r").2, Some(b'\n'));
        assert_eq!(read(Parity::Keep, b"a\r\0b\r").2, Some(0));
        assert_eq!(read(Parity::Keep, b"a\rb\r").2, None);
        assert_eq!(read(Parity::Keep, b"a\nb\n").2, None);
        assert_eq!(read(Parity::Keep, b"a\r\nb\r\n").2, None);
        assert_eq!(read(Parity::Keep, b"a\r\nb\rc\r").2, None);
    }

    #[test]
    fn erasing_takes_back_what_was_shown_and_stops_at_the_prompt() {
        let (lines, echo, _) = read(Parity::Keep, b"ax\x08b\x7f\x7f\x7f\x7fq\r");
        assert_eq!(lines, [line("q")]);
        assert_eq!(echo, b"ax\x08 \x08b\x08 \x08\x08 \x08q");
    }

    #[test]
    fn killing_a_line_starts_it_anew() {
        for kill in ["\x15", "\x03"] {
            assert_eq!(lines(format!("wrong{kill}right\r").as_bytes()), [line("right")]);
            assert_eq!(lines(format!("much too long{kill}right\r").as_bytes()), [line("right")]);
        }
    }

    #[test]
    fn flow_control_and_fill_are_no_input() {
        assert_eq!(lines(b"\x13a\x11\x00b\x01\r"), [line("ab")]);
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_more_byte_does_not() {
        assert_eq!(lines(b"12345678\r123456789\rok\r"), [line("12345678"), None, line("ok")]);
    }

    #[test]
    fn a_line_that_was_too_long_stays_so() {
        assert_eq!(lines(b"123456789\x08\x08\r"), [None]);
    }

    #[test]
    fn parity_is_stripped_from_characters_and_line_ends() {
        // "rtu" CR in 7E1.
        assert_eq!(read(Parity::Strip, b"\x72\x74\xf5\x8d").0, [line("rtu")]);
    }

    #[test]
    fn a_character_of_several_bytes_is_erased_as_a_whole() {
        assert_eq!(lines("aé\x08b\r".as_bytes()), [line("ab")]);
    }
}
