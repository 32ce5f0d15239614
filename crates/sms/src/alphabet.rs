//! The alphabet of short messages: seven bits, with a second table behind an escape.
//!
//! 3GPP TS 23.038, sections 6.1.2 and 6.2.1.

/// The first table; its place 0x1B is the escape, which has no character.
const FIRST: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// What stands behind the escape.
const SECOND: [(u8, char); 10] = [
    (0x0A, '\u{0c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Leads to the second table.
pub const ESCAPE: u8 = 0x1B;

/// The septets of a character, if the alphabet has it.
pub fn septets_of(character: char) -> Option<(Option<u8>, u8)> {
    if character == char::from(ESCAPE) {
        return None;
    }
    if let Some(place) = FIRST.iter().position(|known| *known == character) {
        return u8::try_from(place).ok().map(|septet| (None, septet));
    }
    let (septet, _) = SECOND.iter().find(|(_, known)| *known == character)?;
    Some((Some(ESCAPE), *septet))
}

/// The septets of a text; `None` if the alphabet lacks one of its characters.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for character in text.chars() {
        let (escape, septet) = septets_of(character)?;
        septets.extend(escape);
        septets.push(septet);
    }
    Some(septets)
}

/// The text of septets. What the second table lacks is read from the first, as the standard asks.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut rest = septets.iter();
    while let Some(septet) = rest.next() {
        if *septet != ESCAPE {
            text.extend(FIRST.get(usize::from(*septet & 0x7F)));
            continue;
        }
        let Some(second) = rest.next() else { break };
        let known = SECOND.iter().find(|(known, _)| known == second).map(|(_, known)| known);
        let first = FIRST.get(usize::from(*second & 0x7F));
        // A second escape is reserved for tables to come, and shown as a space.
        let first = first.map(|first| if *second == ESCAPE { &' ' } else { first });
        text.extend(known.or(first));
    }
    text
}

/// Packs septets into octets, behind `fill` bits that belong to a header before them.
pub fn pack(septets: &[u8], fill: usize) -> Vec<u8> {
    let mut octets = vec![0u8; (fill + septets.len() * 7).div_ceil(8)];
    for (place, septet) in septets.iter().enumerate() {
        let bit = fill + place * 7;
        let shifted = u16::from(*septet & 0x7F) << (bit % 8);
        if let Some(octet) = octets.get_mut(bit / 8) {
            *octet |= shifted as u8;
        }
        if let Some(octet) = octets.get_mut(bit / 8 + 1) {
            *octet |= (shifted >> 8) as u8;
        }
    }
    octets
}

/// Unpacks `count` septets, as far as there are octets for them, behind `fill` bits.
pub fn unpack(octets: &[u8], count: usize, fill: usize) -> Vec<u8> {
    let there = (octets.len() * 8).saturating_sub(fill) / 7;
    let octet = |place: usize| u16::from(octets.get(place).copied().unwrap_or(0));
    (0..count.min(there))
        .map(|place| {
            let bit = fill + place * 7;
            let both = octet(bit / 8) | octet(bit / 8 + 1) << 8;
            (both >> (bit % 8)) as u8 & 0x7F
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_everybody_s_book_is_packed_as_there() {
        let septets = encode("hellohello").unwrap();
        assert_eq!(pack(&septets, 0), [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37]);
    }

    #[test]
    fn the_second_table_is_reached_by_an_escape() {
        assert_eq!(encode("€[").unwrap(), [0x1B, 0x65, 0x1B, 0x3C]);
        assert_eq!(decode(&[0x1B, 0x65, 0x1B, 0x3C, 0x1B, 0x41, 0x1B]), "€[A");
        assert_eq!(encode("日"), None);
        assert_eq!(encode("\u{1b}"), None);
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(
            septets in prop::collection::vec(0u8..128, 0..161), fill in 0usize..7
        ) {
            let octets = pack(&septets, fill);
            prop_assert_eq!(unpack(&octets, septets.len(), fill), septets);
        }

        #[test]
        fn any_octets_unpack_and_decode(
            octets in prop::collection::vec(any::<u8>(), 0..200), count in 0usize..300
        ) {
            let septets = unpack(&octets, count, 0);
            prop_assert!(septets.len() <= count);
            let text = decode(&septets);
            prop_assert!(text.chars().count() <= septets.len());
        }

        #[test]
        fn a_text_of_the_alphabet_comes_back(septets in prop::collection::vec(0u8..128, 0..50)) {
            let text = decode(&septets);
            prop_assert_eq!(decode(&encode(&text).unwrap()), text);
        }
    }
}
