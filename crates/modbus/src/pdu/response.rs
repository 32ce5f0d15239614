//! What a unit answers.

use super::reader::{Reader, put_words};
use super::request::{coil, halves, joined, put_counted, put_registers};
use super::{
    Bits, Exception, FileWrites, FoundFiles, Function, Identification, Pdu, PduError, Row,
};
use crate::limits::{ECHO, EVENTS, FIFO, PDU, READ_BITS, READ_REGISTERS};

/// An answer of a public function code, or an exception.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Response {
    /// 01
    ReadCoils(Bits<READ_BITS>),
    /// 02
    ReadDiscreteInputs(Bits<READ_BITS>),
    /// 03, two words a register in Enron's dialect.
    ReadHoldingRegisters(Row<u16, 1, { READ_REGISTERS as usize }>),
    /// 04
    ReadInputRegisters(Row<u16, 1, { READ_REGISTERS as usize }>),
    /// 05
    WriteCoil {
        /// Which one.
        address: u16,
        /// Whether it was switched on.
        on: bool,
    },
    /// 06
    WriteRegister {
        /// Which one.
        address: u16,
        /// What was written to it.
        value: u16,
    },
    /// 06 in Enron's dialect.
    WriteWideRegister {
        /// Which one.
        address: u16,
        /// What was written to it.
        value: u32,
    },
    /// 07
    ReadExceptionStatus(u8),
    /// 08
    Diagnostics {
        /// The sub-function.
        sub_function: u16,
        /// What it answers: an echo, a counter, the register.
        words: Row<u16, 1, ECHO>,
    },
    /// 0B
    ReadEventCounter {
        /// FFFF while a program command is carried out.
        status: u16,
        /// Messages carried out.
        count: u16,
    },
    /// 0C
    ReadEventLog {
        /// FFFF while a program command is carried out.
        status: u16,
        /// Messages carried out.
        events: u16,
        /// Messages on the bus.
        messages: u16,
        /// What happened, the latest first.
        log: Row<u8, 0, EVENTS>,
    },
    /// 0F
    WriteCoils {
        /// The first one.
        address: u16,
        /// How many.
        count: u16,
    },
    /// 10
    WriteRegisters {
        /// The first one.
        address: u16,
        /// How many.
        count: u16,
    },
    /// 11: identity, run indicator and more, as the maker likes.
    ReportServerId(Row<u8, 0, { PDU - 2 }>),
    /// 14
    ReadFiles(FoundFiles),
    /// 15
    WriteFiles(FileWrites),
    /// 16
    MaskWriteRegister {
        /// Which one.
        address: u16,
        /// The bits that stayed.
        and: u16,
        /// What the others became.
        or: u16,
    },
    /// 17
    ReadWriteRegisters(Row<u16, 1, { READ_REGISTERS as usize }>),
    /// 18
    ReadFifo(Row<u16, 0, FIFO>),
    /// 2B/0E
    ReadIdentification(Identification),
    /// 2B with another type.
    Encapsulated {
        /// The type.
        kind: u8,
        /// What stands behind it.
        body: Row<u8, 0, { PDU - 2 }>,
    },
    /// A refusal.
    Exception {
        /// The function code that was asked for.
        function: u8,
        /// Why not.
        exception: Exception,
    },
}

