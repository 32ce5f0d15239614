//! Passwords that the program makes itself.

use std::fs::File;
use std::io::{self, Read as _};

/// Letters and digits that can't be taken for each other on paper; 32 of them, so each is worth 5 bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Makes a password of 80 bits in four groups, to be typed by hand: `k7fm-2hqp-9xtr-c4wd`.
///
/// # Errors
/// The system has no randomness.
pub(crate) fn make() -> io::Result<String> {
    let mut random = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(spell(&random))
}

fn spell(random: &[u8; 16]) -> String {
    let mut password = String::new();
    for (n, byte) in random.iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            password.push('-');
        }
        let [first, ..] = ALPHABET;
        password.push(char::from(*ALPHABET.get(usize::from(byte % 32)).unwrap_or(first)));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_easy_to_type_and_differ() {
        assert_eq!(spell(&[0; 16]), "aaaa-aaaa-aaaa-aaaa");
        let [one, other] = [make().unwrap(), make().unwrap()];
        assert_ne!(one, other);
        assert_eq!(one.len(), 19);
        assert!(one.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)));
    }
}
