//! Whether an answer is the answer to what was asked.

use thiserror::Error;

use super::{Bits, Diagnostic, Dialect, Exception, Pdu, PduError, Request, Response};
use crate::limits::READ_BITS;

/// Why an answer gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// The unit refuses.
    #[error("the unit refuses: {0}")]
    Exception(Exception),
    /// It is no answer of Modbus.
    #[error("the answer is malformed: {0}")]
    Malformed(PduError),
    /// It answers another request.
    #[error("the answer belongs to another request")]
    Other,
}

impl Request {
    /// The answer in a PDU, if it can be an answer to this: same function, same count, same echo.
    ///
    /// What it can't tell: whether it answers this request or an equal one before it.
    pub fn accept(&self, pdu: &Pdu, dialect: Dialect) -> Result<Response, AnswerError> {
        if pdu.function() & 0x7f != self.function().code() {
            return Err(AnswerError::Other);
        }
        let response = Response::decode(pdu).map_err(AnswerError::Malformed)?;
        if let Response::Exception { exception, .. } = response {
            return Err(AnswerError::Exception(exception));
        }
        self.fit(response, dialect).ok_or(AnswerError::Other)
    }

    fn fit(&self, response: Response, dialect: Dialect) -> Option<Response> {
        let registers = |count: u16, words: &[u16]| {
            words.len() == usize::from(count) * usize::from(dialect.words())
        };
        let fits = match (self, &response) {
            (Self::ReadCoils(span), Response::ReadCoils(bits)) => {
                return cut(bits, span.count()).map(Response::ReadCoils);
            }
            (Self::ReadDiscreteInputs(span), Response::ReadDiscreteInputs(bits)) => {
                return cut(bits, span.count()).map(Response::ReadDiscreteInputs);
            }
            (Self::ReadHoldingRegisters(span), Response::ReadHoldingRegisters(words))
            | (Self::ReadInputRegisters(span), Response::ReadInputRegisters(words)) => {
                registers(span.count(), words)
            }
            (Self::ReadWriteRegisters { read, .. }, Response::ReadWriteRegisters(words)) => {
                words.len() == usize::from(read.count())
            }
            (Self::WriteCoils { address, bits }, Response::WriteCoils { address: at, count }) => {
                address == at && bits.count() == *count
            }
            (
                Self::WriteRegisters { address, words, dialect },
                Response::WriteRegisters { address: at, count },
            ) => address == at && words.len() == usize::from(*count * dialect.words()),
            (Self::Diagnostics(asked), Response::Diagnostics { sub_function, words }) => {
                asked.sub_function() == *sub_function && echoes(asked, words)
            }
            (Self::ReadFiles(reads), Response::ReadFiles(found)) => {
                let counts = reads.spans().iter().map(|span| usize::from(span.count));
                counts.eq(found.found().iter().map(Vec::len))
            }
            (Self::ReadIdentification { access, .. }, Response::ReadIdentification(told)) => {
                *access == told.access()
            }
            (Self::Encapsulated { kind, .. }, Response::Encapsulated { kind: told, .. }) => {
                kind == told
            }
            (
                Self::ReadExceptionStatus
                | Self::ReadEventCounter
                | Self::ReadEventLog
                | Self::ReportServerId
                | Self::ReadFifo { .. },
                _,
            ) => response.function() == self.function().code(),
            // What is left echoes the request: 05, 06, 15, 16.
            _ => response.encode() == self.encode(),
        };
        fits.then_some(response)
    }
}

fn echoes(asked: &Diagnostic, words: &[u16]) -> bool {
    match asked {
        Diagnostic::Echo(sent) => **sent == *words,
        Diagnostic::Restart { clear_log } => words == [if *clear_log { 0xff00 } else { 0 }],
        Diagnostic::Delimiter(character) => words == [u16::from(*character) << 8],
        _ => true,
    }
}

/// As many bits as were asked for, if they take as many bytes as came.
fn cut(bits: &Bits<READ_BITS>, count: u16) -> Option<Bits<READ_BITS>> {
    Bits::unpack(bits.packed(), count).ok()
}
