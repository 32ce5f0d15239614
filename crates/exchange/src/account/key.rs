//! Public keys and certificates that open an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use settings::Parsed;

use crate::limits;

/// A public key, as `~/.ssh/authorized_keys` has it: `ssh-ed25519 AAAA… comment`.
#[derive(Clone, PartialEq, Eq)]
pub struct SshKey {
    algorithm: String,
    encoded: String,
    blob: Vec<u8>,
}

impl SshKey {
    /// Its algorithm, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The key as it travels in the protocol (RFC 4253 section 6.6), its algorithm included.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }
}

impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshKey({})", self.algorithm)
    }
}

/// As a line of `authorized_keys`, without a comment.
impl fmt::Display for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.encoded)
    }
}

/// The text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a public key such as `ssh-ed25519 AAAA…`, as a line of an id_ed25519.pub has it")]
pub struct NoSshKey;

impl FromStr for SshKey {
    type Err = NoSshKey;

    fn from_str(text: &str) -> Result<Self, NoSshKey> {
        let mut words = text.split_ascii_whitespace();
        let (algorithm, encoded) = words
            .next()
            .zip(words.next())
            .filter(|_| text.len() <= limits::SSH_KEY)
            .ok_or(NoSshKey)?;
        let blob = base64(encoded).ok_or(NoSshKey)?;
        // The blob says its algorithm itself, as a length and a text; the two must agree.
        let length = u32::try_from(algorithm.len()).map_err(|_| NoSshKey)?.to_be_bytes();
        let agree = blob.strip_prefix(&length).is_some_and(|rest| {
            rest.len() > algorithm.len() && rest.starts_with(algorithm.as_bytes())
        });
        let (algorithm, encoded) = (algorithm.to_owned(), encoded.to_owned());
        if agree { Ok(Self { algorithm, encoded, blob }) } else { Err(NoSshKey) }
    }
}

impl<'de> Deserialize<'de> for SshKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(|Parsed(key)| key)
    }
}

/// Base64 with its padding, as OpenSSH writes it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.is_empty() || !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

/// The SHA-256 of a certificate: `sha256:` and 64 hexadecimal digits, in pairs with colons or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate whose SHA-256 is `digest`.
    pub const fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a certificate's fingerprint: `sha256:` and 64 hexadecimal digits, as `openssl x509 \
     -noout -fingerprint -sha256` prints them"
)]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let (kind, digits) = text.split_once([':', '=']).ok_or(NoFingerprint)?;
        // `SHA256 Fingerprint=` is what openssl writes.
        if !["sha256", "sha256 fingerprint"].contains(&kind.to_ascii_lowercase().as_str()) {
            return Err(NoFingerprint);
        }
        let digits: String = digits.chars().filter(|c| *c != ':').collect();
        crate::hex::decode(&digits).map(Self).ok_or(NoFingerprint)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(|Parsed(fingerprint)| fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `ssh-keygen` has written it.
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here";

    #[test]
    fn a_public_key_is_read_as_ssh_keygen_writes_it() {
        let key: SshKey = KEY.parse().expect("a key");
        assert_eq!(key.algorithm(), "ssh-ed25519");
        assert_eq!(key.blob().len(), 4 + 11 + 4 + 32);
        assert_eq!(key.blob().last(), Some(&31));
        assert_eq!(Some(key.to_string().as_str()), KEY.strip_suffix(" me@here"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 A",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
            "ssh-ed25519 !!!!",
            "ssh-ed25519 ====",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
        ] {
            assert_eq!(text.parse::<SshKey>(), Err(NoSshKey), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_read_as_openssl_writes_it() {
        let pairs = vec!["0A"; 32].join(":");
        for text in [
            format!("sha256:{}", "0a".repeat(32)),
            format!("sha256:{pairs}"),
            format!("SHA256 Fingerprint={pairs}"),
        ] {
            let read: Fingerprint = text.parse().expect("a fingerprint");
            assert_eq!(read, Fingerprint::of_digest([10; 32]));
            assert_eq!(read.to_string().parse(), Ok(read));
        }
        for text in ["", "sha256:", "md5:0a", "sha256:0a", &format!("sha256:{}", "0g".repeat(32))] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint), "{text}");
        }
    }
}
