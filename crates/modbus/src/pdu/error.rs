//! What makes bytes no PDU.

use thiserror::Error;

use super::Exception;

/// Why bytes are not the PDU that they should be, or values don't fit into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PduError {
    /// It ends too early.
    #[error("it ends too early")]
    Short,
    /// It goes on behind its end.
    #[error("{excess} bytes stand behind its end")]
    Long {
        /// How many.
        excess: usize,
    },
    /// No frame holds it.
    #[error("{length} bytes are more than the 253 of a PDU")]
    Oversize {
        /// Its length.
        length: usize,
    },
    /// The function code is none of the public ones.
    #[error("function {function:02X} is no public one")]
    Function {
        /// The function code.
        function: u8,
    },
    /// The function has no such part.
    #[error("sub-function {code:04X} doesn't exist")]
    SubFunction {
        /// Its code.
        code: u16,
    },
    /// Too many at once, or none.
    #[error("a count of {count} is not within {least} to {most}")]
    Count {
        /// How many were asked for.
        count: usize,
        /// The least that may be asked for.
        least: usize,
        /// The most that may be asked for.
        most: usize,
    },
    /// The addresses go beyond 65535.
    #[error("{count} from address {address} on go beyond 65535")]
    Address {
        /// The first address.
        address: u16,
        /// How many.
        count: u16,
    },
    /// One request can't ask for registers of both widths.
    #[error("of the {count} registers from address {address} on some have 16 bits and some 32")]
    Widths {
        /// The first address.
        address: u16,
        /// How many.
        count: u16,
    },
    /// There is no such file or record.
    #[error("record {record} of file {file}: files begin at 1, records end at 9999")]
    Record {
        /// The file.
        file: u16,
        /// The first record.
        record: u16,
    },
    /// The byte count is not what the count needs.
    #[error("a byte count of {count} where {expected} is right")]
    ByteCount {
        /// What stands there.
        count: usize,
        /// What should stand there.
        expected: usize,
    },
    /// A value that the standard doesn't have.
    #[error("{value:04X} is no {what}")]
    Value {
        /// What it should be.
        what: &'static str,
        /// What stands there.
        value: u16,
    },
}

impl PduError {
    /// What a unit answers a request that is wrong in this way.
    pub const fn exception(self) -> Exception {
        match self {
            Self::Function { .. } | Self::SubFunction { .. } => Exception::IllegalFunction,
            Self::Address { .. } | Self::Widths { .. } | Self::Record { .. } => {
                Exception::IllegalDataAddress
            }
            _ => Exception::IllegalDataValue,
        }
    }
}
