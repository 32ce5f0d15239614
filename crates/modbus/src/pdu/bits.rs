//! Coils and discrete inputs in a row.

use super::PduError;

/// 1 to `MAX` bits, eight in a byte, the first one lowest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bits<const MAX: u16> {
    packed: Vec<u8>,
    count: u16,
}

impl<const MAX: u16> Bits<MAX> {
    /// These bits.
    pub fn new(bits: &[bool]) -> Result<Self, PduError> {
        let count = Self::counted(bits.len())?;
        let pack =
            |byte: &[bool]| byte.iter().rev().fold(0u8, |packed, bit| packed << 1 | u8::from(*bit));
        Ok(Self { packed: bits.chunks(8).map(pack).collect(), count })
    }

    /// `count` bits from bytes; what the last byte holds beyond them is dropped.
    pub fn unpack(packed: &[u8], count: u16) -> Result<Self, PduError> {
        let count = Self::counted(usize::from(count))?;
        let expected = usize::from(count).div_ceil(8);
        if packed.len() != expected {
            return Err(PduError::ByteCount { count: packed.len(), expected });
        }
        let mut packed = packed.to_vec();
        if let (Some(last), used @ 1..) = (packed.last_mut(), count % 8) {
            *last &= 0xff >> (8 - used);
        }
        Ok(Self { packed, count })
    }

    fn counted(count: usize) -> Result<u16, PduError> {
        match u16::try_from(count) {
            Ok(few @ 1..) if few <= MAX => Ok(few),
            _ => Err(PduError::Count { count, least: 1, most: usize::from(MAX) }),
        }
    }

    /// How many.
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// The bit at `index`, if there are so many.
    pub fn get(&self, index: u16) -> Option<bool> {
        let byte = self.packed.get(usize::from(index / 8))?;
        (index < self.count).then_some(byte >> (index % 8) & 1 == 1)
    }

    /// Every bit.
    pub fn iter(&self) -> impl Iterator<Item = bool> + '_ {
        (0..self.count).filter_map(|index| self.get(index))
    }

    /// As they stand on the wire.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }
}
