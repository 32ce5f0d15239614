//! `+CSCS`: how texts look on the equipment's side.

use sms::{alphabet, hex};

/// A character set of the equipment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Charset {
    /// The alphabet of short messages, a septet in each byte.
    #[default]
    Gsm,
    /// ASCII.
    Ira,
    /// ISO 8859-1.
    Latin,
    /// The PC's first code page.
    Pc,
    /// Hexadecimal digits of UTF-16.
    Wide,
    /// Hexadecimal digits of the alphabet of short messages.
    Hex,
}

/// All of them, by the names that `+CSCS` has for them.
pub(super) const NAMES: [(&str, Charset); 6] = [
    ("GSM", Charset::Gsm),
    ("IRA", Charset::Ira),
    ("8859-1", Charset::Latin),
    ("PCCP437", Charset::Pc),
    ("UCS2", Charset::Wide),
    ("HEX", Charset::Hex),
];

/// The letters and signs of code page 437 from 0x80 on that the alphabet of short messages has too.
const CODE_PAGE: [(u8, char); 27] = [
    (0x80, 'Ç'),
    (0x81, 'ü'),
    (0x82, 'é'),
    (0x84, 'ä'),
    (0x85, 'à'),
    (0x86, 'å'),
    (0x8A, 'è'),
    (0x8D, 'ì'),
    (0x8E, 'Ä'),
    (0x8F, 'Å'),
    (0x90, 'É'),
    (0x91, 'æ'),
    (0x92, 'Æ'),
    (0x94, 'ö'),
    (0x95, 'ò'),
    (0x97, 'ù'),
    (0x99, 'Ö'),
    (0x9A, 'Ü'),
    (0x9C, '£'),
    (0x9D, '¥'),
    (0xA4, 'ñ'),
    (0xA5, 'Ñ'),
    (0xA8, '¿'),
    (0xAD, '¡'),
    (0xE1, 'ß'),
    (0xE2, 'Γ'),
    (0xE8, 'Φ'),
];

/// What stands for a character that a set lacks.
const LACKING: u8 = b'?';

impl Charset {
    pub(super) fn of(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, set)| *set)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, set)| *set == self).map_or("GSM", |(name, _)| name)
    }

    /// Reads what the equipment typed; `None` if it is not in this set.
    pub(super) fn read(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Gsm => Some(alphabet::decode(bytes)),
            Self::Ira => Some(bytes.iter().map(|byte| char::from(byte & 0x7F)).collect()),
            Self::Latin => Some(bytes.iter().copied().map(char::from).collect()),
            Self::Pc => Some(bytes.iter().map(|byte| from_code_page(*byte)).collect()),
            Self::Wide => {
                let octets = hex::read(bytes)?;
                let units = octets.chunks_exact(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0,
                });
                let whole = octets.len().is_multiple_of(2);
                whole.then(|| char::decode_utf16(units).collect::<Result<_, _>>().ok()).flatten()
            }
            Self::Hex => Some(alphabet::decode(&hex::read(bytes)?)),
        }
    }

    /// Writes a text between quotes for the equipment.
    pub(super) fn quoted(self, text: &str) -> Vec<u8> {
        [b"\"".as_slice(), &self.write(text), b"\""].concat()
    }

    /// Writes a text for the equipment.
    pub(super) fn write(self, text: &str) -> Vec<u8> {
        let each = |byte: fn(char) -> Option<u8>| {
            text.chars().map(|character| byte(character).unwrap_or(LACKING)).collect()
        };
        match self {
            Self::Gsm => septets(text),
            Self::Ira => each(|character| u8::try_from(character).ok().filter(u8::is_ascii)),
            Self::Latin => each(|character| u8::try_from(character).ok()),
            Self::Pc => each(to_code_page),
            Self::Wide => {
                let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
                hex::write(&octets).into_bytes()
            }
            Self::Hex => hex::write(&septets(text)).into_bytes(),
        }
    }
}

fn septets(text: &str) -> Vec<u8> {
    let known = |character| alphabet::septets_of(character).unwrap_or((None, LACKING));
    text.chars()
        .map(known)
        .flat_map(|(escape, septet)| escape.into_iter().chain([septet]))
        .collect()
}

fn from_code_page(byte: u8) -> char {
    match CODE_PAGE.iter().find(|(known, _)| *known == byte) {
        Some((_, character)) => *character,
        None if byte.is_ascii() => char::from(byte),
        None => char::from(LACKING),
    }
}

fn to_code_page(character: char) -> Option<u8> {
    let known = CODE_PAGE.iter().find(|(_, known)| *known == character).map(|(byte, _)| *byte);
    known.or_else(|| u8::try_from(character).ok().filter(u8::is_ascii))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sign_looks_as_each_set_has_it() {
        let text = "@é€";
        assert_eq!(Charset::Gsm.write(text), [0x00, 0x05, 0x1B, 0x65]);
        assert_eq!(Charset::Ira.write(text), b"@??");
        assert_eq!(Charset::Latin.write(text), [b'@', 0xE9, b'?']);
        assert_eq!(Charset::Pc.write(text), [b'@', 0x82, b'?']);
        assert_eq!(Charset::Wide.write(text), b"004000E920AC");
        assert_eq!(Charset::Hex.write(text), b"00051B65");
        assert_eq!(Charset::Wide.read(b"00"), None);
        assert_eq!(Charset::Hex.read(b"0G"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            for (_, set) in NAMES {
                if let Some(text) = set.read(&bytes) {
                    let _ = set.write(&text);
                }
            }
        }

        #[test]
        fn a_plain_text_comes_back_from_every_set(text in "[ -Z a-z\r\n]{0,60}") {
            for (_, set) in NAMES {
                prop_assert_eq!(set.read(&set.write(&text)), Some(text.clone()));
            }
        }
    }
}
