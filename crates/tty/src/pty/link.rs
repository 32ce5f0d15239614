//! A name for a pseudo-terminal that stays the same: a symbolic link.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use super::PtyError;
use crate::limits::PROCESS_DESCRIPTORS;

/// A link of ours, removed when dropped, unless it is somebody else's by then.
#[derive(Debug)]
pub(crate) struct Link {
    path: Box<Path>,
    target: Arc<Path>,
}

impl Link {
    /// Points `path` at `target`, in place of a link that a dead process left, and of nothing else.
    pub(crate) fn make(path: &Path, target: &Arc<Path>) -> Result<Self, PtyError> {
        check_free(path, target)?;
        replace(path, target).map_err(|source| PtyError::Link { link: path.to_owned(), source })?;
        Ok(Self { path: path.into(), target: Arc::clone(target) })
    }

    /// Points it elsewhere, without a moment at which the name is missing.
    pub(crate) fn point_to(&mut self, target: &Arc<Path>) -> Result<(), PtyError> {
        if !self.is_ours() {
            check_free(&self.path, target)?;
        }
        replace(&self.path, target)
            .map_err(|source| PtyError::Link { link: self.path.to_path_buf(), source })?;
        self.target = Arc::clone(target);
        Ok(())
    }

    fn is_ours(&self) -> bool {
        fs::read_link(&self.path).is_ok_and(|target| *target == *self.target)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn replace(path: &Path, target: &Path) -> io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(target, &beside)?;
    fs::rename(&beside, path).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

fn check_free(path: &Path, target: &Path) -> Result<(), PtyError> {
    let old = match fs::read_link(path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // What `readlink` says of anything that is no link.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Err(PtyError::NotALink(path.to_owned()));
        }
        Err(source) => return Err(PtyError::Link { link: path.to_owned(), source }),
    };
    let Some(number) = terminal_number(&old) else {
        return Err(PtyError::NotALink(path.to_owned()));
    };
    // The kernel gives numbers of dead terminals away again, also to ourselves.
    if old == target || !old.exists() {
        return Ok(());
    }
    match fellow_serving(number) {
        Some(pid) => Err(PtyError::InUse { link: path.to_owned(), pid }),
        None => Ok(()),
    }
}

fn terminal_number(path: &Path) -> Option<u32> {
    path.strip_prefix("/dev/pts").ok()?.to_str()?.parse().ok()
}

/// The process of this same program that holds the master of terminal `number`.
///
/// Any other holder is a terminal window or login that got a dead process's number.
fn fellow_serving(number: u32) -> Option<u32> {
    let own = fs::read_link("/proc/self/exe").ok()?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let process = entry.path();
        let fellow = fs::read_link(process.join("exe")).is_ok_and(|exe| exe == own);
        (fellow && holds_master(&process, number)).then_some(pid)
    })
}

fn holds_master(process: &Path, number: u32) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fdinfo")) else { return false };
    descriptors.flatten().take(PROCESS_DESCRIPTORS).any(|entry| {
        let mut text = String::new();
        let opened = File::open(entry.path());
        let read = opened.and_then(|file| file.take(4096).read_to_string(&mut text));
        read.is_ok() && master_number(&text) == Some(number)
    })
}

/// The terminal whose master a descriptor is, by its text in `/proc/…/fdinfo`.
fn master_number(text: &str) -> Option<u32> {
    text.lines().find_map(|line| line.strip_prefix("tty-index:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_known_by_its_path() {
        assert_eq!(terminal_number(Path::new("/dev/pts/12")), Some(12));
        assert_eq!(terminal_number(Path::new("/dev/pts/ptmx")), None);
        assert_eq!(terminal_number(Path::new("/dev/ttyS0")), None);
        assert_eq!(terminal_number(Path::new("/dev/pts")), None);
    }

    #[test]
    fn a_master_is_known_by_its_descriptor() {
        let text = "pos:\t0\nflags:\t02104002\nmnt_id:\t12\nino:\t2\ntty-index:\t7\n";
        assert_eq!(master_number(text), Some(7));
        assert_eq!(master_number("pos:\t0\nflags:\t02\n"), None);
    }
}
