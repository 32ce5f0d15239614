//! What a master asks.

use super::reader::{Reader, put_words};
use super::span::within;
use super::{
    Access, Bits, Diagnostic, FileReads, FileWrites, Function, Pdu, PduError, Response, Row, Span,
};
use crate::limits::{
    PDU, READ_BITS, READ_REGISTERS, READ_WRITE_REGISTERS, WRITE_BITS, WRITE_REGISTERS,
};

/// How wide a unit's registers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Every register has 16 bits.
    #[default]
    Standard,
    /// Registers of 32 bits: one address, four bytes, as Enron's and Daniel's flow computers have them.
    Enron,
}

impl Dialect {
    /// 16-bit words in one register.
    pub const fn words(self) -> u16 {
        match self {
            Self::Standard => 1,
            Self::Enron => 2,
        }
    }
}

/// A request of a public function code, within the limits of the standard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// 01
    ReadCoils(Span<READ_BITS>),
    /// 02
    ReadDiscreteInputs(Span<READ_BITS>),
    /// 03
    ReadHoldingRegisters(Span<READ_REGISTERS>),
    /// 04
    ReadInputRegisters(Span<READ_REGISTERS>),
    /// 05
    WriteCoil {
        /// Which one.
        address: u16,
        /// Whether it is switched on.
        on: bool,
    },
    /// 06
    WriteRegister {
        /// Which one.
        address: u16,
        /// What is written to it.
        value: u16,
    },
    /// 06 in Enron's dialect.
    WriteWideRegister {
        /// Which one.
        address: u16,
        /// What is written to it.
        value: u32,
    },
    /// 07
    ReadExceptionStatus,
    /// 08
    Diagnostics(Diagnostic),
    /// 0B
    ReadEventCounter,
    /// 0C
    ReadEventLog,
    /// 0F
    WriteCoils {
        /// The first one.
        address: u16,
        /// What they are switched to.
        bits: Bits<WRITE_BITS>,
    },
    /// 10
    WriteRegisters {
        /// The first one.
        address: u16,
        /// What is written, two words a register in Enron's dialect.
        words: Row<u16, 1, { WRITE_REGISTERS as usize }>,
        /// How wide the registers are.
        dialect: Dialect,
    },
    /// 11
    ReportServerId,
    /// 14
    ReadFiles(FileReads),
    /// 15
    WriteFiles(FileWrites),
    /// 16: the register becomes (itself & `and`) | (`or` & !`and`).
    MaskWriteRegister {
        /// Which one.
        address: u16,
        /// The bits that stay.
        and: u16,
        /// What the others become.
        or: u16,
    },
    /// 17: writes first, then reads.
    ReadWriteRegisters {
        /// What is read.
        read: Span<READ_REGISTERS>,
        /// Where is written.
        address: u16,
        /// What is written.
        words: Row<u16, 1, { READ_WRITE_REGISTERS as usize }>,
    },
    /// 18
    ReadFifo {
        /// The register that counts the queue.
        address: u16,
    },
    /// 2B/0E
    ReadIdentification {
        /// Which objects.
        access: Access,
        /// The first of them.
        object: u8,
    },
    /// 2B with another type: CANopen (0D) and what is still to come, unread.
    Encapsulated {
        /// The type.
        kind: u8,
        /// What stands behind it.
        body: Row<u8, 0, { PDU - 2 }>,
    },
}

impl Request {
    /// Reads holding registers.
    pub fn read_holding_registers(address: u16, count: u16) -> Result<Self, PduError> {
        Span::new(address, count).map(Self::ReadHoldingRegisters)
    }

    /// Reads input registers.
    pub fn read_input_registers(address: u16, count: u16) -> Result<Self, PduError> {
        Span::new(address, count).map(Self::ReadInputRegisters)
    }

    /// Reads coils.
    pub fn read_coils(address: u16, count: u16) -> Result<Self, PduError> {
        Span::new(address, count).map(Self::ReadCoils)
    }

