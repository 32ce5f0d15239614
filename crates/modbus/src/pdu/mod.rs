//! What is asked and answered, whatever carries it: protocol data units.

mod bits;
mod diagnostic;
mod error;
mod exception;
mod files;
mod function;
mod identification;
mod length;
mod matching;
mod reader;
mod request;
mod response;
mod row;
mod span;

pub use bits::Bits;
pub use diagnostic::{Counter, Diagnostic};
pub use error::PduError;
pub use exception::Exception;
pub use files::{FileReads, FileSpan, FileWrite, FileWrites, FoundFiles};
pub use function::Function;
pub use identification::{Access, Identification, Object};
pub use length::{Length, request_length, response_length};
pub use matching::AnswerError;
pub use request::{Dialect, Request};
pub use response::Response;
pub use row::Row;
pub use span::Span;

use crate::limits;

/// A PDU as bytes: a function code and what belongs to it, never empty and never too long for a frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pdu(Vec<u8>);

impl Pdu {
    /// The PDU in these bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, PduError> {
        match bytes.len() {
            0 => Err(PduError::Short),
            length if length > limits::PDU => Err(PduError::Oversize { length }),
            _ => Ok(Self(bytes.to_vec())),
        }
    }

    /// What an encoder wrote, which its types keep within the limits.
    fn written(bytes: Vec<u8>) -> Self {
        debug_assert!((1..=limits::PDU).contains(&bytes.len()));
        Self(bytes)
    }

    /// An exception as the answer to a request of this function code.
    pub fn exception(function: u8, exception: Exception) -> Self {
        Self(vec![function | 0x80, exception.code()])
    }

    /// The function code, with its highest bit set in an exception.
    pub fn function(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// What follows the function code.
    pub fn body(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }

    /// Function code and body.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
