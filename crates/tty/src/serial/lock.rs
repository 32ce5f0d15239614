//! UUCP lock files, by which dialling programs have kept out of each other's way since the eighties.
//!
//! `LCK..ttyS0` holds its owner's process id as ten columns of text (the HDB form). Whoever finds the
//! process dead may take the file away.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::limits::{LOCK_SETTLES, LOCK_TRIES};

/// The lock files of one port, removed when dropped.
#[derive(Debug, Default)]
pub(super) struct UucpLock {
    files: Vec<PathBuf>,
}

/// Why a lock can't be had.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody else has it; the process, if the file tells.
    Held(Option<u32>),
    /// No lock file can be written here.
    Io(io::Error),
}

/// The lock files for a port by all its names: programs lock the name that they were given.
pub(super) fn files(folder: &Path, names: [&Path; 2]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = names
        .iter()
        .filter_map(|name| name.file_name())
        .map(|name| {
            let mut file = OsString::from("LCK..");
            file.push(name);
            folder.join(file)
        })
        .collect();
    files.dedup();
    files
}

/// Whether somebody else holds one of these, before the port is touched: opening it moves its lines.
pub(super) fn check(files: &[PathBuf]) -> Result<(), LockError> {
    files.iter().try_for_each(|file| match holder(file)? {
        Holder::Nobody | Holder::Dead => Ok(()),
        Holder::Alive(pid) => Err(LockError::Held(pid)),
    })
}

impl UucpLock {
    /// Takes all of these or none.
    pub(super) fn take(files: Vec<PathBuf>) -> Result<Self, LockError> {
        let mut lock = Self::default();
        for file in files {
            take_one(&file)?;
            lock.files.push(file);
        }
        Ok(lock)
    }
}

impl Drop for UucpLock {
    fn drop(&mut self) {
        for file in &self.files {
            if read_pid(file).is_ok_and(|pid| pid == Some(std::process::id())) {
                let _ = fs::remove_file(file);
            }
        }
    }
}

fn take_one(file: &Path) -> Result<(), LockError> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let draft = file.with_file_name(format!("LTMP.{own}.{number}"));
    write_draft(&draft, own).map_err(LockError::Io)?;
    // A link appears with its content or not at all: nobody can find the lock file still empty.
    let taken = link_over_dead(&draft, file);
    let _ = fs::remove_file(&draft);
    taken
}

fn write_draft(draft: &Path, pid: u32) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(draft)?;
    writeln!(file, "{pid:10}")
}

fn link_over_dead(draft: &Path, file: &Path) -> Result<(), LockError> {
    for _ in 0..LOCK_TRIES {
        match fs::hard_link(draft, file) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(LockError::Io(error)),
        }
        match holder(file)? {
            Holder::Nobody => {}
            Holder::Alive(pid) => return Err(LockError::Held(pid)),
            Holder::Dead => {
                tracing::info!(file = %file.display(), "removing the lock file of a dead process");
                fs::remove_file(file).or_else(missing_is_fine).map_err(LockError::Io)?;
            }
        }
    }
    Err(LockError::Held(None))
}

enum Holder {
    Nobody,
    Dead,
    Alive(Option<u32>),
}

fn holder(file: &Path) -> Result<Holder, LockError> {
    let pid = match read_pid(file) {
        Ok(pid) => pid,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(LockError::Io(error)),
    };
    Ok(match pid {
        // Ours, yet we don't hold it, or flock would have told: left by a process that had our number.
        Some(pid) if pid == std::process::id() => Holder::Dead,
        Some(pid) if is_alive(pid) => Holder::Alive(Some(pid)),
        Some(_) => Holder::Dead,
        // Perhaps being written just now by a program that doesn't link.
        None if is_fresh(file) => Holder::Alive(None),
        None => Holder::Dead,
    })
}

fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    test_kill_process(pid) != Err(Errno::SRCH)
}

fn is_fresh(file: &Path) -> bool {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < LOCK_SETTLES))
}

/// The process in a lock file, as text or as the four bytes of the oldest form.
fn read_pid(file: &Path) -> io::Result<Option<u32>> {
    let mut content = Vec::new();
    fs::File::open(file)?.take(64).read_to_end(&mut content)?;
    let text = std::str::from_utf8(&content).ok().and_then(|text| text.split_whitespace().next());
    if let Some(pid) = text.and_then(|word| word.parse().ok()) {
        return Ok(Some(pid));
    }
    Ok(<[u8; 4]>::try_from(&content[..]).ok().map(u32::from_ne_bytes))
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(folder: &Path) -> Result<UucpLock, LockError> {
        let files = files(folder, [Path::new("/dev/modem"), Path::new("/dev/ttyS0")]);
        check(&files)?;
        UucpLock::take(files)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_name_of_the_port_is_locked_in_the_form_others_read() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["LCK..modem", "LCK..ttyS0"]);
        let content = fs::read_to_string(folder.path().join("LCK..ttyS0")).unwrap();
        assert_eq!(content, format!("{:>10}\n", std::process::id()));
        drop(held);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_living_owner_keeps_the_port_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("LCK..ttyS0"), "         1 minicom root\n").unwrap();
        assert!(matches!(lock(folder.path()), Err(LockError::Held(Some(1)))));
        assert_eq!(names(folder.path()), ["LCK..ttyS0"]);
    }

    #[test]
    fn a_dead_owner_loses_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        fs::write(folder.path().join("LCK..modem"), format!("{:10}\n", dead.id())).unwrap();
        fs::write(folder.path().join("LCK..ttyS0"), dead.id().to_ne_bytes()).unwrap();
        let _held = lock(folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["LCK..modem", "LCK..ttyS0"]);
    }

    #[test]
    fn a_lock_left_by_a_process_that_had_our_number_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("LCK..ttyS0"), format!("{:10}\n", std::process::id()))
            .unwrap();
        lock(folder.path()).unwrap();
    }

    #[test]
    fn a_file_just_being_written_is_respected_and_an_old_empty_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LCK..ttyS0");
        let file = fs::File::create(&path).unwrap();
        assert!(matches!(lock(folder.path()), Err(LockError::Held(None))));
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        lock(folder.path()).unwrap();
    }

    #[test]
    fn a_lock_that_became_somebody_elses_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        fs::write(folder.path().join("LCK..ttyS0"), "         1\n").unwrap();
        drop(held);
        assert_eq!(names(folder.path()), ["LCK..ttyS0"]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_io_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(lock(&folder.path().join("none")), Err(LockError::Io(_))));
    }
}
