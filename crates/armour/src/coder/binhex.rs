//! BinHex 4.0.

use super::lines::name;
use super::{DecodeError, EncodeError, Facts, Told};
use crate::crc::xmodem;
use crate::limits;

const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
const BANNER: &[u8] = b"(This file must be converted with BinHex 4.0)\n\n:";
/// What a reader looks for: the version isn't always said in the same way.
const SIGN: &[u8] = b"(This file must be converted with BinHex";
const LINE: usize = 64;
/// Marks a repetition.
const REPEAT: u8 = 0x90;

/// Writes BinHex with an empty resource fork.
#[derive(Debug)]
pub struct Encoder {
    text: Text,
    size: u64,
    found: u64,
    crc: u16,
}

impl Encoder {
    pub(super) fn new(facts: &Facts) -> Result<Self, EncodeError> {
        let name = facts.name.as_bytes();
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        if name.len() > limits::BINHEX_NAME {
            return Err(EncodeError::Name(facts.name.clone()));
        }
        let size = u32::try_from(facts.size).map_err(|_| EncodeError::Large(facts.size))?;
        let mut head = vec![length];
        head.extend(name);
        head.push(0);
        head.extend(facts.kind);
        head.extend(facts.creator);
        head.extend([0, 0]);
        head.extend(size.to_be_bytes());
        head.extend([0; 4]);
        head.extend(xmodem(0, &head).to_be_bytes());
        let mut text = Text::default();
        text.out.extend(BANNER);
        text.column = 1;
        text.put(&head);
        Ok(Self { text, size: facts.size, found: 0, crc: 0 })
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.found += bytes.len() as u64;
        if self.found > self.size {
            return Err(EncodeError::Size { said: self.size, found: self.found });
        }
        self.crc = xmodem(self.crc, bytes);
        self.text.put(bytes);
        out.append(&mut self.text.out);
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.found != self.size {
            return Err(EncodeError::Size { said: self.size, found: self.found });
        }
        self.text.put(&self.crc.to_be_bytes());
        self.text.put(&[0, 0]);
        self.text.end();
        out.append(&mut self.text.out);
        Ok(())
    }
}

/// Repetitions, six bits, lines.
#[derive(Debug, Default)]
struct Text {
    /// The byte that is repeated, and how often so far.
    run: Option<(u8, u8)>,
    bits: u32,
    /// Bits that wait: 0, 2 or 4.
    waiting: u8,
    column: usize,
    out: Vec<u8>,
}

impl Text {
    fn put(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match &mut self.run {
                Some((repeated, count @ 0..=254)) if *repeated == byte => *count += 1,
                _ => {
                    self.end_run();
                    self.run = Some((byte, 1));
                }
            }
        }
    }

    fn end_run(&mut self) {
        let Some((byte, count)) = self.run.take() else { return };
        let literal: &[u8] = if byte == REPEAT { &[REPEAT, 0] } else { &[byte] };
        // Three bytes for a run are no gain before its fourth.
        if count > 3 {
            literal.iter().chain(&[REPEAT, count]).for_each(|byte| self.byte(*byte));
        } else {
            (0..count).for_each(|_| literal.iter().for_each(|byte| self.byte(*byte)));
        }
    }

    fn byte(&mut self, byte: u8) {
        self.bits = self.bits << 8 | u32::from(byte);
        self.waiting += 8;
        while self.waiting >= 6 {
            self.waiting -= 6;
            self.character((self.bits >> self.waiting & 0x3f) as usize);
        }
        self.bits &= 0x3f;
    }

    fn character(&mut self, value: usize) {
        self.turn();
        self.out.extend(ALPHABET.get(value));
        self.column += 1;
    }

    fn turn(&mut self) {
        if self.column == LINE {
            self.out.push(b'\n');
            self.column = 0;
        }
    }

    fn end(&mut self) {
        self.end_run();
        if self.waiting > 0 {
            self.character((self.bits << (6 - self.waiting) & 0x3f) as usize);
        }
        self.turn();
        self.out.extend(b":\n");
    }
}

/// Reads BinHex.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    line: u64,
    /// The byte before this one.
    before: u8,
    sign: usize,
    bits: u32,
    waiting: u8,
    repeat: Repeat,
    last: Option<u8>,
    part: Part,
    /// What has been collected of the header, and of a part's check.
    head: Vec<u8>,
    check: Vec<u8>,
    crc: u16,
    left: u64,
    data: u32,
    resource: u32,
    told: Told,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Looking for the sign.
    #[default]
    Before,
    /// Looking for the colon, at the beginning of a line.
    Signed,
    Inside,
    After,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Repeat {
    #[default]
    No,
    /// A mark was there: the next byte counts.
    Marked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Head,
    Data,
    Resource,
    Done,
}

