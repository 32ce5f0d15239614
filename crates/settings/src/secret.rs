//! Secrets: a type that can't be printed, and references to where a secret is kept.

use std::fmt;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use thiserror::Error;

use crate::limits;

/// Bytes that must not be seen: no `Display`, a `Debug` that says nothing, wiped when dropped.
pub struct Secret {
    /// Allocated once at its full size: a growing vector would leave copies behind.
    bytes: Vec<u8>,
}

impl Secret {
    /// An empty secret with room for `room` bytes.
    pub fn with_room(room: usize) -> Self {
        Self { bytes: Vec::with_capacity(room) }
    }

    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The bytes themselves; the name is what a reviewer searches for.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds a byte; says no when the room is used up.
    ///
    /// # Errors
    /// There is no room.
    pub fn push(&mut self, byte: u8) -> Result<(), Full> {
        if self.bytes.len() == self.bytes.capacity() {
            return Err(Full);
        }
        self.bytes.push(byte);
        Ok(())
    }

    /// Takes the last byte off.
    pub fn pop(&mut self) -> Option<u8> {
        let last = self.bytes.last_mut()?;
        let byte = std::mem::take(last);
        self.bytes.pop();
        Some(byte)
    }

    /// Overwrites what there is, and keeps the room.
    pub fn wipe(&mut self) {
        wipe(&mut self.bytes);
        self.bytes.clear();
    }

    /// Compares in a time that depends only on the longer of the two.
    pub fn same_as(&self, other: &Secret) -> bool {
        let longest = self.bytes.len().max(other.bytes.len());
        let mut differences = u8::from(self.bytes.len() != other.bytes.len());
        for i in 0..longest {
            let ours = self.bytes.get(i).copied().unwrap_or(0);
            let theirs = other.bytes.get(i).copied().unwrap_or(0);
            differences |= black_box(ours ^ theirs);
        }
        black_box(differences) == 0
    }
}

/// A secret has no room for another byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Overwrites bytes that held a secret.
pub fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // The compiler must believe that somebody reads the zeros, or it leaves the writes out.
    black_box(bytes);
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where a password is kept, as a configuration file says it.
///
/// - `file:PATH` — a file of one line, a password or its argon2id hash; a relative path starts at the
///   configuration file's directory. A file that everybody may read or write is refused: on such a system
///   the password is no secret, and a warning would go unread.
/// - `env:NAME` — an environment variable of the exchange's process.
/// - `$argon2id$…` or `$trunkline-machine$…` — its verifier, as `trunkline account add` writes it.
///
/// A bare password is refused, so that configuration files can be shown around.
#[derive(Clone, Debug)]
pub enum SecretRef {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
    /// Here, but only what it is compared with.
    Hash(String),
    /// In memory: made by the program itself.
    Given(Arc<Secret>),
}

impl PartialEq for SecretRef {
    /// The same place, be there what may.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Env(one), Self::Env(other)) | (Self::Hash(one), Self::Hash(other)) => {
                one == other
            }
            (Self::Given(one), Self::Given(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for SecretRef {}

impl SecretRef {
    /// Fetches the secret. Relative paths start at `base`.
    ///
    /// # Errors
    /// It isn't there, or not kept as a secret must be.
    pub fn resolve(&self, base: &Path) -> Result<Arc<Secret>, SecretError> {
        match self {
            Self::File(path) => read_file(&base.join(path)).map(Arc::new),
            Self::Env(name) => read_env(name).map(Arc::new),
            Self::Hash(hash) => Ok(Arc::new(Secret::new(hash.clone().into_bytes()))),
            Self::Given(secret) => Ok(Arc::clone(secret)),
        }
    }
}

impl FromStr for SecretRef {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.into())),
            _ if text.starts_with("$argon2") || text.starts_with("$trunkline-machine$") => {
                Ok(Self::Hash(text.into()))
            }
            // The text isn't quoted: it is most likely the password.
            _ => Err(SecretError::NotAReference),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Why a secret could not be had.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The text names no place.
    #[error(
        "expected file:PATH or env:NAME, or of a login's password its argon2id hash (`trunkline account add` makes one)"
    )]
    NotAReference,
    /// The file can't be read.
    #[error("can't read {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Everybody on the system may read or change the file.
    #[error("{} is open to everybody on this system (mode {mode:03o}); try: chmod o= {}", path.display(), path.display())]
    OpenToEverybody {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is too long for a secret.
    #[error("{} is longer than {} bytes: is it the right file?", path.display(), limits::SECRET_FILE)]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// There is nothing in it.
    #[error("{place} is empty")]
    Empty {
        /// Which file or variable.
        place: String,
    },
    /// The variable isn't set.
    #[error("the environment variable {name} is not set")]
    NotSet {
        /// Which variable.
        name: String,
    },
}

