//! The thread that writes the audit log.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::SystemTime;

use super::chain::{Head, place};
use super::{AuditError, Event, Stamped, State, failed};
use crate::limits;

/// The file, and what is still to be written to it.
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    head: Head,
    /// Whole lines that the disk hasn't taken; the first one perhaps in part.
    waiting: Vec<u8>,
    state: Arc<State>,
}

impl Writer {
    pub(super) fn open(path: &Path, state: Arc<State>) -> Result<Self, AuditError> {
        let file = open(path)?;
        let mut waiting = Vec::new();
        let head = head(&file, &mut waiting).map_err(failed(path))?;
        Ok(Self { path: path.to_owned(), file, head, waiting, state })
    }

    /// Writes until there is nobody left who could note anything.
    pub(super) fn run(mut self, queue: &Receiver<Stamped>) {
        while let Ok(first) = queue.recv() {
            self.add(&first);
            while let Ok(next) = queue.try_recv() {
                self.add(&next);
            }
            self.follow_the_name();
            while !self.write() {
                match queue.recv_timeout(limits::AUDIT_RETRY) {
                    Ok(next) => self.keep(&next),
                    Err(RecvTimeoutError::Timeout) => {}
                    // Nobody waits for a disk that may never come back.
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        }
    }

    /// Keeps an event for better times, if there is room.
    fn keep(&mut self, stamped: &Stamped) {
        if self.waiting.len() < limits::AUDIT_WAITING {
            self.add(stamped);
        } else {
            self.state.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn add(&mut self, stamped: &Stamped) {
        let lost = self.state.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let event = Event::new("events-lost").with("count", &lost.to_string());
            self.line(&Stamped { at: SystemTime::now(), event });
        }
        self.line(stamped);
    }

    fn line(&mut self, stamped: &Stamped) {
        let line = self.head.line(stamped);
        self.head = self.head.after(line.as_bytes());
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
    }

    /// Writes what waits; false when the disk doesn't take it now.
    fn write(&mut self) -> bool {
        let written = loop {
            match self.file.write(&self.waiting) {
                _ if self.waiting.is_empty() => break self.file.sync_data(),
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let failing = written.is_err();
        if self.state.failing.swap(failing, Ordering::Relaxed) != failing {
            match written {
                Err(error) => {
                    tracing::error!(%error, "the audit log {} can't be written", self.path.display())
                }
                Ok(()) => tracing::info!("the audit log {} is written again", self.path.display()),
            }
        }
        !failing
    }

    /// A log that was moved away, to be kept or compressed, is followed by a new one of the same
    /// name, whose first line goes on from the last one of the old.
    fn follow_the_name(&mut self) {
        let ours = self.file.metadata().map(|file| (file.dev(), file.ino()));
        let named = std::fs::metadata(&self.path).map(|file| (file.dev(), file.ino()));
        let same = matches!((&ours, &named), (Ok(ours), Ok(named)) if ours == named);
        // A part of a line belongs to the file that has its beginning.
        if same || self.state.failing.load(Ordering::Relaxed) {
            return;
        }
        match open(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => {
                tracing::error!(%error, "the audit log goes on in the file that was moved away")
            }
        }
    }
}

fn open(path: &Path) -> Result<File, AuditError> {
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).mode(0o600).open(path);
    let file = file.map_err(failed(path))?;
    if !file.metadata().map_err(failed(path))?.is_file() {
        return Err(failed(path)(io::Error::other("it is no ordinary file")));
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuditError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(path)(error)),
    }
}

/// Where the chain in a file ends. A last line that the power cut short is left as it is: its end
/// of line is to be written, and the next line vouches for what there is of it.
fn head(file: &File, waiting: &mut Vec<u8>) -> io::Result<Head> {
    let mut read = BufReader::new(file);
    let mut head = Head::START;
    let mut line = Vec::new();
    loop {
        line.clear();
        if read.by_ref().take(limits::AUDIT_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(head);
        }
        match line.strip_suffix(b"\n") {
            Some(line) => head = numbered(head, line).after(line),
            None => {
                waiting.push(b'\n');
                head = numbered(head, &line).after(&line);
            }
        }
    }
}

/// The first line of a file that goes on from another one says how far that was.
fn numbered(head: Head, line: &[u8]) -> Head {
    match place(line) {
        Some((n, before)) if head == Head::START => {
            Head { lines: n.saturating_sub(1), hash: before }
        }
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use super::super::verify;
    use super::*;

    #[test]
    fn what_the_disk_did_not_take_is_written_when_it_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.log");
        let state = Arc::new(State::default());
        let mut writer = Writer::open(&path, Arc::clone(&state)).expect("opened");
        let good = std::mem::replace(&mut writer.file, File::open(&path).expect("to read only"));
        let event = || Stamped { at: SystemTime::now(), event: Event::new("login") };
        writer.add(&event());
        assert!(!writer.write());
        assert!(state.failing.load(Ordering::Relaxed));
        while writer.waiting.len() < limits::AUDIT_WAITING {
            writer.keep(&event());
        }
        writer.keep(&event());
        writer.file = good;
        assert!(writer.write());
        assert!(!state.failing.load(Ordering::Relaxed));
        writer.add(&event());
        assert!(writer.write());
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.contains("\"events-lost\",\"count\":\"1\""));
        verify(text.as_bytes(), None).expect("whole");
    }

    #[test]
    fn a_device_is_no_log() {
        let opened = Writer::open(Path::new("/dev/full"), Arc::default());
        assert!(matches!(opened, Err(AuditError::File { .. })));
    }
}
