//! Addresses as people write them: 40001, 400001, h:0.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::limits::READ_REGISTERS;
use crate::pdu::{Dialect, PduError, Request};

/// One of the four tables of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// 0xxxx: bits that can be written.
    Coils,
    /// 1xxxx: bits that can't.
    DiscreteInputs,
    /// 3xxxx: registers that can't be written.
    InputRegisters,
    /// 4xxxx: registers that can.
    HoldingRegisters,
}

impl Table {
    const ALL: [Self; 4] =
        [Self::Coils, Self::DiscreteInputs, Self::InputRegisters, Self::HoldingRegisters];

    /// What stands before a zero-based address.
    pub const fn letter(self) -> char {
        match self {
            Self::Coils => 'c',
            Self::DiscreteInputs => 'd',
            Self::InputRegisters => 'i',
            Self::HoldingRegisters => 'h',
        }
    }

    /// What stands before an address that begins at one.
    pub const fn digit(self) -> char {
        match self {
            Self::Coils => '0',
            Self::DiscreteInputs => '1',
            Self::InputRegisters => '3',
            Self::HoldingRegisters => '4',
        }
    }
}

/// An address in a table, as it goes on the wire: the first is 0.
///
/// It is printed both ways, since a manual's 40001 is h:0 and confusing them reads the neighbour's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// In which table.
    pub table: Table,
    /// On the wire.
    pub number: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, number } = self;
        let (letter, digit, first) = (table.letter(), table.digit(), u32::from(*number) + 1);
        let width = if first > 9999 { 5 } else { 4 };
        write!(f, "{letter}:{number} ({digit}{first:0width$})")
    }
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing of the kind.
    #[error(
        "{0} is no address: write h:100, i:100, c:100, d:100 (from 0 on), or 40101, 30101, 00101, 10101 (from 1 on; six digits are right too)"
    )]
    Form(String),
    /// Beyond the last one.
    #[error("{0} is beyond the last address: {1}")]
    Beyond(String, &'static str),
    /// A range that ends before it begins.
    #[error(
        "{0} holds nothing: the end of a range is not part of it, so h:100..102 are two registers"
    )]
    Empty(String),
    /// A range from one table into another.
    #[error("{0} begins in one table and ends in another")]
    Tables(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form(text.to_owned());
        if let Some((letter, number)) = text.split_once(':') {
            let table = Table::ALL
                .into_iter()
                .find(|table| letter.eq_ignore_ascii_case(&table.letter().to_string()));
            let number = digits(number).ok_or_else(form)?;
            let number = u16::try_from(number)
                .map_err(|_| AddressError::Beyond(text.to_owned(), "they end at 65535"))?;
            return Ok(Self { table: table.ok_or_else(form)?, number });
        }
        let first = text.chars().next().ok_or_else(form)?;
        let table = Table::ALL.into_iter().find(|table| table.digit() == first).ok_or_else(form)?;
        let number = text.get(1..).and_then(digits).ok_or_else(form)?;
        match (text.len(), number) {
            (5 | 6, 0) => Err(form()),
            (5, number) | (6, number @ ..=65_536) => {
                let number = u16::try_from(number - 1).map_err(|_| form())?;
                Ok(Self { table, number })
            }
            (6, _) => Err(AddressError::Beyond(text.to_owned(), "six digits end at x65536")),
            _ => Err(form()),
        }
    }
}

fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Addresses in a row: `h:100..110` (ten of them), `40101..40111`, `h:100+10`, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// The first.
    pub first: Address,
    /// How many.
    pub count: u16,
}

impl Range {
    /// The request that reads them, which refuses more than one request can.
    pub fn read(&self) -> Result<Request, PduError> {
        self.read_as(Dialect::Standard)
    }

    /// The same where registers are so wide.
    pub fn read_as(&self, dialect: Dialect) -> Result<Request, PduError> {
        let (address, count) = (self.first.number, self.count);
        let most = READ_REGISTERS / dialect.words();
        if dialect == Dialect::Enron && count > most {
            let (count, most) = (usize::from(count), usize::from(most));
            return Err(PduError::Count { count, least: 1, most });
        }
        match self.first.table {
            Table::Coils => Request::read_coils(address, count),
            Table::DiscreteInputs => Request::read_discrete_inputs(address, count),
            Table::InputRegisters => Request::read_input_registers(address, count),
            Table::HoldingRegisters => Request::read_holding_registers(address, count),
        }
    }
}

impl FromStr for Range {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form(text.to_owned());
        if let Some((first, count)) = text.split_once('+') {
            let first: Address = first.parse()?;
            let count = digits(count).and_then(|count| u16::try_from(count).ok());
            let count = count.ok_or_else(form)?;
            if count == 0 {
                return Err(AddressError::Empty(text.to_owned()));
            }
            return Self { first, count }.within(text);
        }
        let Some((first, end)) = text.split_once("..") else {
            return Ok(Self { first: text.parse()?, count: 1 });
        };
        let first: Address = first.parse()?;
        // Behind `h:` the end is a plain number, which may be 65536: the one behind the last.
        let end = match (text.contains(':'), end.contains(':')) {
            (true, false) => digits(end).ok_or_else(form)?,
            _ => {
                let end: Address = end.parse()?;
                if end.table != first.table {
                    return Err(AddressError::Tables(text.to_owned()));
                }
                u32::from(end.number)
            }
        };
        let count = end.checked_sub(first.number.into()).filter(|count| *count > 0);
        let count = count.ok_or_else(|| AddressError::Empty(text.to_owned()))?;
        let count = u16::try_from(count).map_err(|_| form())?;
        Self { first, count }.within(text)
    }
}

impl Range {
    fn within(self, text: &str) -> Result<Self, AddressError> {
        if u32::from(self.first.number) + u32::from(self.count) > 0x1_0000 {
            return Err(AddressError::Beyond(text.to_owned(), "they end at 65535"));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manuals_begin_at_one_and_the_wire_at_zero() {
        for (text, told) in [
            ("40001", "h:0 (40001)"),
            ("400001", "h:0 (40001)"),
            ("465536", "h:65535 (465536)"),
            ("30010", "i:9 (30010)"),
            ("00001", "c:0 (00001)"),
            ("19999", "d:9998 (19999)"),
            ("h:0", "h:0 (40001)"),
            ("H:9999", "h:9999 (410000)"),
        ] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()), Ok(told.into()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "", "h:", "h:65536", "x:1", "40000", "400000", "465537", "4001", "20001", "h:-1",
            "h:+1",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_end_of_a_range_is_not_part_of_it() {
        for (text, first, count) in [
            ("h:100..110", 100, 10),
            ("40101..40111", 100, 10),
            ("h:100+10", 100, 10),
            ("h:100..h:110", 100, 10),
            ("h:65535..65536", 65_535, 1),
            ("c:7", 7, 1),
        ] {
            let range: Range = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((range.first.number, range.count), (first, count), "{text}");
        }
        for text in
            ["h:5..5", "h:5..4", "h:1+0", "h:0..65537", "40001..30005", "h:65535+2", "h:1..x"]
        {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_is_read_by_the_function_of_its_table() {
        let read = |text: &str| text.parse::<Range>().expect("a range").read();
        assert_eq!(
            read("h:100..110").map(|request| request.encode().bytes().to_vec()),
            Ok(vec![3, 0, 100, 0, 10])
        );
        assert_eq!(
            read("10001+16").map(|request| request.encode().bytes().to_vec()),
            Ok(vec![2, 0, 0, 0, 16])
        );
        assert!(read("h:0..126").is_err());
    }
}
