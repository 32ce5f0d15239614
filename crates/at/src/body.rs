//! From a command line to commands.
//!
//! [`commands`] walks through the body of a line, left to right, and stops at the first thing it
//! can't read: whoever executes the commands as they come has then done what stood before it, as
//! V.250 wants. Spaces count for nothing outside quotes.
//!
//! What ends a line does so here: after `A`, `O` and `Z` nothing more is read, and `D` takes
//! everything up to a `;` outside quotes and brackets.

mod cursor;
mod extended;
mod prefix;
mod syntax;
mod values;

use std::borrow::Cow;

use crate::dial;
use cursor::Cursor;

pub use prefix::{Mark, Prefix};
pub use syntax::Syntax;
pub use values::{Value, Values};

/// How closely a line must keep to V.250.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Reading {
    /// What equipment in the field sends is read as it was meant: `ATE=1` is `ATE1`, and an
    /// extended command needs no `;` where its end can be seen (`+FCLASS=0S37=0`, `+MS=B212 S0=1`).
    #[default]
    Lenient,
    /// `;` is required after an extended command that isn't the last, and forbidden elsewhere.
    Strict,
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `E0`, `&C1`, `\N3`: the letter in upper case, and the number if one was given. A missing
    /// number means 0.
    Basic {
        /// What stood before the letter.
        prefix: Option<Prefix>,
        /// `A` to `Z`.
        letter: u8,
        /// What stood behind it.
        number: Option<u32>,
    },
    /// An S register. No number: the one that was selected last (`AT?`, `AT=5`).
    Register {
        /// Saturates at [`u16::MAX`]: there is no such register, and no need to tell them apart.
        number: Option<u16>,
        /// What is to be done with it.
        act: RegisterAct<'a>,
    },
    /// `&Z3=text`: put a telephone number away. Empty erases. Quotes are gone.
    StoreNumber {
        /// Saturates like the number of a register.
        slot: u16,
        /// The number, name or address.
        text: Cow<'a, str>,
    },
    /// `&Z3?`: show a stored telephone number.
    ReadNumber {
        /// Which.
        slot: u16,
    },
    /// `+NAME…`
    Extended {
        /// In upper case, without the `+`.
        name: Cow<'a, str>,
        /// What is to be done with it.
        act: ExtendedAct<'a>,
    },
    /// `#CID=1`, `*ENQ`, `-J1`: a maker's own command. A number directly behind the name is a value
    /// (`#CID1` is `#CID=1`) unless `=` or `?` follows it (`-V90=1` is about `V90`).
    Vendor {
        /// What stood before the name.
        mark: Mark,
        /// In upper case; empty for `AT@` alone.
        name: Cow<'a, str>,
        /// What is to be done with it.
        act: ExtendedAct<'a>,
    },
    /// `D`: what follows it, with the `;` that ends it if there is one. [`dial::Dial::parse`] reads
    /// it.
    Dial(&'a [u8]),
    /// `$`, `&$`, `D$`, `S$`: a list of commands, in the manner of U.S. Robotics.
    Help(Help),
}

/// What to do with an S register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterAct<'a> {
    /// `S7`: select it for `?` and `=`.
    Select,
    /// `S7?`
    Read,
    /// `S7=?`
    Test,
    /// `S7=60`; `S7=` sets 0.
    Set(u32),
    /// `S53=10.0.0.5/3001` or `S53="…"`: some makers keep an address in a register.
    SetText(Cow<'a, str>),
}

/// What to do with an extended command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtendedAct<'a> {
    /// `+NAME`
    Execute,
    /// `+NAME?`
    Read,
    /// `+NAME=?`
    Test,
    /// `+NAME=…`
    Set(Values<'a>),
}

/// Which commands are to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Help {
    /// `$`
    Basic,
    /// `&$`
    Ampersand,
    /// `D$`
    Dial,
    /// `S$`
    Registers,
}

/// The commands of a line, in order; after an error there are no more.
///
/// ```
/// use at::body::{Command, Prefix, Reading, RegisterAct, commands};
///
/// let line: Vec<_> = commands(b"&C1 S7=70 DT host;", Reading::Lenient).collect();
/// assert_eq!(
///     line,
///     [
///         Ok(Command::Basic { prefix: Some(Prefix::Ampersand), letter: b'C', number: Some(1) }),
///         Ok(Command::Register { number: Some(7), act: RegisterAct::Set(70) }),
///         Ok(Command::Dial(b"T host;")),
///     ]
/// );
/// ```
pub fn commands(body: &[u8], reading: Reading) -> Commands<'_> {
    Commands { cursor: Cursor::new(body), reading }
}

/// See [`commands`].
#[derive(Clone, Debug)]
pub struct Commands<'a> {
    cursor: Cursor<'a>,
    reading: Reading,
}

