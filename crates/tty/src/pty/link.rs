//! A name for a pseudo-terminal that stays the same: a symbolic link.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, Stat, fstat, lstat, open, stat};

use super::PtyError;
use crate::limits::PROCESS_DESCRIPTORS;

/// A link of ours, removed when dropped, unless it is somebody else's by then.
#[derive(Debug)]
pub(crate) struct Link {
    path: Box<Path>,
    /// The link itself, held open: it tells other processes that this one is alive and serves it.
    held: OwnedFd,
}

impl Link {
    /// Points `path` at `target`, in place of a link that a dead process left, and of nothing else.
    pub(crate) fn make(path: &Path, target: &Path) -> Result<Self, PtyError> {
        check_free(path, target)?;
        let held = replace(path, target).map_err(|source| failed(path, source))?;
        Ok(Self { path: path.into(), held })
    }

    /// Points it elsewhere, without a moment at which the name is missing.
    pub(crate) fn point_to(&mut self, target: &Path) -> Result<(), PtyError> {
        if !self.is_ours() {
            check_free(&self.path, target)?;
        }
        self.held = replace(&self.path, target).map_err(|source| failed(&self.path, source))?;
        Ok(())
    }

    fn is_ours(&self) -> bool {
        let ours = fstat(&self.held).ok().map(identity);
        ours.is_some() && ours == identity_of(&self.path)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Which link it is, among all files.
type Identity = (u64, u64);

fn identity(stat: Stat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

fn identity_of(link: &Path) -> Option<Identity> {
    lstat(link).ok().map(identity)
}

fn failed(link: &Path, source: io::Error) -> PtyError {
    PtyError::Link { link: link.to_owned(), source }
}

/// Puts a link in the place of whatever is there, and holds it.
fn replace(path: &Path, target: &Path) -> io::Result<OwnedFd> {
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(target, &beside)?;
    hold(&beside).and_then(|held| fs::rename(&beside, path).map(|()| held)).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

fn hold(link: &Path) -> io::Result<OwnedFd> {
    Ok(open(link, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

fn check_free(path: &Path, target: &Path) -> Result<(), PtyError> {
    let old = match fs::read_link(path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // What `readlink` says of anything that is no link.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Err(PtyError::NotALink(path.to_owned()));
        }
        Err(source) => return Err(failed(path, source)),
    };
    if !is_terminal(&old) {
        return Err(PtyError::NotALink(path.to_owned()));
    }
    // The kernel gives numbers of dead terminals away again, also to ourselves.
    if old == target || !old.exists() {
        return Ok(());
    }
    match fellow_serving(path) {
        Some(pid) => Err(PtyError::InUse { link: path.to_owned(), pid }),
        None => Ok(()),
    }
}

fn is_terminal(path: &Path) -> bool {
    let number = path.strip_prefix("/dev/pts").ok().and_then(Path::to_str);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The process of this same program that holds `link`.
///
/// Where the link leads tells nothing: the terminal's number may be another's by now, also one of this program's.
fn fellow_serving(link: &Path) -> Option<u32> {
    let link = identity_of(link)?;
    let own = program(Path::new("/proc/self"))?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let process = entry.path();
        let fellow = program(&process).is_some_and(|program| program == own);
        (fellow && holds(&process, link)).then_some(pid)
    })
}

/// The file that a process runs, or ran: it may have been replaced by a newer one since.
fn program(process: &Path) -> Option<PathBuf> {
    let exe = fs::read_link(process.join("exe")).ok()?;
    let name = exe.as_os_str().as_bytes();
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    Some(OsStr::from_bytes(name).into())
}

fn holds(process: &Path, link: Identity) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors
        .flatten()
        .take(PROCESS_DESCRIPTORS)
        .any(|entry| stat(entry.path()).is_ok_and(|stat| identity(stat) == link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_known_by_its_path() {
        assert!(is_terminal(Path::new("/dev/pts/12")));
        assert!(!is_terminal(Path::new("/dev/pts/ptmx")));
        assert!(!is_terminal(Path::new("/dev/ttyS0")));
        assert!(!is_terminal(Path::new("/dev/pts")));
    }
}
