//! How long a PDU is, told by its own first bytes.
//!
//! RTU frames carry no length, and gaps mean nothing behind modems and networks: what ends a frame is what
//! its function says, and the CRC there.

use super::Function;
use crate::limits;

/// How long a PDU is, as far as what is there tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Exactly(usize),
    /// So many bytes, or so many where registers have 32 bits.
    Either(usize, usize),
    /// So many bytes, or a few more as its sender liked (diagnostic echo).
    AtLeast(usize),
    /// More must come to tell.
    More,
    /// Its function doesn't tell: the standard leaves the length to the maker.
    Unknown,
    /// It is no PDU.
    Never,
}

/// How long the request is that begins so.
pub fn request_length(pdu: &[u8]) -> Length {
    let Some(&code) = pdu.first() else { return Length::More };
    // Zero isn't a function, and the upper half answers.
    if code == 0 || code >= 0x80 {
        return Length::Never;
    }
    let Some(function) = Function::of(code) else { return Length::Unknown };
    match function {
        Function::ReadCoils
        | Function::ReadDiscreteInputs
        | Function::ReadHoldingRegisters
        | Function::ReadInputRegisters
        | Function::WriteCoil => Length::Exactly(5),
        Function::WriteRegister => WRITTEN,
        Function::ReadExceptionStatus
        | Function::ReadEventCounter
        | Function::ReadEventLog
        | Function::ReportServerId => Length::Exactly(1),
        Function::Diagnostics => diagnostics(pdu),
        Function::WriteCoils | Function::WriteRegisters => counted(pdu, 5),
        Function::ReadFiles | Function::WriteFiles => counted(pdu, 1),
        Function::MaskWriteRegister => Length::Exactly(7),
        Function::ReadWriteRegisters => counted(pdu, 9),
        Function::ReadFifo => Length::Exactly(3),
        Function::Encapsulated => match pdu.get(1) {
            None => Length::More,
            Some(0x0e) => Length::Exactly(4),
            Some(_) => Length::Unknown,
        },
    }
}

/// How long the answer is that begins so.
pub fn response_length(pdu: &[u8]) -> Length {
    let Some(&code) = pdu.first() else { return Length::More };
    match code {
        0 | 0x80 => return Length::Never,
        // Of noise, half would look like exceptions otherwise.
        0x81.. if Function::of(code & 0x7f).is_none() => return Length::Unknown,
        0x81.. => return Length::Exactly(2),
        _ => {}
    }
    let Some(function) = Function::of(code) else { return Length::Unknown };
    match function {
        Function::ReadCoils
        | Function::ReadDiscreteInputs
        | Function::ReadHoldingRegisters
        | Function::ReadInputRegisters
        | Function::ReadEventLog
        | Function::ReportServerId
        | Function::ReadFiles
        | Function::WriteFiles
        | Function::ReadWriteRegisters => counted(pdu, 1),
        Function::WriteRegister => WRITTEN,
        Function::WriteCoil
        | Function::ReadEventCounter
        | Function::WriteCoils
        | Function::WriteRegisters => Length::Exactly(5),
        Function::ReadExceptionStatus => Length::Exactly(2),
        Function::Diagnostics => diagnostics(pdu),
        Function::MaskWriteRegister => Length::Exactly(7),
        Function::ReadFifo => match (pdu.get(1), pdu.get(2)) {
            (Some(0), Some(&count)) => bounded(3 + usize::from(count)),
            (Some(1..), _) => Length::Never,
            _ => Length::More,
        },
        Function::Encapsulated => encapsulated(pdu),
    }
}

/// A register that is written alone, and the answer to it.
const WRITTEN: Length = Length::Either(5, 7);

/// A PDU with a byte count at `at` and nothing behind what it counts.
fn counted(pdu: &[u8], at: usize) -> Length {
    pdu.get(at).map_or(Length::More, |&count| bounded(at + 1 + usize::from(count)))
}

const fn bounded(length: usize) -> Length {
    if length > limits::PDU { Length::Never } else { Length::Exactly(length) }
}

/// Everything but an echo has one word; an echo has as many as the master liked.
fn diagnostics(pdu: &[u8]) -> Length {
    match (pdu.get(1), pdu.get(2)) {
        (Some(0), Some(0)) => Length::AtLeast(5),
        (Some(_), Some(_)) => Length::Exactly(5),
        _ => Length::More,
    }
}

/// The answer to a read of identification: objects, each with its own length.
fn encapsulated(pdu: &[u8]) -> Length {
    match pdu.get(1) {
        None => return Length::More,
        Some(0x0e) => {}
        Some(_) => return Length::Unknown,
    }
    let Some(&objects) = pdu.get(6) else { return Length::More };
    let mut end = 7;
    for _ in 0..objects {
        let Some(&length) = pdu.get(end + 1) else { return Length::More };
        end += 2 + usize::from(length);
        if end > limits::PDU {
            return Length::Never;
        }
    }
    Length::Exactly(end)
}
