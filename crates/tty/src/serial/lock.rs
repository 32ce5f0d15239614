//! UUCP lock files, by which dialling programs have kept out of each other's way since the eighties.
//!
//! `LCK..ttyS0` holds its owner's process id as ten columns of text (the HDB form). Whoever finds the
//! process dead may take the file away.
//!
//! Programs disagree on a port's name. `cu`, `uucico` and C-Kermit go by the last part of its path, C-Kermit by that of
//! the device behind a link; mgetty goes by all parts but the first, with underscores between them: `serial_by-id_x`.
//! `minicom` and `picocom` as Debian has them go by the kernel's lock alone.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::limits::{LOCK_CONTENT, LOCK_SETTLES, LOCK_TRIES, LONGEST_NAME};

/// The lock files of one port, removed when dropped.
#[derive(Debug, Default)]
pub(super) struct UucpLock {
    files: Vec<LockFile>,
}

/// One of a port's lock files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockFile {
    path: PathBuf,
    /// The device, where another port may have a file of the same name: links outside `/dev` may be called the same in
    /// many folders. Who locks by such a name has to say what.
    device: Option<PathBuf>,
}

/// Why a lock can't be had.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody else has it; the process, if the file tells.
    Held(Option<u32>),
    /// No lock file can be written here.
    Io(io::Error),
}

/// The lock files for a port by the name that it was given and by its own, as everybody else makes names of them.
pub(super) fn files(folder: &Path, name: &Path, device: &Path) -> Vec<LockFile> {
    let mut files: Vec<LockFile> = Vec::new();
    for (path, form) in [name, device].into_iter().flat_map(|path| forms(path).map(|f| (path, f))) {
        let Some(form) = form else { continue };
        let mut file = OsString::from("LCK..");
        file.push(form);
        let path_of = folder.join(file);
        if !files.iter().any(|known| known.path == path_of) {
            let elsewhere = path != device && !path.starts_with("/dev");
            files.push(LockFile { path: path_of, device: elsewhere.then(|| device.to_owned()) });
        }
    }
    files
}

/// A port's path as others make names of it: its last part, and all but the first.
fn forms(path: &Path) -> [Option<OsString>; 2] {
    let parts: Vec<&OsStr> = path.iter().skip_while(|part| *part == "/").skip(1).collect();
    let joined = (parts.len() > 1).then(|| parts.join(OsStr::new("_")));
    let joined = joined.filter(|name| name.len() < LONGEST_NAME);
    [path.file_name().map(OsStr::to_owned), joined]
}

/// Whether somebody else holds one of these, before the port is touched: opening it moves its lines.
pub(super) fn check(files: &[LockFile]) -> Result<(), LockError> {
    files.iter().try_for_each(|file| match file.holder()? {
        Holder::Nobody | Holder::Dead | Holder::OfAnother => Ok(()),
        Holder::Alive(pid) => Err(LockError::Held(pid)),
    })
}

impl UucpLock {
    /// Takes all of these or none; one that is another port's is left to it.
    pub(super) fn take(files: &[LockFile]) -> Result<Self, LockError> {
        let mut lock = Self::default();
        for file in files {
            if file.take()? == Taken::Ours {
                lock.files.push(file.clone());
            }
        }
        Ok(lock)
    }
}

