//! A place in a line. Everything here passes over spaces, as all of the grammar does.

use std::borrow::Cow;

use super::Syntax;
use super::values::unescape;
use crate::limits::NUMBER_MAX;

#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

/// Control characters can't come from a terminal's line, but may stand in a configured one.
pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_control()
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn finish(&mut self) {
        self.rest = &[];
    }

    /// What is left, spaces and all.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes on behind the first `count` bytes of what is left, and gives those.
    pub(super) fn advance(&mut self, count: usize) -> &'a [u8] {
        let (passed, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        passed
    }

    fn skip_blanks(&mut self) {
        let blanks = self.rest.iter().take_while(|&&byte| is_blank(byte)).count();
        self.advance(blanks);
    }

    pub(super) fn peek(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.rest.first().copied()
    }

    pub(super) fn take(&mut self) -> Option<u8> {
        let next = self.peek();
        self.advance(1);
        next
    }

    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.advance(1);
        }
        found
    }

    fn decimal(&mut self) -> Option<u64> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.advance(1);
            let before: u64 = number.unwrap_or(0);
            number = Some(before.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        }
        number
    }

    pub(super) fn number(&mut self) -> Result<Option<u32>, Syntax> {
        let Some(number) = self.decimal() else { return Ok(None) };
        match u32::try_from(number) {
            Ok(number) if number <= NUMBER_MAX => Ok(Some(number)),
            _ => Err(Syntax::NumberTooBig),
        }
    }

    pub(super) fn saturating_number(&mut self) -> Option<u16> {
        self.decimal().map(|number| u16::try_from(number).unwrap_or(u16::MAX))
    }

    /// A string in quotes, from its first quote.
    pub(super) fn quoted(&mut self) -> Result<Cow<'a, str>, Syntax> {
        self.take();
        let end = memchr::memchr(b'"', self.rest).ok_or(Syntax::UnclosedQuote)?;
        let inside = self.advance(end);
        self.advance(1);
        Ok(unescape(inside))
    }

    /// Digits with dots between them and whatever follows up to a space or `;`: an address. Nothing
    /// is passed if there is no dot.
    pub(super) fn dotted(&mut self) -> Option<Cow<'a, str>> {
        self.skip_blanks();
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || self.rest.get(digits) != Some(&b'.') {
            return None;
        }
        let end = self.rest.iter().take_while(|&&byte| !is_blank(byte) && byte != b';').count();
        Some(String::from_utf8_lossy(self.advance(end)))
    }
}