impl Response {
    /// Its function code, with the highest bit set in an exception.
    pub const fn function(&self) -> u8 {
        match self {
            Self::ReadCoils(_) => Function::ReadCoils.code(),
            Self::ReadDiscreteInputs(_) => Function::ReadDiscreteInputs.code(),
            Self::ReadHoldingRegisters(_) => Function::ReadHoldingRegisters.code(),
            Self::ReadInputRegisters(_) => Function::ReadInputRegisters.code(),
            Self::WriteCoil { .. } => Function::WriteCoil.code(),
            Self::WriteRegister { .. } | Self::WriteWideRegister { .. } => {
                Function::WriteRegister.code()
            }
            Self::ReadExceptionStatus(_) => Function::ReadExceptionStatus.code(),
            Self::Diagnostics { .. } => Function::Diagnostics.code(),
            Self::ReadEventCounter { .. } => Function::ReadEventCounter.code(),
            Self::ReadEventLog { .. } => Function::ReadEventLog.code(),
            Self::WriteCoils { .. } => Function::WriteCoils.code(),
            Self::WriteRegisters { .. } => Function::WriteRegisters.code(),
            Self::ReportServerId(_) => Function::ReportServerId.code(),
            Self::ReadFiles(_) => Function::ReadFiles.code(),
            Self::WriteFiles(_) => Function::WriteFiles.code(),
            Self::MaskWriteRegister { .. } => Function::MaskWriteRegister.code(),
            Self::ReadWriteRegisters(_) => Function::ReadWriteRegisters.code(),
            Self::ReadFifo(_) => Function::ReadFifo.code(),
            Self::ReadIdentification(_) | Self::Encapsulated { .. } => {
                Function::Encapsulated.code()
            }
            Self::Exception { function, .. } => *function | 0x80,
        }
    }

    /// As it goes on the wire.
    pub fn encode(&self) -> Pdu {
        let mut out = vec![self.function()];
        match self {
            Self::ReadCoils(bits) | Self::ReadDiscreteInputs(bits) => {
                put_counted(&mut out, bits.packed());
            }
            Self::ReadHoldingRegisters(words)
            | Self::ReadInputRegisters(words)
            | Self::ReadWriteRegisters(words) => put_registers(&mut out, words),
            Self::WriteCoil { address, on } => {
                put_words(&mut out, &[*address, if *on { 0xff00 } else { 0 }]);
            }
            Self::WriteRegister { address, value } => put_words(&mut out, &[*address, *value]),
            Self::WriteWideRegister { address, value } => {
                let [high, low] = halves(*value);
                put_words(&mut out, &[*address, high, low]);
            }
            Self::ReadExceptionStatus(status) => out.push(*status),
            Self::Diagnostics { sub_function, words } => {
                put_words(&mut out, &[*sub_function]);
                put_words(&mut out, words);
            }
            Self::ReadEventCounter { status, count } => put_words(&mut out, &[*status, *count]),
            Self::ReadEventLog { status, events, messages, log } => {
                out.push(u8::try_from(6 + log.len()).unwrap_or(u8::MAX));
                put_words(&mut out, &[*status, *events, *messages]);
                out.extend(log.iter());
            }
            Self::WriteCoils { address, count } | Self::WriteRegisters { address, count } => {
                put_words(&mut out, &[*address, *count]);
            }
            Self::ReportServerId(bytes) => put_counted(&mut out, bytes),
            Self::ReadFiles(found) => found.encode(&mut out),
            Self::WriteFiles(writes) => writes.encode(&mut out),
            Self::MaskWriteRegister { address, and, or } => {
                put_words(&mut out, &[*address, *and, *or]);
            }
            Self::ReadFifo(words) => {
                put_words(&mut out, &[2 + 2 * words.count(), words.count()]);
                put_words(&mut out, words);
            }
            Self::ReadIdentification(identification) => identification.encode(&mut out),
            Self::Encapsulated { kind, body } => {
                out.push(*kind);
                out.extend(body.iter());
            }
            Self::Exception { exception, .. } => out.push(exception.code()),
        }
        Pdu::written(out)
    }

    /// The answer in a PDU, whatever was asked. [`super::Request::accept`] looks at that as well.
    pub fn decode(pdu: &Pdu) -> Result<Self, PduError> {
        let mut reader = Reader::new(pdu.body());
        let function = pdu.function();
        let response = if function > 0x80 {
            let exception = Exception::of(reader.u8()?);
            Self::Exception { function: function & 0x7f, exception }
        } else {
            let function = Function::of(function).ok_or(PduError::Function { function })?;
            Self::decode_body(function, &mut reader)?
        };
        reader.end()?;
        Ok(response)
    }

