//! The keys by which callers recognise this host.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, HashAlg, PrivateKey};

use super::{PublicKey, server};
use crate::limits;

/// The keys by which callers recognise this host, and how they are answered. A clone is the same one.
#[derive(Clone)]
pub struct HostKeys {
    pub(super) config: Arc<russh::server::Config>,
    fingerprints: Vec<(String, String)>,
}

/// Why a host key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The file can't be read.
    #[error("can't read the host key {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be made.
    #[error("can't write a new host key to {}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could read it.
    #[error("the host key {} is open to others (mode {mode:03o}); try: chmod 600 {}", path.display(), path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a private key.
    #[error("{} is no private key in OpenSSH's format; `ssh-keygen -t ed25519 -N '' -f {}` makes one", path.display(), path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// Nobody is there to give the passphrase.
    #[error("the host key {} has a passphrase, which nobody could give when this program starts; take it off with `ssh-keygen -p -f {}`", path.display(), path.display())]
    Passphrase {
        /// Which file.
        path: PathBuf,
    },
    /// RSA, or something older.
    #[error("the host key {} is not of a kind that is used here; use ed25519 or ecdsa", path.display())]
    Kind {
        /// Which file.
        path: PathBuf,
    },
    /// There is none.
    #[error("there is no host key")]
    None,
    /// No randomness, most likely.
    #[error("a host key could not be made")]
    NotMade,
}

impl HostKeys {
    /// Reads the keys at `paths`; what isn't there is made, as an ed25519 key that only its owner may
    /// read.
    pub fn open(paths: &[PathBuf]) -> Result<Self, HostKeyError> {
        Self::new(paths.iter().map(|path| open(path)).collect::<Result<_, _>>()?)
    }

    /// As [`open`](Self::open), but makes nothing: what isn't there is left out.
    pub fn look(paths: &[PathBuf]) -> Result<Self, HostKeyError> {
        let there = paths.iter().filter(|path| path.exists());
        Self::new(there.map(|path| read(path)).collect::<Result<_, _>>()?)
    }

    /// A new key that is kept nowhere, for a process that nobody calls twice.
    pub fn passing() -> Result<Self, HostKeyError> {
        Self::new(vec![make()?])
    }

    fn new(keys: Vec<PrivateKey>) -> Result<Self, HostKeyError> {
        if keys.is_empty() {
            return Err(HostKeyError::None);
        }
        let shown = |key: &PrivateKey| {
            let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
            (key.algorithm().to_string(), fingerprint)
        };
        let fingerprints = keys.iter().map(shown).collect();
        Ok(Self { config: Arc::new(server::config(keys)), fingerprints })
    }

    /// Each key's kind and fingerprint, as `ssh` shows them at a first call.
    pub fn fingerprints(&self) -> &[(String, String)] {
        &self.fingerprints
    }

    /// The public halves.
    pub fn public(&self) -> impl Iterator<Item = PublicKey> {
        self.config.keys.iter().map(|key| PublicKey(key.public_key().clone()))
    }
}

impl std::fmt::Debug for HostKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HostKeys").field(&self.fingerprints).finish()
    }
}

fn open(path: &Path) -> Result<PrivateKey, HostKeyError> {
    let key = make()?;
    match write_new(path, &key) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(source) => Err(HostKeyError::Unwritable { path: path.into(), source }),
    }
}

fn make() -> Result<PrivateKey, HostKeyError> {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).map_err(|_| HostKeyError::NotMade)
}

fn write_new(path: &Path, key: &PrivateKey) -> io::Result<()> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    // Beside its place, so that whoever comes while it is written finds all of it or nothing.
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let new = PathBuf::from(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let placed = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&new, path));
    let removed = fs::remove_file(&new);
    placed.and(removed)
}

fn read(path: &Path) -> Result<PrivateKey, HostKeyError> {
    let unreadable = |source| HostKeyError::Unreadable { path: path.into(), source };
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, not of the path: nobody can swap it in between.
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(HostKeyError::Open { path: path.into(), mode });
    }
    let mut text = Vec::new();
    file.take(limits::SSH_KEY_FILE).read_to_end(&mut text).map_err(unreadable)?;
    let no_key = |_| HostKeyError::NoKey { path: path.into() };
    let key = PrivateKey::from_openssh(&text).map_err(no_key)?;
    match key.algorithm() {
        _ if key.is_encrypted() => Err(HostKeyError::Passphrase { path: path.into() }),
        Algorithm::Ed25519 | Algorithm::Ecdsa { .. } => Ok(key),
        _ => Err(HostKeyError::Kind { path: path.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let paths = [dir.path().join("host_key")];
        assert!(matches!(HostKeys::look(&paths), Err(HostKeyError::None)));
        let first = HostKeys::open(&paths).unwrap();
        let again = HostKeys::open(&paths).unwrap();
        assert_eq!(first.fingerprints(), again.fingerprints());
        assert_eq!(first.fingerprints(), HostKeys::look(&paths).unwrap().fingerprints());
        assert_eq!(fs::metadata(&paths[0]).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host_key");
        HostKeys::open(std::slice::from_ref(&path)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = HostKeys::open(&[path]).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn what_is_no_key_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host_key");
        write_new_text(&path, "hello");
        assert!(matches!(
            HostKeys::open(std::slice::from_ref(&path)),
            Err(HostKeyError::NoKey { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "hello");
    }

    fn write_new_text(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
