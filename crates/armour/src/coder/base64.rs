//! Base64 in lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::lines::{Lines, name};
use super::{DecodeError, Told};

/// Bytes in a line of 76 characters.
const LINE: usize = 57;

/// Writes base64 in lines of 76.
#[derive(Debug, Default)]
pub struct Encoder {
    line: Vec<u8>,
}

impl Encoder {
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            self.line.push(byte);
            if self.line.len() == LINE {
                self.put_line(out);
            }
        }
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        if !self.line.is_empty() {
            self.put_line(out);
        }
    }

    fn put_line(&mut self, out: &mut Vec<u8>) {
        out.extend(STANDARD.encode(&self.line).as_bytes());
        out.push(b'\n');
        self.line.clear();
    }
}

/// Reads base64 in lines of any length, plain or between `begin-base64` and `====` as uuencode -m writes it.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Lines,
    /// Up to three characters of a group that is begun.
    group: Vec<u8>,
    state: State,
    told: Told,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Bare,
    /// Behind `begin-base64`.
    Framed,
    /// A padded group was there: nothing follows.
    Padded,
    /// Padded, behind `begin-base64`.
    FramedPadded,
    /// `====` was there.
    After,
}

impl Decoder {
    pub(super) fn push(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        while !text.is_empty() {
            let Some(line) = self.lines.next(&mut text) else { break };
            self.line(&line, out)?;
        }
        self.lines.bounded()
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<Told, DecodeError> {
        if let Some(line) = self.lines.last() {
            self.line(&line, out)?;
        }
        let whole = match self.state {
            State::Bare | State::Padded => self.group.is_empty(),
            State::Framed | State::FramedPadded => false,
            State::After => true,
        };
        if whole { Ok(self.told) } else { Err(DecodeError::Cut { line: self.lines.number }) }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        self.lines.bounded()?;
        if self.state == State::After {
            self.told.others += u64::from(line.starts_with(b"begin-base64 "));
            return Ok(());
        }
        if self.lines.number == 1
            && let Some(rest) = line.strip_prefix(b"begin-base64 ")
        {
            self.state = State::Framed;
            let file = rest.splitn(2, |byte| *byte == b' ').nth(1);
            self.told.name = file.and_then(|file| name(file.trim_ascii()));
            return Ok(());
        }
        let framed = matches!(self.state, State::Framed | State::FramedPadded);
        if framed && line.trim_ascii() == b"====" && self.group.is_empty() {
            self.state = State::After;
            return Ok(());
        }
        for &byte in line.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            self.character(byte, out)?;
        }
        Ok(())
    }

    fn character(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let wrong = DecodeError::Character { line: self.lines.number, byte };
        if matches!(self.state, State::Padded | State::FramedPadded) {
            return Err(wrong);
        }
        self.group.push(byte);
        if self.group.len() < 4 {
            return Ok(());
        }
        STANDARD.decode_vec(&self.group, out).map_err(|_| wrong)?;
        if byte == b'=' {
            self.state = match self.state {
                State::Framed => State::FramedPadded,
                _ => State::Padded,
            };
        }
        self.group.clear();
        Ok(())
    }
}