    fn decode_body(function: Function, reader: &mut Reader<'_>) -> Result<Self, PduError> {
        Ok(match function {
            Function::ReadCoils => Self::ReadCoils(bits(reader)?),
            Function::ReadDiscreteInputs => Self::ReadDiscreteInputs(bits(reader)?),
            Function::ReadHoldingRegisters => Self::ReadHoldingRegisters(registers(reader)?),
            Function::ReadInputRegisters => Self::ReadInputRegisters(registers(reader)?),
            Function::WriteCoil => {
                let address = reader.u16()?;
                Self::WriteCoil { address, on: coil(reader.u16()?)? }
            }
            Function::WriteRegister => {
                let (address, value) = (reader.u16()?, reader.u16()?);
                match reader.left() {
                    // What was asked tells whether that is right.
                    2 => Self::WriteWideRegister { address, value: joined(value, reader.u16()?) },
                    _ => Self::WriteRegister { address, value },
                }
            }
            Function::ReadExceptionStatus => Self::ReadExceptionStatus(reader.u8()?),
            Function::Diagnostics => {
                let sub_function = reader.u16()?;
                let words = Row::new(reader.words(reader.left())?)?;
                if sub_function != 0 && words.len() != 1 {
                    return Err(PduError::Long { excess: 2 * words.len() - 2 });
                }
                Self::Diagnostics { sub_function, words }
            }
            Function::ReadEventCounter => {
                Self::ReadEventCounter { status: reader.u16()?, count: reader.u16()? }
            }
            Function::ReadEventLog => {
                reader.counted()?;
                Self::ReadEventLog {
                    status: reader.u16()?,
                    events: reader.u16()?,
                    messages: reader.u16()?,
                    log: Row::new(reader.take(reader.left())?.to_vec())?,
                }
            }
            Function::WriteCoils => {
                Self::WriteCoils { address: reader.u16()?, count: reader.u16()? }
            }
            Function::WriteRegisters => {
                Self::WriteRegisters { address: reader.u16()?, count: reader.u16()? }
            }
            Function::ReportServerId => {
                let count = reader.counted()?;
                Self::ReportServerId(Row::new(reader.take(count)?.to_vec())?)
            }
            Function::ReadFiles => Self::ReadFiles(FoundFiles::decode(reader)?),
            Function::WriteFiles => Self::WriteFiles(FileWrites::decode(reader)?),
            Function::MaskWriteRegister => Self::MaskWriteRegister {
                address: reader.u16()?,
                and: reader.u16()?,
                or: reader.u16()?,
            },
            Function::ReadWriteRegisters => Self::ReadWriteRegisters(registers(reader)?),
            Function::ReadFifo => fifo(reader)?,
            Function::Encapsulated => match reader.u8()? {
                0x0e => Self::ReadIdentification(Identification::decode(reader)?),
                kind => {
                    let body = Row::new(reader.take(reader.left())?.to_vec())?;
                    Self::Encapsulated { kind, body }
                }
            },
        })
    }
}

fn bits(reader: &mut Reader<'_>) -> Result<Bits<READ_BITS>, PduError> {
    let count = reader.counted()?;
    // How many of the last byte's bits mean anything, only the request tells.
    let bits = u16::try_from(8 * count).unwrap_or(u16::MAX);
    Bits::unpack(reader.take(count)?, bits)
}

fn registers<const MAX: usize>(reader: &mut Reader<'_>) -> Result<Row<u16, 1, MAX>, PduError> {
    let count = reader.counted()?;
    Row::new(reader.words(count)?)
}

fn fifo(reader: &mut Reader<'_>) -> Result<Response, PduError> {
    let (bytes, count) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
    let expected = 2 + 2 * count;
    if bytes != expected {
        return Err(PduError::ByteCount { count: bytes, expected });
    }
    let words = Row::new(reader.words(reader.left())?)?;
    if words.len() != count {
        return Err(PduError::Count { count: words.len(), least: count, most: count });
    }
    Ok(Response::ReadFifo(words))
}
