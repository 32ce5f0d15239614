//! uuencode.

use super::lines::{Lines, name};
use super::{DecodeError, Facts, Told};

/// Bytes in a full line.
const LINE: usize = 45;

/// Writes uuencode as POSIX and GNU have it: a grave accent for zero.
#[derive(Debug)]
pub struct Encoder {
    head: Vec<u8>,
    line: Vec<u8>,
}

impl Encoder {
    pub(super) fn new(facts: &Facts) -> Self {
        let head = format!("begin {:o} {}\n", facts.mode & 0o7777, facts.name);
        Self { head: head.into_bytes(), line: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.append(&mut self.head);
        for &byte in bytes {
            self.line.push(byte);
            if self.line.len() == LINE {
                self.put_line(out);
            }
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        out.append(&mut self.head);
        if !self.line.is_empty() {
            self.put_line(out);
        }
        out.extend(b"`\nend\n");
    }

    fn put_line(&mut self, out: &mut Vec<u8>) {
        // Never more than 45.
        out.push(character(u8::try_from(self.line.len()).unwrap_or_default()));
        for group in self.line.chunks(3) {
            let mut bytes = group.iter().copied().chain([0, 0]);
            let mut next = || bytes.next().unwrap_or_default();
            let (a, b, c) = (next(), next(), next());
            out.extend([a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c].map(character));
        }
        out.push(b'\n');
        self.line.clear();
    }
}

const fn character(value: u8) -> u8 {
    match value & 0x3f {
        0 => b'`',
        value => value + b' ',
    }
}

/// Reads uuencode.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    state: State,
    told: Told,
    blanks: Blanks,
}

/// What stands for a zero: an encoder has one of them, and only blanks get lost at the ends of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Blanks {
    #[default]
    Unknown,
    /// Blanks, since the end of this line is missing.
    Stripped(u64),
    /// Grave accents.
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Before,
    Inside,
    /// The empty line was there.
    Ending,
    After,
}

impl Decoder {
    pub(super) fn push(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        while !text.is_empty() {
            let Some(line) = self.lines.next(&mut text) else { break };
            self.line(&line, out)?;
        }
        match self.state {
            State::Before | State::After => Ok(()),
            State::Inside | State::Ending => self.lines.bounded(),
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<Told, DecodeError> {
        if let Some(line) = self.lines.last() {
            self.line(&line, out)?;
        }
        match self.state {
            State::Before => Err(DecodeError::NoBegin("uuencode: `begin 644 name`")),
            State::Inside | State::Ending => Err(DecodeError::Cut { line: self.lines.number }),
            State::After => Ok(self.told),
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match self.state {
            State::Before => {
                if let Some((mode, name)) = begin(line) {
                    self.told = Told { name, mode: Some(mode), ..Told::default() };
                    self.state = State::Inside;
                }
            }
            State::Inside => {
                if self.data(line, out)? == 0 {
                    self.state = State::Ending;
                }
            }
            State::Ending => {
                if line.trim_ascii_end() != b"end" {
                    let what = "`end` should stand here";
                    return Err(DecodeError::Line { line: self.lines.number, what });
                }
                self.state = State::After;
            }
            State::After => self.told.others += u64::from(begin(line).is_some()),
        }
        Ok(())
    }

    /// Decodes a line, and says how many bytes it held.
    fn data(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<usize, DecodeError> {
        const SHORT: &str = "it is shorter than its first character says";
        let wrong = |what| DecodeError::Line { line: self.lines.number, what };
        let value = |byte: u8| match byte {
            b' '..=b'`' => Ok((byte - b' ') & 0x3f),
            byte => Err(DecodeError::Character { line: self.lines.number, byte }),
        };
        // Mailers strip blanks, and a blank is a zero: an empty line is the one that ends the data.
        let Some((&length, text)) = line.split_first() else { return Ok(0) };
        let length = usize::from(value(length)?);
        let needed = length.div_ceil(3) * 4;
        let (text, tail) = text.split_at(needed.min(text.len()));
        if tail.len() > 1 && !tail.trim_ascii().is_empty() {
            // One character more is the checksum of some old encoders.
            return Err(wrong("it is longer than its first character says"));
        }
        if line.contains(&b'`') {
            if let Blanks::Stripped(line) = self.blanks {
                return Err(DecodeError::Line { line, what: SHORT });
            }
            self.blanks = Blanks::Never;
        }
        // Some encoders leave out what fills up the last group.
        if text.len() < (length * 4).div_ceil(3) {
            if self.blanks == Blanks::Never || text.is_empty() && length > 3 {
                return Err(wrong(SHORT));
            }
            self.blanks = Blanks::Stripped(self.lines.number);
        }
        let mut values = text.iter().map(|byte| value(*byte));
        let mut left = length;
        while left > 0 {
            let mut next = || values.next().unwrap_or(Ok(0));
            let (a, b, c, d) = (next()?, next()?, next()?, next()?);
            let bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
            out.extend(bytes.iter().take(left));
            left = left.saturating_sub(3);
        }
        Ok(length)
    }
}

/// `begin 644 name`: the permissions and the name.
fn begin(line: &[u8]) -> Option<(u32, Option<String>)> {
    let rest = line.strip_prefix(b"begin ")?;
    let blank = rest.iter().position(|byte| *byte == b' ')?;
    let (mode, file) = rest.split_at(blank);
    if !(3..=4).contains(&mode.len()) || !mode.iter().all(|byte| matches!(byte, b'0'..=b'7')) {
        return None;
    }
    let mode = mode.iter().fold(0, |mode, digit| mode << 3 | u32::from(digit - b'0'));
    Some((mode, name(file.trim_ascii())))
}
