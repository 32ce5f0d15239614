//! A unit that only remembers.

use crate::UnitId;
use crate::address::Table;
use crate::pdu::Exception;
use crate::slave::Model;

/// Four tables of one unit, each as large as it was made. What is written stays; everything else is refused.
#[derive(Clone, Debug)]
pub struct Memory {
    unit: UnitId,
    /// Bits that can be written.
    pub coils: Vec<bool>,
    /// Bits that can't.
    pub discrete_inputs: Vec<bool>,
    /// Registers that can't be written.
    pub input_registers: Vec<u16>,
    /// Registers that can.
    pub holding_registers: Vec<u16>,
}

impl Memory {
    /// Tables with `size` zeros each.
    pub fn new(unit: UnitId, size: usize) -> Self {
        Self {
            unit,
            coils: vec![false; size],
            discrete_inputs: vec![false; size],
            input_registers: vec![0; size],
            holding_registers: vec![0; size],
        }
    }
}

fn part<T: Clone>(table: &[T], address: u16, count: u16) -> Result<Vec<T>, Exception> {
    let start = usize::from(address);
    let part = table.get(start..start + usize::from(count));
    part.map(<[T]>::to_vec).ok_or(Exception::IllegalDataAddress)
}

fn change<T: Copy>(table: &mut [T], address: u16, values: &[T]) -> Result<(), Exception> {
    let start = usize::from(address);
    let part = table.get_mut(start..start + values.len()).ok_or(Exception::IllegalDataAddress)?;
    part.copy_from_slice(values);
    Ok(())
}

impl Model for Memory {
    fn is_ours(&self, unit: UnitId) -> bool {
        unit == self.unit
    }

    fn read_bits(
        &mut self,
        _: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<bool>, Exception> {
        match table {
            Table::Coils => part(&self.coils, address, count),
            _ => part(&self.discrete_inputs, address, count),
        }
    }

    fn read_words(
        &mut self,
        _: UnitId,
        table: Table,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, Exception> {
        match table {
            Table::InputRegisters => part(&self.input_registers, address, count),
            _ => part(&self.holding_registers, address, count),
        }
    }

    fn write_bits(&mut self, _: UnitId, address: u16, bits: &[bool]) -> Result<(), Exception> {
        change(&mut self.coils, address, bits)
    }

    fn write_words(&mut self, _: UnitId, address: u16, words: &[u16]) -> Result<(), Exception> {
        change(&mut self.holding_registers, address, words)
    }
}
