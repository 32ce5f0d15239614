//! What a unit holds.

use crate::UnitId;
use crate::address::Table;
use crate::pdu::{Bits, Diagnostic, Exception, Pdu, Request, Response, Row};

/// What a unit holds, and does with what is written to it.
///
/// Counts are never zero and addresses never go beyond 65535. Whatever isn't there is
/// [`Exception::IllegalDataAddress`]; a write that is refused must leave everything as it was.
pub trait Model {
    /// Whether requests to this unit are for us. A broadcast is for every one of ours.
    fn is_ours(&self, unit: UnitId) -> bool;

    /// Bits of [`Table::Coils`] or [`Table::DiscreteInputs`], as many as asked for.
    fn read_bits(
        &mut self,
        unit: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<bool>, Exception>;

    /// Registers of [`Table::HoldingRegisters`] or [`Table::InputRegisters`], as many as asked for.
    fn read_words(
        &mut self,
        unit: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception>;

    /// Switches coils.
    fn write_bits(&mut self, unit: UnitId, address: u16, bits: &[bool]) -> Result<(), Exception>;

    /// Writes holding registers.
    fn write_words(&mut self, unit: UnitId, address: u16, words: &[u16]) -> Result<(), Exception>;

    /// Every other function: exception status, identity, files, queues.
    fn other(&mut self, unit: UnitId, request: &Request) -> Result<Response, Exception> {
        let _ = (unit, request);
        Err(Exception::IllegalFunction)
    }
}

/// What a model answers a request.
pub fn answer(model: &mut impl Model, unit: UnitId, asked: &Pdu) -> Pdu {
    let answered = Request::decode(asked)
        .map_err(|error| error.exception())
        .and_then(|request| carry_out(model, unit, &request));
    match answered {
        Ok(response) => response.encode(),
        Err(exception) => Pdu::exception(asked.function(), exception),
    }
}

fn carry_out(
    model: &mut impl Model,
    unit: UnitId,
    request: &Request,
) -> Result<Response, Exception> {
    // A model that gives another count than it was asked for has failed.
    let failed = |_| Exception::DeviceFailure;
    let words = |words: Vec<u16>, count: u16| {
        if words.len() != usize::from(count) {
            return Err(Exception::DeviceFailure);
        }
        Row::new(words).map_err(failed)
    };
    let bits = |bits: Vec<bool>, count: u16| {
        Bits::new(&bits).ok().filter(|bits| bits.count() == count).ok_or(Exception::DeviceFailure)
    };
    Ok(match request {
        Request::ReadCoils(span) => {
            let (address, count) = (span.address(), span.count());
            let read = model.read_bits(unit, Table::Coils, address, count)?;
            Response::ReadCoils(bits(read, count)?)
        }
        Request::ReadDiscreteInputs(span) => {
            let (address, count) = (span.address(), span.count());
            let read = model.read_bits(unit, Table::DiscreteInputs, address, count)?;
            Response::ReadDiscreteInputs(bits(read, count)?)
        }
        Request::ReadHoldingRegisters(span) => {
            let (address, count) = (span.address(), span.count());
            let read = model.read_words(unit, Table::HoldingRegisters, address, count)?;
            Response::ReadHoldingRegisters(words(read, count)?)
        }
        Request::ReadInputRegisters(span) => {
            let (address, count) = (span.address(), span.count());
            let read = model.read_words(unit, Table::InputRegisters, address, count)?;
            Response::ReadInputRegisters(words(read, count)?)
        }
        Request::WriteCoil { address, on } => {
            model.write_bits(unit, *address, &[*on])?;
            Response::WriteCoil { address: *address, on: *on }
        }
        Request::WriteRegister { address, value } => {
            model.write_words(unit, *address, &[*value])?;
            Response::WriteRegister { address: *address, value: *value }
        }
        Request::WriteWideRegister { address, value } => {
            model.write_words(unit, *address, &[(value >> 16) as u16, (value & 0xffff) as u16])?;
            Response::WriteWideRegister { address: *address, value: *value }
        }
        Request::WriteCoils { address, bits } => {
            model.write_bits(unit, *address, &bits.iter().collect::<Vec<_>>())?;
            Response::WriteCoils { address: *address, count: bits.count() }
        }
        Request::WriteRegisters { address, words, dialect } => {
            model.write_words(unit, *address, words)?;
            let count = u16::try_from(words.len()).unwrap_or(u16::MAX) / dialect.words();
            Response::WriteRegisters { address: *address, count }
        }
        Request::MaskWriteRegister { address, and, or } => {
            let read = model.read_words(unit, Table::HoldingRegisters, *address, 1)?;
            let word = read.first().ok_or(Exception::DeviceFailure)?;
            model.write_words(unit, *address, &[word & and | or & !and])?;
            Response::MaskWriteRegister { address: *address, and: *and, or: *or }
        }
        Request::ReadWriteRegisters { read, address, words: written } => {
            // Nothing is written for somebody who can't be answered.
            let (first, count) = (read.address(), read.count());
            model.read_words(unit, Table::HoldingRegisters, first, count)?;
            model.write_words(unit, *address, written)?;
            let read = model.read_words(unit, Table::HoldingRegisters, first, count)?;
            Response::ReadWriteRegisters(words(read, count)?)
        }
        Request::Diagnostics(Diagnostic::Echo(echo)) => {
            Response::Diagnostics { sub_function: 0, words: echo.clone() }
        }
        other => model.other(unit, other)?,
    })
}
