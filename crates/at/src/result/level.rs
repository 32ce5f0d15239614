//! `X`: how much a modem listens to, and so how much it can tell.

/// The value of `X`. What lies above 4 reads like 4, as `X5` and `X7` do on the makers' modems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct XLevel(u8);

impl XLevel {
    /// The level a number names.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether `CONNECT` is followed by a rate.
    pub const fn shows_rate(self) -> bool {
        self.0 >= 1
    }

    /// Whether a missing dial tone is noticed.
    pub const fn hears_dial_tone(self) -> bool {
        self.0 == 2 || self.0 >= 4
    }

    /// Whether a busy tone is noticed.
    pub const fn hears_busy(self) -> bool {
        self.0 >= 3
    }
}

impl Default for XLevel {
    fn default() -> Self {
        Self(4)
    }
}
