//! What stands behind `=` in an extended command.

use std::borrow::Cow;

use super::cursor::is_blank;
use super::{Reading, Syntax};
use crate::limits::NUMBER_MAX;

/// The values behind `=`, separated by commas: always at least one, though it may be omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values<'a> {
    raw: &'a [u8],
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing between the commas: what is set stays.
    Omitted,
    /// Decimal digits.
    Number(u32),
    /// Anything else without quotes: `V34`, `2.0`, hexadecimal digits, a number too great to be
    /// one.
    Word(Cow<'a, str>),
    /// What stood in quotes.
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// The number, if it is a decimal one.
    pub const fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The same digits read as hexadecimal: V.250 leaves it to each command which it takes.
    pub fn hexadecimal(&self) -> Option<u32> {
        let digits = match self {
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Word(word) => Cow::Borrowed(word.as_ref()),
            Self::Omitted | Self::Text(_) => return None,
        };
        // A sign is taken by the standard library, not by us.
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| u32::from_str_radix(&digits, 16).ok()).flatten()
    }

    /// The text, in quotes or not.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Text(text) => Some(text),
            Self::Omitted | Self::Number(_) => None,
        }
    }
}

impl<'a> Values<'a> {
    /// Reads values that fill all of `raw`, as they stand behind an `=`.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Syntax> {
        let length = length(raw, Reading::Strict)?;
        match raw.get(length) {
            None => Ok(Self { raw }),
            Some(&byte) => Err(Syntax::Unexpected(byte)),
        }
    }

    /// `raw` has been measured by [`length`] or is digits.
    pub(super) const fn measured(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The values as they were written.
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        Pieces { rest: Some(self.raw) }.map(value)
    }

    /// The value if there is exactly one.
    pub fn single(&self) -> Option<Value<'a>> {
        let mut values = self.iter();
        let only = values.next()?;
        values.next().is_none().then_some(only)
    }
}

/// What stands between commas outside quotes.
struct Pieces<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let mut quoted = false;
        let comma = rest.iter().position(|&byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        });
        match comma.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) {
            Some((piece, after)) => {
                self.rest = Some(after);
                Some(piece)
            }
            None => Some(rest),
        }
    }
}

fn value(piece: &[u8]) -> Value<'_> {
    let piece = trim_blanks(piece);
    if let Some(inside) = piece.strip_prefix(b"\"") {
        return Value::Text(unescape(inside.strip_suffix(b"\"").unwrap_or(inside)));
    }
    let word = without_blanks(piece);
    if word.is_empty() {
        return Value::Omitted;
    }
    let number = word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok());
    match number.flatten() {
        Some(number) if number <= NUMBER_MAX => Value::Number(number),
        _ => Value::Word(word),
    }
}

fn trim_blanks(mut piece: &[u8]) -> &[u8] {
    while let Some((_, rest)) = piece.split_first().filter(|(first, _)| is_blank(**first)) {
        piece = rest;
    }
    while let Some((_, rest)) = piece.split_last().filter(|(last, _)| is_blank(**last)) {
        piece = rest;
    }
    piece
}

fn without_blanks(piece: &[u8]) -> Cow<'_, str> {
    if piece.iter().any(|&byte| is_blank(byte)) {
        let kept: Vec<u8> = piece.iter().copied().filter(|&byte| !is_blank(byte)).collect();
        Cow::Owned(String::from_utf8_lossy(&kept).into_owned())
    } else {
        String::from_utf8_lossy(piece)
    }
}

/// Puts `\hh` back into the byte it stands for. A backslash with anything else behind it stays.
pub(super) fn unescape(inside: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inside).is_none() {
        return String::from_utf8_lossy(inside);
    }
    let mut plain = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((&first, after)) = rest.split_first() {
        match (first, hex_pair(after)) {
            (b'\\', Some((byte, behind))) => {
                plain.push(byte);
                rest = behind;
            }
            _ => {
                plain.push(first);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

fn hex_pair(text: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], rest) = text.split_first_chunk::<2>()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = digit(*high)? * 16 + digit(*low)?;
    Some((byte as u8, rest))
}

/// How many bytes of `raw` are values: up to a `;`, the end, or (lenient) the next command.
pub(super) fn length(raw: &[u8], reading: Reading) -> Result<usize, Syntax> {
    let mut at = 0;
    loop {
        at += blanks(raw, at);
        if raw.get(at) == Some(&b'"') {
            let inside = raw.get(at + 1..).unwrap_or_default();
            at += memchr::memchr(b'"', inside).ok_or(Syntax::UnclosedQuote)? + 2;
        } else {
            at = word_end(raw, at, reading);
        }
        let behind = at + blanks(raw, at);
        if raw.get(behind) != Some(&b',') {
            return Ok(behind);
        }
        at = behind + 1;
    }
}

fn blanks(raw: &[u8], from: usize) -> usize {
    raw.iter().skip(from).take_while(|&&byte| is_blank(byte)).count()
}

/// The end of a value without quotes that begins at `start`.
fn word_end(raw: &[u8], start: usize, reading: Reading) -> usize {
    let mut decimal = true;
    let mut at = start;
    while let Some(&byte) = raw.get(at) {
        let after_blank = at > start && raw.get(at - 1).copied().is_some_and(is_blank);
        let ends = match byte {
            b',' | b';' | b'"' | b'=' | b'?' | b'&' | b'%' | b'\\' => true,
            b'+' | b'$' => at > start,
            _ if reading == Reading::Strict || is_blank(byte) || at == start => false,
            _ if after_blank => !byte.is_ascii_digit(),
            // Hexadecimal digits go on; any other letter behind a number is the next command.
            _ => decimal && byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit(),
        };
        if ends {
            break;
        }
        decimal &= byte.is_ascii_digit() || byte == b'.' || is_blank(byte);
        at += 1;
    }
    at
}
