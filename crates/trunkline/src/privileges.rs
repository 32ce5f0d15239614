//! Giving root up once everything is open.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use exchange::ExchangeConfig;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid, chownat, fstat, open};
use rustix::io::Errno;
use tty::{User, UserError};

/// Why root can't be given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivilegesError {
    /// There is no such user.
    #[error("`user` of [exchange]")]
    User(#[from] UserError),
    /// Only root can become somebody else.
    #[error("this process can't become user {user}; start it as root, or as {user}")]
    Become {
        /// His name.
        user: String,
        /// Why.
        source: io::Error,
    },
    /// A file can't be handed to him.
    #[error("{} can't be handed to user {user}", path.display())]
    HandOver {
        /// The file.
        path: PathBuf,
        /// His name.
        user: String,
        /// Why.
        source: io::Error,
    },
    /// He could not keep the store.
    #[error("user {user} may not write in {}; try: chown {user} {}", folder.display(), folder.display())]
    Folder {
        /// The folder of the store.
        folder: PathBuf,
        /// His name.
        user: String,
    },
}

/// Becomes the user that the configuration names, with everything that was opened until now; `terminals` are
/// the names of the lines' pseudo-terminals.
pub(crate) fn give_up(
    config: &ExchangeConfig,
    terminals: &[PathBuf],
) -> Result<(), PrivilegesError> {
    let Some(name) = &config.user else { return Ok(()) };
    let user = User::find(name)?;
    if user.uid == User::current()?.uid {
        return Ok(());
    }
    for path in files(config) {
        hand_over(&path, &user).map_err(|source| {
            let user = user.name.clone();
            PrivilegesError::HandOver { path: path.clone(), user, source }
        })?;
    }
    for link in terminals {
        // One that isn't there now is made later, as his.
        if let Some(terminal) =
            fs::canonicalize(link).ok().filter(|path| path.starts_with("/dev/pts"))
        {
            chown(&terminal, Some(user.uid), None).map_err(|source| {
                let user = user.name.clone();
                PrivilegesError::HandOver { path: terminal, user, source }
            })?;
        }
    }
    let refused = |source| PrivilegesError::Become { user: user.name.clone(), source };
    user.become_for_good().map_err(refused)?;
    if let Some(folder) = config.store.as_deref().and_then(Path::parent) {
        let told =
            |_| PrivilegesError::Folder { folder: folder.to_owned(), user: user.name.clone() };
        try_to_write(folder).map_err(told)?;
    }
    tracing::info!("running as user {} from now on", user.name);
    Ok(())
}

/// What this process has made as root and goes on using.
fn files(config: &ExchangeConfig) -> Vec<PathBuf> {
    let beside = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let mut files: Vec<PathBuf> = config.audit.iter().map(|audit| audit.file.clone()).collect();
    files.extend(crate::instance::pepper_path(config));
    if let Some(store) = &config.store {
        files.extend(["", "-wal", "-shm", ".lock"].map(|end| beside(store, end)));
    }
    files
}

/// Hands a file over, if it is there and nobody else's under another name: in a folder of his he could have
/// put a link to what isn't his.
///
/// The file is named and not opened: closing it would take away the locks by which SQLite, in this process, tells
/// others that it has the store open, and the next one who looks into it would remove its journal.
fn hand_over(path: &Path, user: &User) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        opened => opened?,
    };
    let found = fstat(&file)?;
    if found.st_uid == user.uid {
        return Ok(());
    }
    let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    if !is_file || found.st_nlink != 1 || found.st_uid != 0 {
        return Err(io::Error::other("it is no file of root's with one name"));
    }
    let (owner, group) = (Some(Uid::from_raw(user.uid)), Some(Gid::from_raw(user.gid)));
    Ok(chownat(&file, "", owner, group, AtFlags::EMPTY_PATH)?)
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".trunkline-{}", std::process::id()));
    drop(File::create_new(&path)?);
    fs::remove_file(path)
}
