//! Which registers of a unit have 32 bits.
//!
//! Flow computers of Enron and Daniel keep tables side by side, told apart by their numbers: 16-bit registers in one
//! range, 32-bit whole numbers and floating-point numbers in others, each under a single address. Makers who followed
//! them have chosen ranges of their own, so the owner says which.

use std::str::FromStr;

use thiserror::Error;

use crate::UnitId;
use crate::address::{AddressError, Range, Table};
use crate::limits::READ_REGISTERS;
use crate::pdu::{Dialect, Function, Pdu, PduError};

/// Registers of 32 bits in a row: `h:7001..8000`, or `h:7001..8000 unit 3` where only one unit has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WideRange {
    /// Which registers.
    pub range: Range,
    /// Whose; nothing: everybody's.
    pub unit: Option<UnitId>,
}

/// Why a text names no registers of 32 bits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WideError {
    /// It names nothing at all.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Bits have no width.
    #[error("{0} are bits: only registers (h: and i:) have 32 bits")]
    Bits(String),
    /// Something else stands behind the range.
    #[error("`{0}`: expected registers, such as h:7001..8000, or h:7001..8000 unit 3")]
    Form(String),
}

impl FromStr for WideRange {
    type Err = WideError;

    fn from_str(text: &str) -> Result<Self, WideError> {
        let (registers, unit) = match text.split_once(" unit ") {
            Some((registers, unit)) => {
                let unit = unit.trim().parse().map_err(|_| WideError::Form(text.to_owned()))?;
                (registers.trim(), Some(UnitId(unit)))
            }
            None => (text, None),
        };
        let range: Range = registers.parse()?;
        if !has_registers(range.first.table) {
            return Err(WideError::Bits(registers.to_owned()));
        }
        Ok(Self { range, unit })
    }
}

const fn has_registers(table: Table) -> bool {
    matches!(table, Table::HoldingRegisters | Table::InputRegisters)
}

/// All registers of 32 bits behind one way; none as a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wide(Vec<WideRange>);

impl FromIterator<WideRange> for Wide {
    fn from_iter<T: IntoIterator<Item = WideRange>>(ranges: T) -> Self {
        Self(ranges.into_iter().collect())
    }
}

impl Wide {
    /// How wide these are. Bits are of the standard's dialect.
    ///
    /// # Errors
    /// Some of them have 16 bits, and some 32: one request can't ask for both.
    pub fn dialect(&self, unit: UnitId, range: Range) -> Result<Dialect, PduError> {
        let Range { first, count } = range;
        let begin = u32::from(first.number);
        let end = begin + u32::from(count);
        let spans = || self.0.iter().filter_map(|wide| wide.span(unit, first.table));
        if !spans().any(|(from, to)| from < end && begin < to) {
            return Ok(Dialect::Standard);
        }
        let mut at = begin;
        while at < end {
            let mixed = PduError::Widths { address: first.number, count };
            // Each step goes beyond the one before.
            at = spans().find(|(from, to)| (*from..*to).contains(&at)).ok_or(mixed)?.1;
        }
        Ok(Dialect::Enron)
    }

    /// How wide the registers are that a request is about.
    ///
    /// # Errors
    /// It asks for registers of both widths, or for more than an answer holds.
    pub fn asked(&self, unit: UnitId, pdu: &Pdu) -> Result<Dialect, PduError> {
        let function = Function::of(pdu.function());
        let table = match function {
            Some(
                Function::ReadHoldingRegisters | Function::WriteRegister | Function::WriteRegisters,
            ) => Table::HoldingRegisters,
            Some(Function::ReadInputRegisters) => Table::InputRegisters,
            _ => return Ok(Dialect::Standard),
        };
        let Some([a, b, c, d]) = pdu.body().first_chunk() else { return Ok(Dialect::Standard) };
        let number = u16::from_be_bytes([*a, *b]);
        let count = match function {
            Some(Function::WriteRegister) => 1,
            _ => u16::from_be_bytes([*c, *d]),
        };
        let range = Range { first: crate::address::Address { table, number }, count };
        let dialect = self.dialect(unit, range)?;
        let most = READ_REGISTERS / dialect.words();
        if function != Some(Function::WriteRegisters) && range.count > most {
            let (count, most) = (usize::from(range.count), usize::from(most));
            return Err(PduError::Count { count, least: 1, most });
        }
        Ok(dialect)
    }
}

