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

/// Reads yEnc, one part of a file.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    state: State,
    size: u64,
    found: u64,
    crc: u32,
    told: Told,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Before,
    Inside,
    After,
}

impl Decoder {
    pub(super) fn push(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        while !text.is_empty() {
            let Some(line) = self.lines.next(&mut text) else { break };
            self.line(&line, out)?;
        }
        if self.state == State::Inside { self.lines.bounded() } else { Ok(()) }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<Told, DecodeError> {
        if let Some(line) = self.lines.last() {
            self.line(&line, out)?;
        }
        match self.state {
            State::Before => Err(DecodeError::NoBegin("yEnc: `=ybegin line=128 size=… name=…`")),
            State::Inside => Err(DecodeError::Cut { line: self.lines.number }),
            State::After => Ok(self.told),
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let wrong = |what| DecodeError::Line { line: self.lines.number, what };
        match self.state {
            State::After => {}
            State::Before => {
                let Some(head) = line.strip_prefix(b"=ybegin ") else { return Ok(()) };
                self.size = number(head, b"size=").ok_or(wrong("it doesn't say its size"))?;
                self.told.name = after(head, b"name=").and_then(|file| name(file.trim_ascii()));
                self.state = State::Inside;
            }
            State::Inside => {
                if let Some(part) = line.strip_prefix(b"=ypart ") {
                    let (begin, end) = (number(part, b"begin="), number(part, b"end="));
                    let size = begin.zip(end).and_then(|(begin, end)| (end + 1).checked_sub(begin));
                    self.size = size.ok_or(wrong("it doesn't say which part it is"))?;
                } else if let Some(end) = line.strip_prefix(b"=yend ") {
                    self.end(end)?;
                    self.state = State::After;
                } else {
                    self.data(line, out)?;
                }
            }
        }
        Ok(())
    }

    fn end(&self, end: &[u8]) -> Result<(), DecodeError> {
        let said = number(end, b"size=").unwrap_or(self.size);
        if said != self.found || self.size != self.found {
            let said = if said == self.found { self.size } else { said };
            return Err(DecodeError::Size { said, found: self.found });
        }
        // A part's own check is the one that fits what was read here.
        let check = after(end, b"pcrc32=").or_else(|| after(end, b" crc32="));
        match check.map(hexadecimal) {
            Some(Some(check)) if check == self.crc => Ok(()),
            Some(_) => Err(DecodeError::Check { what: "its data" }),
            None => Ok(()),
        }
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
        self.crc = crc32(self.crc, fresh);
        self.found += fresh.len() as u64;
        if self.found > self.size {
            return Err(DecodeError::Size { said: self.size, found: self.found });
        }
        Ok(())
    }
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
