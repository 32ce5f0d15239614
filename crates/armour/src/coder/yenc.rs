//! yEnc.

use super::lines::{Lines, name};
use super::{DecodeError, EncodeError, Facts, Told};
use crate::crc::crc32;

/// Characters after which a line ends.
const LINE: usize = 128;

/// Writes yEnc in one part.
#[derive(Debug)]
pub struct Encoder {
    head: Vec<u8>,
    /// The byte that is last so far: whether it ends a line isn't known yet.
    last: Option<u8>,
    column: usize,
    size: u64,
    found: u64,
    crc: u32,
}

impl Encoder {
    pub(super) fn new(facts: &Facts) -> Self {
        let head = format!("=ybegin line={LINE} size={} name={}\r\n", facts.size, facts.name);
        let head = head.into_bytes();
        Self { head, last: None, column: 0, size: facts.size, found: 0, crc: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.append(&mut self.head);
        self.found += bytes.len() as u64;
        if self.found > self.size {
            return Err(EncodeError::Size { said: self.size, found: self.found });
        }
        self.crc = crc32(self.crc, bytes);
        for &byte in bytes {
            if let Some(last) = self.last.replace(byte) {
                self.put(last, Place::Before, out);
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.append(&mut self.head);
        if self.found != self.size {
            return Err(EncodeError::Size { said: self.size, found: self.found });
        }
        if let Some(last) = self.last.take() {
            self.put(last, Place::Last, out);
        }
        if self.column > 0 {
            out.extend(b"\r\n");
        }
        out.extend(format!("=yend size={} crc32={:08x}\r\n", self.size, self.crc).as_bytes());
        Ok(())
    }

    fn put(&mut self, byte: u8, place: Place, out: &mut Vec<u8>) {
        let value = byte.wrapping_add(42);
        let first = self.column == 0;
        let last = place == Place::Last || self.column + 1 == LINE;
        let escaped = match value {
            0 | b'\n' | b'\r' | b'=' => true,
            // Blanks at the edges of lines get lost, and a dot at their beginning is doubled.
            b'\t' | b' ' => first || last,
            b'.' => first,
            _ => false,
        };
        if escaped {
            out.extend([b'=', value.wrapping_add(64)]);
            self.column += 2;
        } else {
            out.push(value);
            self.column += 1;
        }
        if self.column >= LINE {
            out.extend(b"\r\n");
            self.column = 0;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    Last,
}

/// Reads yEnc: a file in one part, or all of its parts one behind the other.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    state: State,
    /// Of the part that is read, or of the file if it has only one.
    part: Stretch,
    file: Stretch,
    told: Told,
}

/// Bytes in a row, and what they must come to.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    size: u64,
    found: u64,
    crc: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Before,
    Inside(Parts),
    /// A part is whole, and isn't the last one.
    Between,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    One,
    Several,
}

impl Decoder {
    pub(super) fn push(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        while !text.is_empty() {
            let Some(line) = self.lines.next(&mut text) else { break };
            self.line(&line, out)?;
        }
        if matches!(self.state, State::Inside(_)) { self.lines.bounded() } else { Ok(()) }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<Told, DecodeError> {
        if let Some(line) = self.lines.last() {
            self.line(&line, out)?;
        }
        match self.state {
            State::Before => Err(DecodeError::NoBegin("yEnc: `=ybegin line=128 size=… name=…`")),
            State::Inside(_) => Err(DecodeError::Cut { line: self.lines.number }),
            State::Between => {
                Err(DecodeError::Parts { found: self.file.found, size: self.file.size })
            }
            State::After => Ok(self.told),
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let begin = line.strip_prefix(b"=ybegin ");
        match (self.state, begin) {
            (State::After, Some(_)) => self.told.others += 1,
            (State::Before | State::Between, Some(head)) => self.begin(head)?,
            (State::Before | State::Between | State::After, None) => {}
            (State::Inside(parts), _) => {
                if let Some(place) = line.strip_prefix(b"=ypart ") {
                    self.place(place)?;
                } else if let Some(end) = line.strip_prefix(b"=yend ") {
                    self.end(end, parts)?;
                } else {
                    self.data(line, out)?;
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, head: &[u8]) -> Result<(), DecodeError> {
        let wrong = |what| DecodeError::Line { line: self.lines.number, what };
        let size = number(head, b"size=").ok_or(wrong("it doesn't say its size"))?;
        let name = after(head, b"name=").and_then(|file| name(file.trim_ascii()));
        if self.state == State::Between && (size, &name) != (self.file.size, &self.told.name) {
            return Err(wrong("another file begins before all parts of this one were there"));
        }
        self.part = Stretch { size, ..Stretch::default() };
        self.file.size = size;
        self.told.name = name;
        // The name is the last thing there, and may be anything.
        let several = head.starts_with(b"part=");
        self.state = State::Inside(if several { Parts::Several } else { Parts::One });
        Ok(())
    }

    fn place(&mut self, place: &[u8]) -> Result<(), DecodeError> {
        let what = "it doesn't say which part it is";
        let wrong = DecodeError::Line { line: self.lines.number, what };
        let (begin, end) =
            number(place, b"begin=").zip(number(place, b"end=")).ok_or(wrong.clone())?;
        let (expected, size) = (self.file.found + 1, self.file.size);
        if begin != expected {
            return Err(DecodeError::Part { begins: begin, expected, size });
        }
        self.part.size = (end + 1).checked_sub(begin).filter(|_| end <= size).ok_or(wrong)?;
        self.state = State::Inside(Parts::Several);
        Ok(())
    }

    fn end(&mut self, end: &[u8], parts: Parts) -> Result<(), DecodeError> {
        let Stretch { size, found, crc } = self.part;
        let said = number(end, b"size=").unwrap_or(size);
        if said != found || size != found {
            let said = if said == found { size } else { said };
            return Err(DecodeError::Size { said, found });
        }
        let own = check(end, b"pcrc32=");
        let whole = check(end, b"crc32=");
        let fits = |said: Option<Option<u32>>, crc| said.is_none_or(|said| said == Some(crc));
        let last = self.file.found >= self.file.size;
        if !fits(own, crc) || (parts == Parts::One || last) && !fits(whole, self.file.crc) {
            return Err(DecodeError::Check { what: "its data" });
        }
        self.state = if parts == Parts::One || last { State::After } else { State::Between };
        Ok(())
    }

    fn data(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let start = out.len();
        let mut bytes = line.iter().copied();
        while let Some(byte) = bytes.next() {
            let value = match byte {
                b'=' => {
                    let what = "it ends in the middle of a character";
                    let escaped = bytes.next();
                    let line = self.lines.number;
                    escaped.ok_or(DecodeError::Line { line, what })?.wrapping_sub(64)
                }
                byte => byte,
            };
            out.push(value.wrapping_sub(42));
        }
        let fresh = out.get(start..).unwrap_or_default();
        for stretch in [&mut self.part, &mut self.file] {
            stretch.crc = crc32(stretch.crc, fresh);
            stretch.found += fresh.len() as u64;
            if stretch.found > stretch.size {
                return Err(DecodeError::Size { said: stretch.size, found: stretch.found });
            }
        }
        Ok(())
    }
}

/// A check among what a line says, and whether it is a number at all.
fn check(line: &[u8], key: &[u8]) -> Option<Option<u32>> {
    let mut words = line.split(|byte| *byte == b' ');
    words.find_map(|word| word.strip_prefix(key)).map(hexadecimal)
}

/// What stands behind a key.
fn after<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = line.windows(key.len()).position(|window| window == key)?;
    line.get(at + key.len()..)
}

fn number(line: &[u8], key: &[u8]) -> Option<u64> {
    let digits = after(line, key)?.iter().take_while(|byte| byte.is_ascii_digit());
    let mut any = None;
    for digit in digits {
        let value: u64 = any.unwrap_or(0);
        any = Some(value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    // More would overflow where sizes are added.
    any.filter(|number| *number < u64::MAX / 2)
}

fn hexadecimal(text: &[u8]) -> Option<u32> {
    let digits: Vec<u8> = text.iter().copied().take_while(u8::is_ascii_hexdigit).take(9).collect();
    u32::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
}
