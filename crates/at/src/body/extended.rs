//! Commands with a name: `+NAME` of V.250, and the makers' own.

use std::borrow::Cow;

use super::cursor::is_blank;
use super::values::{self, Values};
use super::{Command, Commands, ExtendedAct, Help, Mark, Prefix, Reading, Syntax};
use crate::limits::NAME_MAX;

impl<'a> Commands<'a> {
    pub(super) fn extended(&mut self) -> Result<Command<'a>, Syntax> {
        let name = self.name(is_name_byte)?;
        if name.is_empty() {
            return Err(self.missing_name());
        }
        let act = self.act()?;
        self.end_of_named()?;
        Ok(Command::Extended { name, act })
    }

    pub(super) fn vendor(&mut self, mark: Mark) -> Result<Command<'a>, Syntax> {
        let name = self.name(|byte| byte.is_ascii_alphabetic() || byte == b'_')?;
        if name.is_empty() {
            match mark {
                Mark::Dollar => return Ok(Command::Help(Help::Basic)),
                Mark::At => {}
                _ => return Err(self.missing_name()),
            }
        }
        let (name, act) = self.numbered(name)?;
        self.end_of_named()?;
        Ok(Command::Vendor { mark, name, act })
    }

    /// Whether digits directly behind a maker's name belong to it shows only behind them.
    fn numbered(&mut self, name: Cow<'a, str>) -> Result<(Cow<'a, str>, ExtendedAct<'a>), Syntax> {
        let digits = self.cursor.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if name.is_empty() || digits == 0 {
            return Ok((name, self.act()?));
        }
        let digits = self.cursor.advance(digits);
        if !matches!(self.cursor.peek(), Some(b'=' | b'?')) {
            return Ok((name, ExtendedAct::Set(Values::measured(digits))));
        }
        let mut name = name.into_owned();
        name.extend(digits.iter().copied().map(char::from));
        if name.len() > NAME_MAX {
            return Err(Syntax::NameTooLong);
        }
        Ok((Cow::Owned(name), self.act()?))
    }

    /// A name begins with a letter. Spaces inside it are ignored in strict reading, and end it in
    /// lenient reading, where a command may follow without `;`.
    fn name(&mut self, belongs: impl Fn(u8) -> bool) -> Result<Cow<'a, str>, Syntax> {
        if !self.cursor.peek().is_some_and(|first| first.is_ascii_alphabetic()) {
            return Ok(Cow::Borrowed(""));
        }
        let strict = self.reading == Reading::Strict;
        let within = |byte: u8| belongs(byte) || strict && is_blank(byte);
        let length = self.cursor.rest().iter().take_while(|&&byte| within(byte)).count();
        let raw = self.cursor.advance(length);
        let as_is = raw.iter().all(|byte| !byte.is_ascii_lowercase() && !is_blank(*byte));
        let name = match str::from_utf8(raw) {
            Ok(name) if as_is => Cow::Borrowed(name),
            _ => {
                let kept = raw.iter().filter(|byte| !is_blank(**byte));
                Cow::Owned(kept.map(|byte| char::from(byte.to_ascii_uppercase())).collect())
            }
        };
        if name.len() > NAME_MAX { Err(Syntax::NameTooLong) } else { Ok(name) }
    }

    fn missing_name(&mut self) -> Syntax {
        self.cursor.take().map_or(Syntax::MissingName, Syntax::Unexpected)
    }

    fn act(&mut self) -> Result<ExtendedAct<'a>, Syntax> {
        if self.cursor.eat(b'?') {
            return Ok(ExtendedAct::Read);
        }
        if !self.cursor.eat(b'=') {
            return Ok(ExtendedAct::Execute);
        }
        if self.cursor.eat(b'?') {
            return Ok(ExtendedAct::Test);
        }
        let length = values::length(self.cursor.rest(), self.reading)?;
        Ok(ExtendedAct::Set(Values::measured(self.cursor.advance(length))))
    }

    /// Behind a named command stands the end, a `;`, or in lenient reading another command. What
    /// can't begin a command, or would be about a register, shows that this one was misread.
    fn end_of_named(&mut self) -> Result<(), Syntax> {
        let Some(next) = self.cursor.peek() else { return Ok(()) };
        if self.cursor.eat(b';') {
            return Ok(());
        }
        let begins = next.is_ascii_alphabetic()
            || next == b'+'
            || Prefix::from_byte(next).is_some()
            || Mark::from_byte(next).is_some();
        match self.reading {
            _ if !begins => Err(Syntax::Unexpected(next)),
            Reading::Strict => Err(Syntax::MissingSemicolon),
            Reading::Lenient => Ok(()),
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!%-./:_".contains(&byte)
}