    /// Reads discrete inputs.
    pub fn read_discrete_inputs(address: u16, count: u16) -> Result<Self, PduError> {
        Span::new(address, count).map(Self::ReadDiscreteInputs)
    }

    /// Switches coils.
    pub fn write_coils(address: u16, bits: &[bool]) -> Result<Self, PduError> {
        let bits = Bits::new(bits)?;
        within(address, bits.count())?;
        Ok(Self::WriteCoils { address, bits })
    }

    /// Writes registers.
    pub fn write_registers(address: u16, words: Vec<u16>) -> Result<Self, PduError> {
        Self::write(address, words, Dialect::Standard)
    }

    /// Writes 32-bit registers of Enron's dialect.
    pub fn write_wide_registers(address: u16, values: &[u32]) -> Result<Self, PduError> {
        let words = values.iter().flat_map(|value| halves(*value)).collect();
        Self::write(address, words, Dialect::Enron)
    }

    /// Writes registers that are so wide: two words for each of Enron's.
    ///
    /// # Errors
    /// They are too many, or not whole registers.
    pub fn write(address: u16, words: Vec<u16>, dialect: Dialect) -> Result<Self, PduError> {
        let words = Row::new(words)?;
        let (count, odd) = (words.count() / dialect.words(), words.count() % dialect.words());
        if odd != 0 {
            let (count, expected) = (2 * words.len(), 2 * (words.len() + 1));
            return Err(PduError::ByteCount { count, expected });
        }
        within(address, count)?;
        Ok(Self::WriteRegisters { address, words, dialect })
    }

    /// Asks for the same word back.
    pub fn echo(word: u16) -> Self {
        // One word is within the limits of an echo.
        Row::new(vec![word]).map_or(Self::Diagnostics(Diagnostic::Register), |words| {
            Self::Diagnostics(Diagnostic::Echo(words))
        })
    }

    /// Its function.
    pub const fn function(&self) -> Function {
        match self {
            Self::ReadCoils(_) => Function::ReadCoils,
            Self::ReadDiscreteInputs(_) => Function::ReadDiscreteInputs,
            Self::ReadHoldingRegisters(_) => Function::ReadHoldingRegisters,
            Self::ReadInputRegisters(_) => Function::ReadInputRegisters,
            Self::WriteCoil { .. } => Function::WriteCoil,
            Self::WriteRegister { .. } | Self::WriteWideRegister { .. } => Function::WriteRegister,
            Self::ReadExceptionStatus => Function::ReadExceptionStatus,
            Self::Diagnostics(_) => Function::Diagnostics,
            Self::ReadEventCounter => Function::ReadEventCounter,
            Self::ReadEventLog => Function::ReadEventLog,
            Self::WriteCoils { .. } => Function::WriteCoils,
            Self::WriteRegisters { .. } => Function::WriteRegisters,
            Self::ReportServerId => Function::ReportServerId,
            Self::ReadFiles(_) => Function::ReadFiles,
            Self::WriteFiles(_) => Function::WriteFiles,
            Self::MaskWriteRegister { .. } => Function::MaskWriteRegister,
            Self::ReadWriteRegisters { .. } => Function::ReadWriteRegisters,
            Self::ReadFifo { .. } => Function::ReadFifo,
            Self::ReadIdentification { .. } | Self::Encapsulated { .. } => Function::Encapsulated,
        }
    }

    /// What a unit answers that has done it, if that can be told without asking it: the answers to writes.
    pub fn confirmation(&self) -> Option<Pdu> {
        Some(match self {
            Self::WriteCoils { address, bits } => {
                Response::WriteCoils { address: *address, count: bits.count() }.encode()
            }
            Self::WriteRegisters { address, words, dialect } => {
                let count = words.count() / dialect.words();
                Response::WriteRegisters { address: *address, count }.encode()
            }
            // They are echoed.
            Self::WriteCoil { .. }
            | Self::WriteRegister { .. }
            | Self::WriteWideRegister { .. }
            | Self::MaskWriteRegister { .. }
            | Self::WriteFiles(_) => self.encode(),
            _ => return None,
        })
    }