impl Drop for UucpLock {
    fn drop(&mut self) {
        for file in &self.files {
            let content = Content::read(&file.path);
            if content.is_ok_and(|content| content.pid == Some(std::process::id())) {
                let _ = fs::remove_file(&file.path);
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Taken {
    Ours,
    OfAnother,
}

impl LockFile {
    fn take(&self) -> Result<Taken, LockError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let own = std::process::id();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let draft = self.path.with_file_name(format!("LTMP.{own}.{number}"));
        self.write_draft(&draft, own).map_err(LockError::Io)?;
        // A link appears with its content or not at all: nobody can find the lock file still empty.
        let taken = self.link_over_dead(&draft);
        let _ = fs::remove_file(&draft);
        taken
    }

    fn write_draft(&self, draft: &Path, pid: u32) -> io::Result<()> {
        match fs::remove_file(draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(draft)?;
        write!(file, "{pid:10}")?;
        if let Some(device) = &self.device {
            // Others read the number alone.
            write!(file, " trunkline ")?;
            file.write_all(device.as_os_str().as_bytes())?;
        }
        writeln!(file)
    }

    fn link_over_dead(&self, draft: &Path) -> Result<Taken, LockError> {
        for _ in 0..LOCK_TRIES {
            match fs::hard_link(draft, &self.path) {
                Ok(()) => return Ok(Taken::Ours),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(LockError::Io(error)),
            }
            match self.holder()? {
                Holder::Nobody => {}
                Holder::Alive(pid) => return Err(LockError::Held(pid)),
                Holder::OfAnother => return Ok(Taken::OfAnother),
                Holder::Dead => {
                    tracing::info!(file = %self.path.display(), "removing the lock file of a dead process");
                    fs::remove_file(&self.path).or_else(missing_is_fine).map_err(LockError::Io)?;
                }
            }
        }
        Err(LockError::Held(None))
    }

    fn holder(&self) -> Result<Holder, LockError> {
        let content = match Content::read(&self.path) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Holder::Nobody),
            Err(error) => return Err(LockError::Io(error)),
        };
        let own = std::process::id();
        let is_another =
            self.device.is_some() && content.device.is_some() && content.device != self.device;
        Ok(match content.pid {
            Some(pid) if is_another && (pid == own || is_alive(pid)) => Holder::OfAnother,
            // Ours, yet we don't hold it, or flock would have told: left by a process that had our number.
            Some(pid) if pid == own => Holder::Dead,
            Some(pid) if is_alive(pid) => Holder::Alive(Some(pid)),
            Some(_) => Holder::Dead,
            // Perhaps being written just now by a program that doesn't link.
            None if is_fresh(&self.path) => Holder::Alive(None),
            None => Holder::Dead,
        })
    }
}

enum Holder {
    Nobody,
    Dead,
    Alive(Option<u32>),
    /// One of our kind has locked another port of this name.
    OfAnother,
}

fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    test_kill_process(pid) != Err(Errno::SRCH)
}

fn is_fresh(file: &Path) -> bool {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < LOCK_SETTLES))
}

/// What a lock file says.
struct Content {
    pid: Option<u32>,
    /// The port, where one of our kind has written it.
    device: Option<PathBuf>,
}

impl Content {
    /// The process stands there as text or as the four bytes of the oldest form.
    fn read(file: &Path) -> io::Result<Self> {
        let mut content = Vec::new();
        fs::File::open(file)?.take(LOCK_CONTENT).read_to_end(&mut content)?;
        let mut words = content.trim_ascii().splitn(3, |byte| *byte == b' ');
        let first = words.next().and_then(|word| word.split(u8::is_ascii_whitespace).next());
        let pid = first.and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
        let four = || <[u8; 4]>::try_from(&content[..]).ok().map(u32::from_ne_bytes);
        let device = words.next().filter(|word| *word == b"trunkline").and(words.next());
        let device = device.map(|device| PathBuf::from(OsStr::from_bytes(device)));
        Ok(Self { pid: pid.or_else(four), device })
    }
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(folder: &Path) -> Result<UucpLock, LockError> {
        lock_as(folder, "/dev/modem", "/dev/ttyS0")
    }

    fn lock_as(folder: &Path, name: &str, device: &str) -> Result<UucpLock, LockError> {
        let files = files(folder, Path::new(name), Path::new(device));
        check(&files)?;
        UucpLock::take(&files)
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
    fn a_port_in_a_folder_is_locked_as_mgetty_and_as_the_others_name_it() {
        let folder = tempfile::tempdir().unwrap();
        let _held = lock_as(folder.path(), "/dev/serial/by-id/usb-x", "/dev/ttyUSB0").unwrap();
        let all = ["LCK..serial_by-id_usb-x", "LCK..ttyUSB0", "LCK..usb-x"];
        assert_eq!(names(folder.path()), all);
        fs::write(folder.path().join("LCK..pts_3"), "         1\n").unwrap();
        assert!(matches!(
            lock_as(folder.path(), "/dev/pts/3", "/dev/pts/3"),
            Err(LockError::Held(_))
        ));
    }

    #[test]
    fn links_of_one_name_in_two_folders_are_two_ports() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock_as(folder.path(), "/srv/a/modem", "/dev/ttyS0").unwrap();
        let second = lock_as(folder.path(), "/srv/b/modem", "/dev/ttyS1").unwrap();
        drop(second);
        assert_eq!(names(folder.path()), ["LCK..a_modem", "LCK..modem", "LCK..ttyS0"]);
        drop(first);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_link_outside_dev_is_held_by_whoever_does_not_say_what_he_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("LCK..modem");
        let again = || lock_as(folder.path(), "/srv/a/modem", "/dev/ttyS0");
        for (content, is_held) in [
            ("         1\n", true),
            ("         1 cu root\n", true),
            ("         1 trunkline /dev/ttyS0\n", true),
            ("         1 trunkline /dev/ttyS1\n", false),
        ] {
            fs::write(&file, content).unwrap();
            assert_eq!(again().is_err(), is_held, "{content}");
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
        }
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
