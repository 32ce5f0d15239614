//! What goes wrong.

use thiserror::Error;

/// Why a file can't be armoured.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// No name for it.
    #[error("{0:?} is no name for a file: one to 255 printable characters (63 in BinHex)")]
    Name(String),
    /// It isn't as long as was said, and its length stands at its front.
    #[error("it has {found} bytes instead of {said}: it has changed meanwhile")]
    Size {
        /// What was said.
        said: u64,
        /// What came.
        found: u64,
    },
    /// Lengths have 32 bits.
    #[error("BinHex has no room for {0} bytes: at most 4294967295")]
    Large(u64),
}

/// Why a text is no armoured file, or a damaged one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It doesn't begin.
    #[error("nothing in it begins like {0}")]
    NoBegin(&'static str),
    /// It doesn't end.
    #[error("it ends in the middle, after line {line}")]
    Cut {
        /// The last line there is.
        line: u64,
    },
    /// A character that none of its lines has.
    #[error("line {line}: {byte:02X} is no character of it")]
    Character {
        /// Where.
        line: u64,
        /// What stands there.
        byte: u8,
    },
    /// A line that can't be.
    #[error("line {line}: {what}")]
    Line {
        /// Where.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A check that doesn't fit.
    #[error("the check of {what} is wrong: it was damaged on its way")]
    Check {
        /// What it checks.
        what: &'static str,
    },
    /// A part of a file that isn't the next one.
    #[error(
        "a part begins at byte {begins}, where byte {expected} of {size} should: join the texts of all parts, in their order"
    )]
    Part {
        /// Where it begins, from 1 on.
        begins: u64,
        /// Where it should.
        expected: u64,
        /// Bytes of the whole file.
        size: u64,
    },
    /// Parts of a file, and its end isn't among them.
    #[error("its parts end at byte {found} of {size}: join the texts of all parts, in their order")]
    Parts {
        /// Bytes of all parts that are here.
        found: u64,
        /// Bytes of the whole file.
        size: u64,
    },
    /// A length that doesn't fit.
    #[error("it says that it has {said} bytes, and has {found}")]
    Size {
        /// What it says.
        said: u64,
        /// What was found.
        found: u64,
    },
}
