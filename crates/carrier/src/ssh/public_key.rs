//! Public keys as people keep them.

use std::fmt;
use std::str::FromStr;

use russh::keys::ssh_key;
use russh::keys::{Algorithm, HashAlg};

/// A public key, as a line of `authorized_keys` or a `.pub` file has it.
///
/// ```
/// use carrier::ssh::PublicKey;
///
/// let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQtTWVTzd2t27+t0DEHBPW7iOD23TUiYLio alice";
/// let key: PublicKey = line.parse()?;
/// assert!(key.fingerprint().starts_with("SHA256:"));
/// assert_eq!(key, key.to_string().parse()?);
/// # Ok::<(), carrier::ssh::PublicKeyError>(())
/// ```
#[derive(Clone)]
pub struct PublicKey(pub(super) ssh_key::PublicKey);

/// Why a text is no [`PublicKey`] that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not a line of `authorized_keys` without options.
    #[error(
        "not a public key; expected one line such as `ssh-ed25519 AAAA… comment`, as `ssh-keygen` writes it into the file that ends in `.pub`"
    )]
    NoKey,
    /// A private key, in the wrong place.
    #[error("this is a private key; give the public one, from the file that ends in `.pub`")]
    Private,
    /// A kind of key that is too weak or unknown.
    #[error("keys of this kind are not taken; use ed25519, ecdsa or rsa")]
    Kind,
    /// An RSA key that can be broken.
    #[error("an RSA key of {0} bits is too short; use at least 2048, or ed25519")]
    Short(u32),
}

/// The shortest RSA key that is taken.
const RSA_BITS: u32 = 2048;

impl PublicKey {
    /// How people compare keys: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Its kind, such as `ssh-ed25519`.
    pub fn kind(&self) -> String {
        self.0.algorithm().to_string()
    }

    /// Takes a key unless it is too weak to prove anything.
    pub(super) fn checked(key: ssh_key::PublicKey) -> Result<Self, PublicKeyError> {
        match key.algorithm() {
            Algorithm::Ed25519 | Algorithm::Ecdsa { .. } => Ok(Self(key)),
            Algorithm::Rsa { .. } => {
                let modulus = key.key_data().rsa().and_then(|rsa| rsa.n().as_positive_bytes());
                let bytes = modulus.map_or(0, <[u8]>::len);
                let zeros =
                    modulus.and_then(|bytes| bytes.first()).map_or(0, |b| b.leading_zeros());
                let bits = u32::try_from(bytes * 8).unwrap_or(u32::MAX).saturating_sub(zeros);
                if bits < RSA_BITS { Err(PublicKeyError::Short(bits)) } else { Ok(Self(key)) }
            }
            _ => Err(PublicKeyError::Kind),
        }
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(line: &str) -> Result<Self, PublicKeyError> {
        if line.contains("PRIVATE KEY") {
            return Err(PublicKeyError::Private);
        }
        let key = ssh_key::PublicKey::from_openssh(line.trim());
        Self::checked(key.map_err(|_| PublicKeyError::NoKey)?)
    }
}

impl PartialEq for PublicKey {
    /// The comment is not part of the key.
    fn eq(&self, other: &Self) -> bool {
        self.0.key_data() == other.0.key_data()
    }
}

impl Eq for PublicKey {}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fails only for a key that can't be encoded, and this one was decoded.
        f.write_str(&self.0.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.kind(), self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQtTWVTzd2t27+t0DEHBPW7iOD23TUiYLio";

    #[test]
    fn a_key_is_the_same_whatever_its_comment_says() {
        let plain: PublicKey = KEY.parse().unwrap();
        assert_eq!(plain, format!("{KEY} alice@pump-house\n").parse().unwrap());
        assert_eq!(plain.kind(), "ssh-ed25519");
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_remedy() {
        for (text, why) in [
            ("", PublicKeyError::NoKey),
            ("ssh-ed25519", PublicKeyError::NoKey),
            ("ssh-ed25519 AAAA", PublicKeyError::NoKey),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", PublicKeyError::Private),
        ] {
            assert_eq!(text.parse::<PublicKey>(), Err(why), "{text}");
        }
    }
}
