//! Who is spoken to.

use std::fmt;

/// A unit on a bus, or everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u8);

impl UnitId {
    /// Everybody on a serial bus. Nobody answers.
    pub const BROADCAST: Self = Self(0);

    /// Whether nobody answers this on a serial bus.
    pub const fn is_broadcast(self) -> bool {
        self.0 == 0
    }

    /// Whether the standard leaves it without meaning on a serial bus (248 to 255).
    ///
    /// On TCP, 255 stands for the device itself.
    pub const fn is_reserved(self) -> bool {
        self.0 > 247
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
