//! Terminals that wait for what they expect: a program on a pseudo-terminal, the far side of a cable.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::time::timeout;

use crate::equipment::PATIENCE;

/// An open terminal. Tokio's pipes wait for any descriptor.
pub(crate) struct Terminal {
    reader: Receiver,
    writer: Sender,
}

impl Terminal {
    /// Opens it as a program does, under its stable name.
    pub(crate) fn open(path: &Path) -> Self {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
        Self::over(file.unwrap())
    }

    fn over(file: File) -> Self {
        let reader = Receiver::from_file_unchecked(file.try_clone().unwrap()).unwrap();
        Self { reader, writer: Sender::from_file_unchecked(file).unwrap() }
    }

    /// A cable: the far side, and the port on ours.
    pub(crate) fn cable() -> (Self, PathBuf) {
        let flags = OpenptFlags::from_bits_retain(OFlags::NONBLOCK.bits());
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC | flags;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let path = PathBuf::from(OsStr::from_bytes(path.as_bytes()));
        (Self::over(File::from(master)), path)
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }

    /// Sets this speed; 0 is B0, by which a program drops DTR.
    pub(crate) fn set_speed(&self, speed: u32) {
        let mut termios = tcgetattr(self.fd()).unwrap();
        termios.set_speed(speed).unwrap();
        tcsetattr(self.fd(), OptionalActions::Now, &termios).unwrap();
    }

    pub(crate) async fn say(&self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            timeout(PATIENCE, self.writer.writable()).await.expect("nothing is taken").unwrap();
            match self.writer.try_write(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Some bytes; an error is how a hang-up shows.
    pub(crate) async fn read(&self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 4096];
        loop {
            timeout(PATIENCE, self.reader.readable()).await.expect("nothing comes")?;
            match self.reader.try_read(&mut buffer) {
                Ok(length) => return Ok(buffer[..length].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads exactly what is expected.
    pub(crate) async fn hear(&self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut heard = Vec::new();
        while heard.len() < expected.len() {
            heard.extend(self.read().await.unwrap());
        }
        assert_eq!(heard.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    /// Reads up to `end`, which nothing follows.
    pub(crate) async fn hear_until(&self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            heard.extend(self.read().await.unwrap());
        }
        String::from_utf8_lossy(&heard).into_owned()
    }
}
