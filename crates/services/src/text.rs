//! Text of an owner on its way into a dialogue.

/// Whether a text can stand in a line of a dialogue: nothing in it ends one.
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// RFC 4648, 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) as usize & 63;
            let known = DIGITS.get(value).copied().filter(|_| digit <= three.len());
            text.push(known.unwrap_or(b'=').into());
        }
    }
    text
}
