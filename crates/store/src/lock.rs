//! One instance at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Held by the one instance that records calls; the system lets go of it when the process ends, however
/// it does.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock of the store at `store`. It is a file of its own: closing any descriptor of
    /// SQLite's own file would drop SQLite's locks.
    pub(crate) fn take(store: &Path) -> Result<Self, OpenError> {
        let path = beside(store);
        let failed = |source| OpenError::File { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.take(20).read_to_string(&mut text).ok();
                let by = read.and_then(|_| text.trim().parse().ok());
                return Err(OpenError::InUse { path: store.to_owned(), by });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Only the message of the next one who tries depends on it; a full disk doesn't matter here.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

/// Whether somebody holds the lock of the store at `store`.
pub(crate) fn is_held(store: &Path) -> bool {
    let lock = OpenOptions::new().read(true).open(beside(store));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