    /// As it goes on the wire.
    pub fn encode(&self) -> Pdu {
        let mut out = vec![self.function().code()];
        match self {
            Self::ReadCoils(span) | Self::ReadDiscreteInputs(span) => {
                put_words(&mut out, &[span.address(), span.count()]);
            }
            Self::ReadHoldingRegisters(span) | Self::ReadInputRegisters(span) => {
                put_words(&mut out, &[span.address(), span.count()]);
            }
            Self::WriteCoil { address, on } => {
                put_words(&mut out, &[*address, if *on { 0xff00 } else { 0 }]);
            }
            Self::WriteRegister { address, value } => put_words(&mut out, &[*address, *value]),
            Self::WriteWideRegister { address, value } => {
                let [high, low] = halves(*value);
                put_words(&mut out, &[*address, high, low]);
            }
            Self::Diagnostics(diagnostic) => diagnostic.encode(&mut out),
            Self::ReadExceptionStatus
            | Self::ReadEventCounter
            | Self::ReadEventLog
            | Self::ReportServerId => {}
            Self::WriteCoils { address, bits } => {
                put_words(&mut out, &[*address, bits.count()]);
                put_counted(&mut out, bits.packed());
            }
            Self::WriteRegisters { address, words, dialect } => {
                put_words(&mut out, &[*address, words.count() / dialect.words()]);
                put_registers(&mut out, words);
            }
            Self::ReadFiles(reads) => reads.encode(&mut out),
            Self::WriteFiles(writes) => writes.encode(&mut out),
            Self::MaskWriteRegister { address, and, or } => {
                put_words(&mut out, &[*address, *and, *or]);
            }
            Self::ReadWriteRegisters { read, address, words } => {
                put_words(&mut out, &[read.address(), read.count(), *address, words.count()]);
                put_registers(&mut out, words);
            }
            Self::ReadFifo { address } => put_words(&mut out, &[*address]),
            Self::ReadIdentification { access, object } => {
                out.extend([0x0e, *access as u8, *object]);
            }
            Self::Encapsulated { kind, body } => {
                out.push(*kind);
                out.extend(body.iter());
            }
        }
        Pdu::written(out)
    }

    /// The request in a PDU of the standard's dialect.
    pub fn decode(pdu: &Pdu) -> Result<Self, PduError> {
        Self::decode_as(pdu, Dialect::Standard)
    }

    /// The request in a PDU.
    pub fn decode_as(pdu: &Pdu, dialect: Dialect) -> Result<Self, PduError> {
        let function = pdu.function();
        let function = Function::of(function).ok_or(PduError::Function { function })?;
        let mut reader = Reader::new(pdu.body());
        let request = Self::decode_body(function, &mut reader, dialect)?;
        reader.end()?;
        Ok(request)
    }

