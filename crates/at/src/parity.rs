//! Parity done in software, for equipment that talks 7 bits through a port that carries 8.

/// What bit 7 of a character is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Parity {
    /// Nothing: bit 7 is data, or always 0 in plain text.
    #[default]
    None,
    /// Bit 7 makes the number of ones odd.
    Odd,
    /// Bit 7 makes the number of ones even.
    Even,
    /// Bit 7 is always 1.
    Mark,
    /// Bit 7 is always 0.
    Space,
}

impl Parity {
    /// Reads the parity off the two raw characters of an `AT` or `at`.
    ///
    /// `None` when the pair fits more than one parity (`At`, `a/`) or fits none.
    pub fn of_prefix(first: u8, second: u8) -> Option<Self> {
        let mut fitting = [Self::None, Self::Odd, Self::Even, Self::Mark]
            .into_iter()
            .filter(|parity| parity.fits(first) && parity.fits(second));
        let only = fitting.next()?;
        fitting.next().is_none().then_some(only)
    }

    fn fits(self, raw: u8) -> bool {
        match self {
            Self::None => raw < 0x80,
            other => other.encode(raw) == raw,
        }
    }

    /// The character as it goes out with this parity. [`Parity::None`] changes nothing.
    pub fn encode(self, byte: u8) -> u8 {
        let plain = byte & 0x7F;
        let odd_ones = (plain.count_ones() as u8 & 1) << 7;
        match self {
            Self::None => byte,
            Self::Odd => plain | (odd_ones ^ 0x80),
            Self::Even => plain | odd_ones,
            Self::Mark => plain | 0x80,
            Self::Space => plain,
        }
    }

    /// Puts this parity on every byte, in place.
    pub fn apply(self, bytes: &mut [u8]) {
        if self != Self::None {
            bytes.iter_mut().for_each(|byte| *byte = self.encode(*byte));
        }
    }

    /// Takes bit 7 off every byte, in place, unless bit 7 is data.
    pub fn strip(self, bytes: &mut [u8]) {
        if self != Self::None {
            bytes.iter_mut().for_each(|byte| *byte &= 0x7F);
        }
    }

    /// The parity called `none`, `odd`, `even`, `mark` or `space`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Odd, Self::Even, Self::Mark, Self::Space]
            .into_iter()
            .find(|parity| parity.name() == name)
    }

    /// Its name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Odd => "odd",
            Self::Even => "even",
            Self::Mark => "mark",
            Self::Space => "space",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parity_is_read_off_both_spellings_of_the_prefix() {
        for parity in [Parity::Odd, Parity::Even, Parity::Mark, Parity::None] {
            for [a, t] in [*b"AT", *b"at"] {
                assert_eq!(Parity::of_prefix(parity.encode(a), parity.encode(t)), Some(parity));
            }
        }
    }

    #[test]
    fn the_bits_of_upper_and_lower_case_are_those_of_the_table() {
        assert_eq!(Parity::of_prefix(0x41, 0xD4), Some(Parity::Even));
        assert_eq!(Parity::of_prefix(0xC1, 0x54), Some(Parity::Odd));
        assert_eq!(Parity::of_prefix(0xE1, 0x74), Some(Parity::Even));
        assert_eq!(Parity::of_prefix(0x61, 0xF4), Some(Parity::Odd));
    }

    #[test]
    fn a_pair_that_fits_two_parities_tells_nothing() {
        assert_eq!(Parity::of_prefix(b'A', b't'), None);
        assert_eq!(Parity::of_prefix(b'a' | 0x80, b'/' | 0x80), None);
    }

    #[test]
    fn generated_parity_is_right_for_every_byte() {
        for byte in 0..=255u8 {
            assert_eq!(Parity::Even.encode(byte).count_ones() % 2, 0);
            assert_eq!(Parity::Odd.encode(byte).count_ones() % 2, 1);
            assert_eq!(Parity::None.encode(byte), byte);
            let mut marked = [byte];
            Parity::Mark.apply(&mut marked);
            assert_eq!(marked, [byte | 0x80]);
            Parity::Mark.strip(&mut marked);
            assert_eq!(marked, [byte & 0x7F]);
        }
    }

    #[test]
    fn a_parity_is_found_by_its_name() {
        assert_eq!(Parity::from_name("even"), Some(Parity::Even));
        assert_eq!(Parity::from_name("EVEN"), None);
    }
}
