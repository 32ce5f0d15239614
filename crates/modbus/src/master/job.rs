//! What a master is told to ask.

use crate::limits;
use crate::pdu::{
    Access, AnswerError, Diagnostic, Dialect, Exception, Function, Pdu, PduError, Request,
};
use crate::{UnitId, Wide};

/// A request in a queue, as the one who ordered it knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What a unit is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A request of the standard.
    Known(Request, Dialect),
    /// A function that the standard doesn't have, passed on as it is.
    Foreign(Pdu),
}

impl Question {
    /// What a PDU asks; one of a public function must be well formed.
    pub fn of(pdu: Pdu) -> Result<Self, PduError> {
        if Function::of(pdu.function()).is_none() && (1..0x80).contains(&pdu.function()) {
            return Ok(Self::Foreign(pdu));
        }
        Self::known(&pdu, Dialect::Standard)
    }

    /// The same of a unit some of whose registers have 32 bits.
    pub fn of_wide(pdu: Pdu, unit: UnitId, wide: &Wide) -> Result<Self, PduError> {
        match wide.asked(unit, &pdu)? {
            Dialect::Standard => Self::of(pdu),
            dialect => Self::known(&pdu, dialect),
        }
    }

    fn known(pdu: &Pdu, dialect: Dialect) -> Result<Self, PduError> {
        Request::decode_as(pdu, dialect).map(|request| Self::Known(request, dialect))
    }

    /// Its function code.
    pub fn function(&self) -> u8 {
        match self {
            Self::Known(request, _) => request.function().code(),
            Self::Foreign(pdu) => pdu.function(),
        }
    }

    /// As it goes on the wire.
    pub fn pdu(&self) -> Pdu {
        match self {
            Self::Known(request, _) => request.encode(),
            Self::Foreign(pdu) => pdu.clone(),
        }
    }

    /// Whether nobody answers it, whomever it is for.
    pub(super) const fn is_never_answered(&self) -> bool {
        matches!(self, Self::Known(Request::Diagnostics(Diagnostic::ListenOnly), _))
    }

    /// Whether it makes sense to ask it of everybody at once: it asks for nothing.
    pub(super) const fn only_writes(&self) -> bool {
        match self {
            Self::Foreign(_) => true,
            Self::Known(request, _) => matches!(
                request.function(),
                Function::WriteCoil
                    | Function::WriteRegister
                    | Function::WriteCoils
                    | Function::WriteRegisters
                    | Function::WriteFiles
                    | Function::MaskWriteRegister
                    | Function::Diagnostics
            ),
        }
    }

    /// Whether the unit is the same afterwards. What isn't known might change it.
    pub const fn only_reads(&self) -> bool {
        match self {
            Self::Foreign(_) => false,
            // CANopen writes, behind the same function.
            Self::Known(Request::ReadIdentification { .. }, _) => true,
            // The other diagnostics restart, clear and silence units.
            Self::Known(Request::Diagnostics(Diagnostic::Echo(_)), _) => true,
            Self::Known(request, _) => matches!(
                request.function(),
                Function::ReadCoils
                    | Function::ReadDiscreteInputs
                    | Function::ReadHoldingRegisters
                    | Function::ReadInputRegisters
                    | Function::ReadExceptionStatus
                    | Function::ReadEventCounter
                    | Function::ReadEventLog
                    | Function::ReportServerId
                    | Function::ReadFiles
                    | Function::ReadFifo
            ),
        }
    }

    /// How an answer fits.
    pub(super) fn fits(&self, pdu: &Pdu) -> Fit {
        match self {
            Self::Known(request, dialect) => match request.accept(pdu, *dialect) {
                Ok(_) => Fit::Answer,
                // A unit that works on it already has no use for it a second time.
                Err(AnswerError::Exception(Exception::Acknowledge)) if !self.only_reads() => {
                    Fit::Answer
                }
                Err(AnswerError::Exception(exception)) if exception.asks_for_patience() => {
                    Fit::Busy
                }
                Err(AnswerError::Exception(_)) => Fit::Answer,
                Err(AnswerError::Malformed(_) | AnswerError::Other) => Fit::No,
            },
            Self::Foreign(asked) if asked.function() == pdu.function() & 0x7f => Fit::Answer,
            Self::Foreign(_) => Fit::No,
        }
    }

    /// Bytes of the longest answer.
    pub(super) fn longest_answer(&self) -> usize {
        let pdu = match self {
            Self::Known(Request::ReadCoils(span) | Request::ReadDiscreteInputs(span), _) => {
                2 + usize::from(span.count()).div_ceil(8)
            }
            Self::Known(
                Request::ReadHoldingRegisters(span)
                | Request::ReadInputRegisters(span)
                | Request::ReadWriteRegisters { read: span, .. },
                dialect,
            ) => 2 + 2 * usize::from(span.count() * dialect.words()),
            Self::Known(
                Request::WriteCoil { .. }
                | Request::WriteRegister { .. }
                | Request::WriteCoils { .. }
                | Request::WriteRegisters { .. },
                _,
            )
            | Self::Known(Request::ReadEventCounter, _) => 5,
            Self::Known(Request::ReadExceptionStatus, _) => 2,
            // They are echoed.
            Self::Known(
                request @ (Request::Diagnostics(_)
                | Request::WriteWideRegister { .. }
                | Request::MaskWriteRegister { .. }),
                _,
            ) => request.encode().bytes().len(),
            _ => limits::PDU,
        };
        pdu + 3
    }
}

/// The functions of sentinels, in the order in which they are tried: each only reads, and needs no address.
pub(super) const SENTINELS: [Function; 6] = [
    Function::Diagnostics,
    Function::ReadEventCounter,
    Function::ReadExceptionStatus,
    Function::ReportServerId,
    Function::ReadEventLog,
    Function::Encapsulated,
];

/// A question whose answer says only that the unit answers.
pub(super) fn sentinel(function: Function, nonce: u16) -> Question {
    let request = match function {
        Function::ReadEventCounter => Request::ReadEventCounter,
        Function::ReadExceptionStatus => Request::ReadExceptionStatus,
        Function::ReportServerId => Request::ReportServerId,
        Function::ReadEventLog => Request::ReadEventLog,
        Function::Encapsulated => Request::ReadIdentification { access: Access::Basic, object: 0 },
        _ => Request::echo(nonce),
    };
    Question::Known(request, Dialect::Standard)
}

/// How an answer fits a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Answer,
    Busy,
    No,
}

/// A question on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) unit: UnitId,
    pub(super) question: Question,
    pub(super) retries: u8,
    pub(super) busy_retries: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(bytes: &[u8]) -> Question {
        Question::of(Pdu::new(bytes).expect("a PDU")).expect("a question")
    }

    #[test]
    fn what_only_reads_is_told_from_what_may_change_a_unit() {
        for reads in [
            &[1, 0, 0, 0, 1][..],
            &[3, 0, 0, 0, 1],
            &[7],
            &[8, 0, 0, 1, 2],
            &[0x0c],
            &[0x11],
            &[0x2b, 0x0e, 1, 0],
        ] {
            assert!(question(reads).only_reads(), "{reads:?}");
        }
        for writes in [
            &[5, 0, 0, 0xff, 0][..],
            &[6, 0, 0, 0, 1],
            &[8, 0, 1, 0, 0],
            &[8, 0, 4, 0, 0],
            &[8, 0, 10, 0, 0],
            &[0x17, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 7],
            &[0x2b, 0x0d, 1],
            &[0x65, 1],
        ] {
            assert!(!question(writes).only_reads(), "{writes:?}");
        }
    }
}