    fn decode_body(
        function: Function,
        reader: &mut Reader<'_>,
        dialect: Dialect,
    ) -> Result<Self, PduError> {
        Ok(match function {
            Function::ReadCoils => Self::ReadCoils(span(reader)?),
            Function::ReadDiscreteInputs => Self::ReadDiscreteInputs(span(reader)?),
            Function::ReadHoldingRegisters => Self::ReadHoldingRegisters(span(reader)?),
            Function::ReadInputRegisters => Self::ReadInputRegisters(span(reader)?),
            Function::WriteCoil => {
                let address = reader.u16()?;
                Self::WriteCoil { address, on: coil(reader.u16()?)? }
            }
            Function::WriteRegister if dialect == Dialect::Enron => {
                let [address, high, low] = [reader.u16()?, reader.u16()?, reader.u16()?];
                Self::WriteWideRegister { address, value: joined(high, low) }
            }
            Function::WriteRegister => {
                Self::WriteRegister { address: reader.u16()?, value: reader.u16()? }
            }
            Function::ReadExceptionStatus => Self::ReadExceptionStatus,
            Function::Diagnostics => Self::Diagnostics(Diagnostic::decode(reader)?),
            Function::ReadEventCounter => Self::ReadEventCounter,
            Function::ReadEventLog => Self::ReadEventLog,
            Function::WriteCoils => {
                let (address, count) = counted_from::<WRITE_BITS>(reader)?;
                let bytes = reader.counted()?;
                let bits = Bits::unpack(reader.take(bytes)?, count)?;
                within(address, count)?;
                Self::WriteCoils { address, bits }
            }
            Function::WriteRegisters => {
                let (address, count) = counted_from::<WRITE_REGISTERS>(reader)?;
                let words = registers(reader, count * dialect.words())?;
                within(address, count)?;
                Self::WriteRegisters { address, words, dialect }
            }
            Function::ReportServerId => Self::ReportServerId,
            Function::ReadFiles => Self::ReadFiles(FileReads::decode(reader)?),
            Function::WriteFiles => Self::WriteFiles(FileWrites::decode(reader)?),
            Function::MaskWriteRegister => Self::MaskWriteRegister {
                address: reader.u16()?,
                and: reader.u16()?,
                or: reader.u16()?,
            },
            Function::ReadWriteRegisters => {
                let (first, reads) = counted_from::<READ_REGISTERS>(reader)?;
                let (address, count) = counted_from::<READ_WRITE_REGISTERS>(reader)?;
                let words = registers(reader, count)?;
                within(address, count)?;
                Self::ReadWriteRegisters { read: Span::new(first, reads)?, address, words }
            }
            Function::ReadFifo => Self::ReadFifo { address: reader.u16()? },
            Function::Encapsulated => match reader.u8()? {
                0x0e => Self::ReadIdentification {
                    access: Access::of(reader.u8()?)?,
                    object: reader.u8()?,
                },
                kind => {
                    let body = Row::new(reader.take(reader.left())?.to_vec())?;
                    Self::Encapsulated { kind, body }
                }
            },
        })
    }
}

fn span<const MAX: u16>(reader: &mut Reader<'_>) -> Result<Span<MAX>, PduError> {
    Span::new(reader.u16()?, reader.u16()?)
}

/// An address and a count within its limit. The standard looks at all counts before it looks at an address: whether
/// they go together is the last thing to be refused.
fn counted_from<const MAX: u16>(reader: &mut Reader<'_>) -> Result<(u16, u16), PduError> {
    let (address, count) = (reader.u16()?, reader.u16()?);
    Span::<MAX>::new(0, count)?;
    Ok((address, count))
}

/// The words of a register of 32 bits, the upper one first.
pub(super) const fn halves(value: u32) -> [u16; 2] {
    [(value >> 16) as u16, (value & 0xffff) as u16]
}

/// The register of 32 bits of two words.
pub(super) fn joined(high: u16, low: u16) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

/// What function 05 has for on and off; everything else is refused.
pub(super) fn coil(value: u16) -> Result<bool, PduError> {
    match value {
        0xff00 => Ok(true),
        0 => Ok(false),
        value => Err(PduError::Value { what: "state of a coil (FF00 on, 0000 off)", value }),
    }
}

fn registers<const MAX: usize>(
    reader: &mut Reader<'_>,
    count: u16,
) -> Result<Row<u16, 1, MAX>, PduError> {
    let (bytes, expected) = (reader.counted()?, 2 * usize::from(count));
    if bytes != expected {
        return Err(PduError::ByteCount { count: bytes, expected });
    }
    Row::new(reader.words(bytes)?)
}

/// Bytes behind a byte that counts them.
pub(super) fn put_counted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend(bytes);
}

/// Registers behind a byte that counts their bytes.
pub(super) fn put_registers(out: &mut Vec<u8>, words: &[u16]) {
    out.push(u8::try_from(2 * words.len()).unwrap_or(u8::MAX));
    put_words(out, words);
}