fn read_file(path: &Path) -> Result<Secret, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.into(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, not of the path: nobody can swap it in between.
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(SecretError::OpenToEverybody { path: path.into(), mode });
    }
    // A byte more than allowed tells a file that is too long from one that just fits.
    let room = usize::try_from(limits::SECRET_FILE).unwrap_or(usize::MAX).saturating_add(1);
    let mut secret = Secret { bytes: vec![0; room] };
    let mut length = 0;
    while let Some(rest) = secret.bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    if length == room {
        return Err(SecretError::TooLong { path: path.into() });
    }
    secret.bytes.truncate(length);
    strip_line_end(&mut secret);
    if secret.is_empty() {
        return Err(SecretError::Empty { place: path.display().to_string() });
    }
    Ok(secret)
}

fn read_env(name: &str) -> Result<Secret, SecretError> {
    use std::os::unix::ffi::OsStringExt;
    let value =
        std::env::var_os(name).ok_or_else(|| SecretError::NotSet { name: name.to_owned() })?;
    if value.is_empty() {
        return Err(SecretError::Empty { place: format!("the environment variable {name}") });
    }
    Ok(Secret::new(value.into_vec()))
}

fn strip_line_end(secret: &mut Secret) {
    if secret.bytes.last() == Some(&b'\n') {
        secret.pop();
        if secret.bytes.last() == Some(&b'\r') {
            secret.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permitted");
        (dir, path)
    }

    fn resolve(path: &Path) -> Result<Vec<u8>, SecretError> {
        SecretRef::File(path.into()).resolve(Path::new("/")).map(|s| s.expose().to_vec())
    }

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        let secret = Secret::new(b"hunter2".to_vec());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{:?}", SecretRef::Given(Arc::new(secret))), "Given(Secret(..))");
    }

    #[test]
    fn a_bare_password_is_refused_without_being_repeated() {
        let error = "hunter2".parse::<SecretRef>().unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("file:PATH"), "{error}");
    }

    #[test]
    fn a_secret_file_loses_its_line_end_and_nothing_else() {
        for content in [&b"se cret "[..], b"se cret \n", b"se cret \r\n"] {
            let (_dir, path) = file(content, 0o640);
            assert_eq!(resolve(&path).expect("resolved"), b"se cret ");
        }
    }

    #[test]
    fn a_secret_file_open_to_everybody_is_refused_with_the_remedy() {
        for mode in [0o644, 0o602, 0o601] {
            let (_dir, path) = file(b"x", mode);
            let error = resolve(&path).unwrap_err().to_string();
            assert!(error.contains("chmod o="), "{error}");
        }
    }

    #[test]
    fn an_empty_or_endless_secret_file_is_refused() {
        let (_dir, path) = file(b"\n", 0o600);
        assert!(matches!(resolve(&path), Err(SecretError::Empty { .. })));
        let (_dir, path) = file(&[b'x'; 4096], 0o600);
        assert_eq!(resolve(&path).expect("just fits").len(), 4096);
        let (_dir, path) = file(&[b'x'; 4097], 0o600);
        assert!(matches!(resolve(&path), Err(SecretError::TooLong { .. })));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let missing: SecretRef = "env:TRUNKLINE_TEST_NOT_SET".parse().expect("a reference");
        let error = missing.resolve(Path::new("/")).unwrap_err().to_string();
        assert!(error.contains("TRUNKLINE_TEST_NOT_SET"), "{error}");
    }

    #[test]
    fn lengths_and_contents_are_compared() {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
        assert!(secret("abc").same_as(&secret("abc")));
        assert!(!secret("abc").same_as(&secret("abd")));
        assert!(!secret("abc").same_as(&secret("ab")));
        assert!(!secret("abc").same_as(&secret("abc\0")));
        assert!(secret("").same_as(&secret("")));
    }
}