impl Decoder {
    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        for &byte in text {
            if byte == b'\n' || byte == b'\r' {
                self.line += u64::from(byte == b'\n');
            }
            match self.state {
                State::Before => {
                    if self.look(byte) {
                        self.state = State::Signed;
                    }
                }
                State::Signed if byte == b':' && matches!(self.before, b'\n' | b'\r') => {
                    self.state = State::Inside;
                }
                State::After => self.told.others += u64::from(self.look(byte)),
                State::Signed => {}
                State::Inside => self.character(byte, out)?,
            }
            self.before = byte;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Told, DecodeError> {
        match (self.state, self.part) {
            (State::Before | State::Signed, _) => Err(DecodeError::NoBegin(
                "BinHex 4.0: `(This file must be converted with BinHex 4.0)`",
            )),
            (_, Part::Done) => Ok(self.told),
            _ => Err(DecodeError::Cut { line: self.line }),
        }
    }

    /// Whether the sign ends here.
    fn look(&mut self, byte: u8) -> bool {
        self.sign = match SIGN.get(self.sign) {
            Some(wanted) if *wanted == byte => self.sign + 1,
            _ => usize::from(byte == b'('),
        };
        let whole = self.sign == SIGN.len();
        if whole {
            self.sign = 0;
        }
        whole
    }

    fn character(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match byte {
            b':' => {
                self.state = State::After;
                return Ok(());
            }
            b'\n' | b'\r' | b'\t' | b' ' => return Ok(()),
            _ => {}
        }
        let value = ALPHABET.iter().position(|known| *known == byte);
        let line = self.line + 1;
        let value = value.ok_or(DecodeError::Character { line, byte })?;
        self.bits = self.bits << 6 | u32::try_from(value).unwrap_or_default();
        self.waiting += 6;
        if self.waiting >= 8 {
            self.waiting -= 8;
            let [.., byte] = (self.bits >> self.waiting).to_be_bytes();
            self.bits &= 0xff;
            self.packed(byte, out)?;
        }
        Ok(())
    }

    /// A byte before repetitions are written out.
    fn packed(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match (self.repeat, byte) {
            (Repeat::No, REPEAT) => self.repeat = Repeat::Marked,
            (Repeat::No, byte) => {
                self.last = Some(byte);
                self.plain(byte, out)?;
            }
            (Repeat::Marked, 0) => {
                self.repeat = Repeat::No;
                self.last = Some(REPEAT);
                self.plain(REPEAT, out)?;
            }
            (Repeat::Marked, count) => {
                self.repeat = Repeat::No;
                let what = "it repeats what isn't there";
                let last = self.last.ok_or(DecodeError::Line { line: self.line + 1, what })?;
                for _ in 1..count {
                    self.plain(last, out)?;
                }
            }
        }
        Ok(())
    }

    fn plain(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match self.part {
            Part::Head => return self.head(byte),
            // What fills up the last character.
            Part::Done => return Ok(()),
            Part::Data | Part::Resource => {}
        }
        if self.left > 0 {
            self.left -= 1;
            self.crc = xmodem(self.crc, &[byte]);
            if self.part == Part::Data {
                out.push(byte);
            }
            return Ok(());
        }
        self.check.push(byte);
        if let [high, low] = *self.check {
            let what = if self.part == Part::Data { "its data" } else { "its resource fork" };
            if u16::from_be_bytes([high, low]) != self.crc {
                return Err(DecodeError::Check { what });
            }
            self.check.clear();
            self.crc = 0;
            self.left = u64::from(self.resource);
            self.part = match self.part {
                Part::Data => Part::Resource,
                _ => Part::Done,
            };
        }
        Ok(())
    }

    fn head(&mut self, byte: u8) -> Result<(), DecodeError> {
        self.head.push(byte);
        let length = usize::from(self.head.first().copied().unwrap_or_default());
        if !(1..=limits::BINHEX_NAME).contains(&length) {
            let what = "its name has no length of 1 to 63";
            return Err(DecodeError::Line { line: self.line + 1, what });
        }
        // Name, NUL, type, creator, flags, two lengths, check.
        let Some((&[.., d0, d1, d2, d3, r0, r1, r2, r3], check)) = self
            .head
            .get(..length + 22)
            .filter(|head| head.len() == self.head.len())
            .and_then(|head| head.split_last_chunk::<2>())
            .and_then(|(head, check)| Some((head.last_chunk::<18>()?, check)))
        else {
            return Ok(());
        };
        let covered = self.head.get(..length + 20).unwrap_or_default();
        if xmodem(0, covered) != u16::from_be_bytes(*check) {
            return Err(DecodeError::Check { what: "its header" });
        }
        self.told.name = self.head.get(1..=length).and_then(name);
        self.data = u32::from_be_bytes([d0, d1, d2, d3]);
        self.resource = u32::from_be_bytes([r0, r1, r2, r3]);
        self.told.resource = u64::from(self.resource);
        self.left = u64::from(self.data);
        self.part = Part::Data;
        Ok(())
    }
}
