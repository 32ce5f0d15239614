//! The types of values.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::limits;

/// What a number of registers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// 16 bits without a sign.
    U16,
    /// 16 bits with a sign.
    I16,
    /// 32 bits without a sign.
    U32,
    /// 32 bits with a sign.
    I32,
    /// 64 bits without a sign.
    U64,
    /// 64 bits with a sign.
    I64,
    /// A number of single precision.
    F32,
    /// A number of double precision.
    F64,
    /// Four decimal digits.
    Bcd16,
    /// Eight decimal digits.
    Bcd32,
    /// One bit of a register, 0 the lowest.
    Bit(u8),
    /// Text of so many registers, two characters each.
    Text(u8),
}

impl ValueType {
    /// How many registers it takes.
    pub const fn registers(self) -> usize {
        match self {
            Self::U16 | Self::I16 | Self::Bcd16 | Self::Bit(_) => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
            Self::Text(registers) => registers as usize,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U16 => f.pad("u16"),
            Self::I16 => f.pad("i16"),
            Self::U32 => f.pad("u32"),
            Self::I32 => f.pad("i32"),
            Self::U64 => f.pad("u64"),
            Self::I64 => f.pad("i64"),
            Self::F32 => f.pad("f32"),
            Self::F64 => f.pad("f64"),
            Self::Bcd16 => f.pad("bcd16"),
            Self::Bcd32 => f.pad("bcd32"),
            Self::Bit(bit) => write!(f, "bit:{bit}"),
            Self::Text(registers) => write!(f, "text:{registers}"),
        }
    }
}

/// A word that names no type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0} is no type; there are u16, i16, u32, i32, u64, i64, f32, f64, bcd16, bcd32, bit:0 to bit:15 and text:N for N registers"
)]
pub struct UnknownType(String);

impl FromStr for ValueType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let unknown = || UnknownType(text.to_owned());
        Ok(match text {
            "u16" => Self::U16,
            "i16" => Self::I16,
            "u32" => Self::U32,
            "i32" => Self::I32,
            "u64" => Self::U64,
            "i64" => Self::I64,
            "f32" => Self::F32,
            "f64" => Self::F64,
            "bcd16" => Self::Bcd16,
            "bcd32" => Self::Bcd32,
            _ => {
                let (name, number) = text.split_once(':').ok_or_else(unknown)?;
                let number: u8 = number.parse().map_err(|_| unknown())?;
                match name {
                    "bit" if number < 16 => Self::Bit(number),
                    "text" if (1..=limits::READ_REGISTERS).contains(&number.into()) => {
                        Self::Text(number)
                    }
                    _ => return Err(unknown()),
                }
            }
        })
    }
}
