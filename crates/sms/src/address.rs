//! Telephone numbers, as people and as short messages write them.

use crate::alphabet;

/// The most digits of a number: 3GPP TS 23.040, 9.1.2.5.
pub const DIGITS: usize = 20;

/// The type of an address: international number of the ISDN plan.
const INTERNATIONAL: u8 = 0x91;
/// Nothing is known of the number but its plan.
const UNKNOWN: u8 = 0x81;
/// Letters instead of digits.
const ALPHANUMERIC: u8 = 0xD0;

/// A telephone number or, of a sender only, a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    kind: u8,
    text: String,
}

impl Number {
    /// Reads a number as it is typed: digits, `*`, `#`, with `+` in front of an international one.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, digits) = match text.strip_prefix('+') {
            Some(digits) => (INTERNATIONAL, digits),
            None => (UNKNOWN, text),
        };
        let is_number = !digits.is_empty()
            && digits.len() <= DIGITS
            && digits.bytes().all(|byte| nibble(byte).is_some());
        is_number.then(|| Self { kind, text: digits.to_ascii_lowercase() })
    }

    /// The same with the type that stands beside it in a command.
    pub fn typed(text: &str, kind: Option<u32>) -> Option<Self> {
        let mut number = Self::parse(text)?;
        if let Some(kind) = kind {
            number.kind = u8::try_from(kind).ok()?;
        }
        Some(number)
    }

    /// The type-of-address octet.
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// Whether it counts from the whole world.
    fn is_international(&self) -> bool {
        self.kind & 0x70 == 0x10
    }

    /// Whether both reach the same: with `+` and without are the same digits to a network that knows
    /// no countries.
    pub fn reaches(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Reads an address of a message: its length in digits, its type and its octets. Also how many
    /// octets it took.
    pub fn from_octets(octets: &[u8]) -> Option<(Self, usize)> {
        let ([digits, kind], rest) = octets.split_first_chunk::<2>()?;
        let count = usize::from(*digits);
        let length = count.div_ceil(2);
        if count > DIGITS {
            return None;
        }
        let packed = rest.get(..length)?;
        let text = if kind & 0x70 == 0x50 {
            alphabet::decode(&alphabet::unpack(packed, count * 4 / 7, 0))
        } else {
            read_digits(packed, count)?
        };
        Some((Self { kind: *kind, text }, 2 + length))
    }

    /// The address of a message.
    pub fn to_octets(&self, out: &mut Vec<u8>) {
        if self.kind & 0x70 == 0x50 {
            let septets = alphabet::encode(&self.text).unwrap_or_default();
            let packed = alphabet::pack(septets.get(..11).unwrap_or(&septets), 0);
            // Counted in half octets that are used.
            out.extend([(packed.len() * 2) as u8, ALPHANUMERIC]);
            out.extend(packed);
            return;
        }
        out.extend([self.text.len() as u8, self.kind]);
        write_digits(&self.text, out);
    }

    /// Reads a service centre: its length in octets, with the type counted. An empty one is `None`.
    pub fn from_centre(octets: &[u8]) -> Option<(Option<Self>, usize)> {
        let (length, rest) = octets.split_first()?;
        let length = usize::from(*length);
        let Some((kind, packed)) = rest.get(..length)?.split_first() else {
            return Some((None, 1));
        };
        if packed.len() > DIGITS / 2 {
            return None;
        }
        let digits = match packed.last() {
            Some(last) if last >> 4 == 0xF => packed.len() * 2 - 1,
            _ => packed.len() * 2,
        };
        let text = read_digits(packed, digits)?;
        Some((Some(Self { kind: *kind, text }), 1 + length))
    }

    /// The service centre in front of a message.
    pub fn to_centre(&self, out: &mut Vec<u8>) {
        out.extend([(1 + self.text.len().div_ceil(2)) as u8, self.kind]);
        write_digits(&self.text, out);
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plus = if self.is_international() { "+" } else { "" };
        write!(f, "{plus}{}", self.text)
    }
}

const NIBBLES: &[u8; 15] = b"0123456789*#abc";

fn nibble(byte: u8) -> Option<u8> {
    let place = NIBBLES.iter().position(|known| *known == byte.to_ascii_lowercase())?;
    u8::try_from(place).ok()
}

/// Two digits in an octet, the first in its lower half.
fn read_digits(packed: &[u8], count: usize) -> Option<String> {
    let halves = packed.iter().flat_map(|octet| [octet & 0xF, octet >> 4]);
    halves.take(count).map(|half| NIBBLES.get(usize::from(half)).copied().map(char::from)).collect()
}

fn write_digits(digits: &str, out: &mut Vec<u8>) {
    for pair in digits.as_bytes().chunks(2) {
        let half = |place: usize| pair.get(place).and_then(|byte| nibble(*byte)).unwrap_or(0xF);
        out.push(half(1) << 4 | half(0));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_what_people_write() {
        let number = Number::parse("+491701234567").unwrap();
        assert_eq!(number.to_string(), "+491701234567");
        let mut octets = Vec::new();
        number.to_octets(&mut octets);
        assert_eq!(octets, [12, 0x91, 0x94, 0x71, 0x10, 0x32, 0x54, 0x76]);
        assert!(number.reaches(&Number::parse("491701234567").unwrap()));
        for wrong in ["", "+", "12 34", "x", "123456789012345678901"] {
            assert_eq!(Number::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn an_address_comes_back(text in "\\+?[0-9*#abc]{1,20}") {
            let number = Number::parse(&text).unwrap();
            let mut octets = Vec::new();
            number.to_octets(&mut octets);
            prop_assert_eq!(Number::from_octets(&octets), Some((number.clone(), octets.len())));
            octets.clear();
            number.to_centre(&mut octets);
            prop_assert_eq!(Number::from_centre(&octets), Some((Some(number), octets.len())));
        }

        #[test]
        fn any_octets_are_an_address_or_none(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            for taken in [
                Number::from_octets(&octets).map(|(_, taken)| taken),
                Number::from_centre(&octets).map(|(_, taken)| taken),
            ].into_iter().flatten() {
                prop_assert!(taken <= octets.len());
            }
        }
    }
}
