//! What can be wrong with a command line.

use std::fmt;

use crate::limits::{NAME_MAX, NUMBER_MAX};

/// Why a command line, or the rest of one, can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A character that can't stand where it stands.
    Unexpected(u8),
    /// `AT&`, `AT+`: a prefix with nothing behind it.
    MissingName,
    /// A name longer than [`NAME_MAX`].
    NameTooLong,
    /// A number greater than [`NUMBER_MAX`].
    NumberTooBig,
    /// A quote that isn't closed.
    UnclosedQuote,
    /// Strict reading only: an extended command runs into the next one.
    MissingSemicolon,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(byte) => write!(f, "'{}' is out of place", byte.escape_ascii()),
            Self::MissingName => f.write_str("the name of a command is missing"),
            Self::NameTooLong => write!(f, "a name is longer than {NAME_MAX} characters"),
            Self::NumberTooBig => write!(f, "a number is greater than {NUMBER_MAX}"),
            Self::UnclosedQuote => f.write_str("a quote is not closed"),
            Self::MissingSemicolon => f.write_str("a ';' is missing after an extended command"),
        }
    }
}

impl std::error::Error for Syntax {}
