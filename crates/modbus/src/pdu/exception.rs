//! Why a unit refuses.

use std::fmt;

/// Why a unit, or a gateway before it, refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exception {
    /// 01: it doesn't know the function.
    IllegalFunction,
    /// 02: it has nothing at these addresses.
    IllegalDataAddress,
    /// 03: the request is not well formed, or asks too much at once.
    IllegalDataValue,
    /// 04: it failed.
    DeviceFailure,
    /// 05: it works on it and will be long. No error: ask again later.
    Acknowledge,
    /// 06: it is busy with another request. No error: ask again later.
    Busy,
    /// 07: it can't do what was asked (old controllers).
    NegativeAcknowledge,
    /// 08: its memory is damaged.
    MemoryParity,
    /// 0A: the gateway has no way to the unit.
    GatewayPathUnavailable,
    /// 0B: the gateway asked, and the unit didn't answer.
    GatewayTargetFailed,
    /// A code that the standard doesn't have.
    Other(u8),
}

impl Exception {
    /// The exception of this code.
    pub const fn of(code: u8) -> Self {
        match code {
            0x01 => Self::IllegalFunction,
            0x02 => Self::IllegalDataAddress,
            0x03 => Self::IllegalDataValue,
            0x04 => Self::DeviceFailure,
            0x05 => Self::Acknowledge,
            0x06 => Self::Busy,
            0x07 => Self::NegativeAcknowledge,
            0x08 => Self::MemoryParity,
            0x0a => Self::GatewayPathUnavailable,
            0x0b => Self::GatewayTargetFailed,
            other => Self::Other(other),
        }
    }

    /// Its number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::IllegalFunction => 0x01,
            Self::IllegalDataAddress => 0x02,
            Self::IllegalDataValue => 0x03,
            Self::DeviceFailure => 0x04,
            Self::Acknowledge => 0x05,
            Self::Busy => 0x06,
            Self::NegativeAcknowledge => 0x07,
            Self::MemoryParity => 0x08,
            Self::GatewayPathUnavailable => 0x0a,
            Self::GatewayTargetFailed => 0x0b,
            Self::Other(code) => code,
        }
    }

    /// Whether asking again later is what the unit wants.
    pub const fn asks_for_patience(self) -> bool {
        matches!(self, Self::Acknowledge | Self::Busy)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::IllegalFunction => "it doesn't know the function",
            Self::IllegalDataAddress => "it has nothing at these addresses",
            Self::IllegalDataValue => "it refuses the value or the count",
            Self::DeviceFailure => "it failed",
            Self::Acknowledge => "it works on it and will be long",
            Self::Busy => "it is busy",
            Self::NegativeAcknowledge => "it can't do that",
            Self::MemoryParity => "its memory is damaged",
            Self::GatewayPathUnavailable => "the gateway has no way to the unit",
            Self::GatewayTargetFailed => "the unit doesn't answer the gateway",
            Self::Other(_) => "it refuses for a reason of its own",
        };
        write!(f, "exception {:02X}: {words}", self.code())
    }
}

impl std::error::Error for Exception {}