impl<'a> Iterator for Commands<'a> {
    type Item = Result<Command<'a>, Syntax>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.first_of_command()?;
        let command = self.command(first);
        if command.is_err() {
            self.cursor.finish();
        }
        Some(command)
    }
}

impl std::iter::FusedIterator for Commands<'_> {}

impl<'a> Commands<'a> {
    fn first_of_command(&mut self) -> Option<u8> {
        if self.reading == Reading::Lenient {
            while self.cursor.eat(b';') {}
        }
        self.cursor.take()
    }

    fn command(&mut self, first: u8) -> Result<Command<'a>, Syntax> {
        if let Some(prefix) = Prefix::from_byte(first) {
            return self.prefixed(prefix);
        }
        if let Some(mark) = Mark::from_byte(first) {
            return self.vendor(mark);
        }
        match first.to_ascii_uppercase() {
            b'+' => self.extended(),
            b'S' => self.register(),
            b'D' => Ok(self.dial()),
            b'?' => Ok(Command::Register { number: None, act: RegisterAct::Read }),
            b'=' => Ok(Command::Register { number: None, act: self.register_value()? }),
            letter @ (b'A' | b'O' | b'Z') => {
                let command = self.basic(None, letter);
                self.cursor.finish();
                command
            }
            letter @ b'A'..=b'Z' => self.basic(None, letter),
            _ => Err(Syntax::Unexpected(first)),
        }
    }

    fn prefixed(&mut self, prefix: Prefix) -> Result<Command<'a>, Syntax> {
        if prefix == Prefix::Ampersand && self.cursor.eat(b'$') {
            return Ok(Command::Help(Help::Ampersand));
        }
        match self.cursor.take().map(|byte| byte.to_ascii_uppercase()) {
            Some(b'Z') if prefix == Prefix::Ampersand => self.telephone_number(),
            Some(letter @ b'A'..=b'Z') => self.basic(Some(prefix), letter),
            Some(other) => Err(Syntax::Unexpected(other)),
            None => Err(Syntax::MissingName),
        }
    }

    /// A `?` or `=` behind a letter that has no use for it would be about a register if it were read
    /// by itself: whoever typed `ATE?` doesn't want his echo off and a register shown.
    fn basic(&mut self, prefix: Option<Prefix>, letter: u8) -> Result<Command<'a>, Syntax> {
        let mut number = self.cursor.number()?;
        if number.is_none() && self.reading == Reading::Lenient && self.cursor.eat(b'=') {
            number = self.cursor.number()?;
            if number.is_none() {
                return Err(Syntax::Unexpected(b'='));
            }
        }
        match self.cursor.peek() {
            Some(misread @ (b'=' | b'?')) => Err(Syntax::Unexpected(misread)),
            _ => Ok(Command::Basic { prefix, letter, number }),
        }
    }

    fn telephone_number(&mut self) -> Result<Command<'a>, Syntax> {
        let number = self.cursor.saturating_number();
        let slot = number.unwrap_or(0);
        if self.cursor.eat(b'?') {
            Ok(Command::ReadNumber { slot })
        } else if !self.cursor.eat(b'=') {
            let number = number.map(u32::from);
            Ok(Command::Basic { prefix: Some(Prefix::Ampersand), letter: b'Z', number })
        } else if self.cursor.peek() == Some(b'"') {
            Ok(Command::StoreNumber { slot, text: self.cursor.quoted()? })
        } else {
            let text = String::from_utf8_lossy(self.cursor.rest().trim_ascii());
            self.cursor.finish();
            Ok(Command::StoreNumber { slot, text })
        }
    }

    fn register(&mut self) -> Result<Command<'a>, Syntax> {
        if self.cursor.eat(b'$') {
            return Ok(Command::Help(Help::Registers));
        }
        let number = Some(self.cursor.saturating_number().unwrap_or(0));
        let act = if self.cursor.eat(b'?') {
            RegisterAct::Read
        } else if self.cursor.eat(b'=') {
            self.register_value()?
        } else {
            RegisterAct::Select
        };
        Ok(Command::Register { number, act })
    }

    fn register_value(&mut self) -> Result<RegisterAct<'a>, Syntax> {
        if self.cursor.eat(b'?') {
            return Ok(RegisterAct::Test);
        }
        if self.cursor.peek() == Some(b'"') {
            return Ok(RegisterAct::SetText(self.cursor.quoted()?));
        }
        match self.cursor.dotted() {
            Some(address) => Ok(RegisterAct::SetText(address)),
            None => Ok(RegisterAct::Set(self.cursor.number()?.unwrap_or(0))),
        }
    }

    fn dial(&mut self) -> Command<'a> {
        let (dialled, after) = dial::split(self.cursor.rest());
        self.cursor = Cursor::new(after);
        match dialled.trim_ascii() {
            b"$" => Command::Help(Help::Dial),
            _ => Command::Dial(dialled),
        }
    }
}

#[cfg(test)]
mod tests;
