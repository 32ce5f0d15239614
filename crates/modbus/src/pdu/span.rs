//! Addresses in a row.

use super::PduError;

/// 1 to `MAX` addresses in a row, none of them beyond 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span<const MAX: u16> {
    address: u16,
    count: u16,
}

impl<const MAX: u16> Span<MAX> {
    /// `count` addresses from `address` on.
    pub fn new(address: u16, count: u16) -> Result<Self, PduError> {
        // The standard's state diagrams look at the count first, and units are told apart by that.
        if count == 0 || count > MAX {
            let (count, most) = (usize::from(count), usize::from(MAX));
            return Err(PduError::Count { count, least: 1, most });
        }
        within(address, count)?;
        Ok(Self { address, count })
    }

    /// The first address.
    pub const fn address(self) -> u16 {
        self.address
    }

    /// How many.
    pub const fn count(self) -> u16 {
        self.count
    }
}

/// Refuses addresses beyond 65535.
pub(super) fn within(address: u16, count: u16) -> Result<(), PduError> {
    if u32::from(address) + u32::from(count) > 0x1_0000 {
        return Err(PduError::Address { address, count });
    }
    Ok(())
}