impl WideRange {
    /// Where they begin and end, if the unit has them and they stand in this table.
    fn span(&self, unit: UnitId, table: Table) -> Option<(u32, u32)> {
        let Range { first, count } = self.range;
        let is_its = self.unit.is_none_or(|own| own == unit);
        let begin = u32::from(first.number);
        (is_its && first.table == table).then_some((begin, begin + u32::from(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: UnitId = UnitId(3);

    fn wide(texts: &[&str]) -> Wide {
        texts.iter().map(|text| text.parse::<WideRange>().expect(text)).collect()
    }

    fn dialect(wide: &Wide, unit: u8, range: &str) -> Option<Dialect> {
        wide.dialect(UnitId(unit), range.parse().expect(range)).ok()
    }

    #[test]
    fn what_is_wide_is_told_by_its_numbers_and_both_widths_at_once_are_refused() {
        let (standard, enron) = (Some(Dialect::Standard), Some(Dialect::Enron));
        let wide = wide(&["h:7001..8000", "h:5001..6000", "h:6000+1", "i:7001..8000 unit 9"]);
        for (range, expected) in [
            ("h:7001..7003", enron),
            ("h:7999..8000", enron),
            ("h:5999..6001", enron),
            ("h:5001..6001", enron),
            ("h:7000..7001", standard),
            ("h:8000", standard),
            ("h:0..125", standard),
            ("h:7000..7002", None),
            ("h:7999..8001", None),
            ("h:5000..6002", None),
            ("h:6999..8002", None),
            ("i:7001", standard),
            ("c:7001..7010", standard),
        ] {
            assert_eq!(dialect(&wide, 3, range), expected, "{range}");
        }
        assert_eq!(dialect(&wide, 9, "i:7001"), enron, "its own");
        assert_eq!(dialect(&Wide::default(), 3, "h:7001..7003"), standard);
    }

    #[test]
    fn a_request_is_read_in_the_width_of_what_it_asks_for() {
        let wide = wide(&["h:7001..8000"]);
        let asked = |bytes: &[u8]| wide.asked(UNIT, &Pdu::new(bytes).expect("a PDU"));
        assert_eq!(asked(&[3, 0x1b, 0x59, 0, 62]), Ok(Dialect::Enron));
        assert_eq!(
            asked(&[3, 0x1b, 0x59, 0, 63]),
            Err(PduError::Count { count: 63, least: 1, most: 62 }),
            "an answer of 252 bytes of data fits no frame"
        );
        assert_eq!(asked(&[3, 0, 0, 0, 125]), Ok(Dialect::Standard));
        assert_eq!(asked(&[4, 0x1b, 0x59, 0, 1]), Ok(Dialect::Standard), "another table");
        assert_eq!(asked(&[0x10, 0x1b, 0x59, 0, 1, 4, 0, 0, 0, 0]), Ok(Dialect::Enron));
        assert_eq!(
            asked(&[3, 0x1b, 0x58, 0, 2]),
            Err(PduError::Widths { address: 7000, count: 2 })
        );
        assert_eq!(asked(&[6, 0x1b, 0x59, 0x42, 0xf6, 0xe9, 0x79]), Ok(Dialect::Enron));
        assert_eq!(asked(&[6, 0, 1, 0xff, 0xff]), Ok(Dialect::Standard), "a value is no count");
        for short in [&[3][..], &[3, 0x1b], &[0x10, 0x1b, 0x59, 0]] {
            assert_eq!(asked(short), Ok(Dialect::Standard), "the decoder says what is missing");
        }
    }

    #[test]
    fn what_names_no_registers_is_refused() {
        for text in ["", "7001", "c:1..9", "10001..10009", "h:1..2 unit", "h:1..2 unit x", "h:9..3"]
        {
            assert!(text.parse::<WideRange>().is_err(), "{text}");
        }
        let one: WideRange = "47002..48001 unit 12".parse().expect("as manuals write it");
        assert_eq!((one.range.first.number, one.range.count), (7001, 999));
        assert_eq!(one.unit, Some(UnitId(12)));
    }
}
