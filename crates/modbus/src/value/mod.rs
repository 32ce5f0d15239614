//! What registers mean: numbers, bits and text, in any of the four orders that makers have chosen.

mod decode;
mod encode;
mod guess;
mod order;
mod point;
mod value_type;

pub use decode::decode;
pub use encode::encode;
pub use guess::{Guess, Sanity, guess};
pub use order::Order;
pub use point::{BadPoint, Point, Reading};
pub use value_type::{UnknownType, ValueType};

use std::fmt;

use thiserror::Error;

/// What registers hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number without a sign, and BCD.
    Unsigned(u64),
    /// A number with a sign.
    Signed(i64),
    /// A number of single precision, kept as such so that it prints as it was meant.
    Single(f32),
    /// A number of double precision.
    Double(f64),
    /// One bit.
    Bit(bool),
    /// Text, without what fills it up at its end.
    Text(String),
}

impl Value {
    /// As a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match *self {
            #[allow(clippy::cast_precision_loss, reason = "scaling is done in double precision")]
            Self::Unsigned(value) => Some(value as f64),
            #[allow(clippy::cast_precision_loss, reason = "scaling is done in double precision")]
            Self::Signed(value) => Some(value as f64),
            Self::Single(value) => Some(f64::from(value)),
            Self::Double(value) => Some(value),
            Self::Bit(value) => Some(f64::from(u8::from(value))),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(value) => value.fmt(f),
            Self::Signed(value) => value.fmt(f),
            // Thirty zeros tell nobody how small a number is.
            Self::Single(value) if far(f64::from(*value)) => write!(f, "{value:e}"),
            Self::Single(value) => value.fmt(f),
            Self::Double(value) if far(*value) => write!(f, "{value:e}"),
            Self::Double(value) => value.fmt(f),
            Self::Bit(value) => u8::from(*value).fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

fn far(value: f64) -> bool {
    value != 0.0 && value.is_finite() && !(1e-5..1e12).contains(&value.abs())
}

/// Why registers don't hold a value, or a value doesn't fit into registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// It takes another number of registers.
    #[error("{kind} takes {needed} registers, not {count}")]
    Registers {
        /// What should be there.
        kind: ValueType,
        /// How many it takes.
        needed: usize,
        /// How many there are.
        count: usize,
    },
    /// A digit of BCD beyond nine.
    #[error("{word:04X} is no BCD: each of its digits must be 0 to 9")]
    Bcd {
        /// Where.
        word: u16,
    },
    /// Text that isn't ASCII.
    #[error("byte {byte:02X} is no character")]
    Text {
        /// Which one.
        byte: u8,
    },
    /// Beyond what the type holds.
    #[error("it doesn't fit into {kind}")]
    Range {
        /// The type.
        kind: ValueType,
    },
    /// A value of another nature.
    #[error("it is not what {kind} holds")]
    Nature {
        /// The type.
        kind: ValueType,
    },
}
