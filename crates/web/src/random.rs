//! Numbers that nobody guesses.

use std::fs::File;
use std::io::{self, Read as _};

/// 256 bits in hexadecimal digits.
///
/// # Errors
/// The system has no randomness.
pub(crate) fn token() -> io::Result<String> {
    let mut random = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(hex(&random))
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a secret is known by, once it need not be told again.
pub(crate) type Digest = [u8; 32];

/// The digest of a secret.
pub(crate) fn digest(secret: &[u8]) -> Digest {
    use blake2::Digest as _;
    blake2::Blake2s256::digest(secret).into()
}
