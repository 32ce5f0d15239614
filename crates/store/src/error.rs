//! What can go wrong with the store.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another instance keeps its records there.
    #[error(
        "the store {} is in use by another running instance{}; stop that one, or give this one a store of its own",
        path.display(),
        by.map_or(String::new(), |pid| format!(" (process {pid})"))
    )]
    InUse {
        /// The store.
        path: PathBuf,
        /// Its process, as it has written down.
        by: Option<u32>,
    },
    /// There is no such file.
    #[error("there is no store at {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file or its lock can't be made or opened.
    #[error("can't open the store {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is no store of trunkline's; name another file, or move this one away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program has made it.
    #[error(
        "the store {} was made by a newer trunkline (its form is {found}, this program knows up to {known}); use that program",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// An older program runs with it, so it can't be brought up to date.
    #[error(
        "the store {} is used by a running instance of an older trunkline; restart that one first",
        path.display()
    )]
    Older {
        /// The store.
        path: PathBuf,
    },
    /// SQLite refuses.
    #[error("can't use the store {}", path.display())]
    Fault {
        /// The store.
        path: PathBuf,
        /// What it says.
        #[source]
        source: Fault,
    },
    /// The thread that writes can't be started.
    #[error("can't start the thread that writes the store")]
    Thread(#[source] io::Error),
}

/// Why the store can't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is such an account already.
    #[error("there is already an account `{0}`")]
    AccountExists(String),
    /// The disk, or whoever else is at the file, doesn't let us.
    #[error("the store can't be used now")]
    Fault(#[from] Fault),
    /// So many wait already.
    #[error("too many changes wait for the store")]
    Busy,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

/// A call can't be put on record, and so must not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The disk is full or fails.
    #[error("the store can't be written")]
    Trouble,
    /// So many wait already.
    #[error("too many calls wait for the store")]
    Busy,
    /// The store is being closed, or this is a visitor's, which records no calls.
    #[error("the store is closed")]
    Closed,
}

/// What SQLite, or the disk under it, has said.
#[derive(Debug)]
pub struct Fault(rusqlite::Error);

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use rusqlite::ErrorCode;
        match self.0.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => f.write_str("the disk is full"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                f.write_str("another process holds it")
            }
            _ => self.0.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// The file is no database at all.
    pub(crate) fn is_foreign(&self) -> bool {
        self.0.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase)
    }
}
