//! A real serial port.

use std::io;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::Settings;

/// What happened at the port.
#[derive(Debug)]
pub enum SerialEvent {
    /// So many bytes are at the front of the buffer; never 0.
    Data(usize),
    /// The other side sent a BREAK, after all data given so far.
    Break,
    /// The incoming modem lines changed; only while [`Serial::watch_lines`] is on.
    Lines(ModemLines),
    /// The port is gone: unplugged, hung up by the kernel, or its pseudo-terminal closed. Drop this
    /// and open the path again when it is back.
    Lost,
}

/// A set of modem lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModemLines(u8);

impl ModemLines {
    /// No line.
    pub const NONE: Self = Self(0);
    /// Data terminal ready (an output of ours).
    pub const DTR: Self = Self(1);
    /// Request to send (an output of ours).
    pub const RTS: Self = Self(2);
    /// Clear to send.
    pub const CTS: Self = Self(4);
    /// Data set ready.
    pub const DSR: Self = Self(8);
    /// Data carrier detect.
    pub const DCD: Self = Self(16);
    /// Ring indicator.
    pub const RI: Self = Self(32);

    /// Whether all of `lines` are in this set.
    pub fn contains(self, lines: Self) -> bool {
        self.0 & lines.0 == lines.0
    }
}

impl std::ops::BitOr for ModemLines {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What the driver has counted since it was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Characters received.
    pub received: u32,
    /// Characters sent.
    pub sent: u32,
    /// Characters without a stop bit.
    pub framing: u32,
    /// Characters lost in the chip.
    pub overrun: u32,
    /// Characters with a wrong check bit.
    pub parity: u32,
    /// BREAKs.
    pub breaks: u32,
    /// Characters lost in the kernel's buffer.
    pub buffer_overrun: u32,
}

/// Which queue to empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Received, not yet read.
    Input,
    /// Written, not yet sent.
    Output,
    /// Both.
    Both,
}

/// How other programs are kept from the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockPolicy {
    /// A UUCP lock file in this folder (`/var/lock`), TIOCEXCL and flock.
    Uucp(PathBuf),
    /// TIOCEXCL and flock only.
    KernelOnly,
}

impl Default for LockPolicy {
    fn default() -> Self {
        Self::Uucp(PathBuf::from("/var/lock"))
    }
}

/// Why a serial port could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// There is no such device, or it can't be opened.
    #[error("cannot open {}: {source}", .path.display())]
    Open {
        /// The port asked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was opened is no terminal device.
    #[error("{} is not a serial port", .0.display())]
    NotASerialPort(PathBuf),
    /// Another program has the port.
    #[error("{} is in use{}", .path.display(), .pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    InUse {
        /// The port asked for.
        path: PathBuf,
        /// The program's process, where its lock file tells.
        pid: Option<u32>,
    },
    /// The port can't be set as asked.
    #[error("{} cannot be set to {speed} bit/s {format}: {source}", .path.display())]
    Settings {
        /// The port.
        path: PathBuf,
        /// Speed asked for.
        speed: u32,
        /// Format asked for.
        format: crate::Format,
        /// Why.
        source: io::Error,
    },
}

/// A real serial port.
#[derive(Debug)]
pub struct Serial {
    path: PathBuf,
}

impl Serial {
    /// Locks, opens and sets the port. Must be called inside the tokio runtime that will poll it.
    pub fn open(
        path: &Path,
        _settings: &Settings,
        _lock: &LockPolicy,
    ) -> Result<Self, SerialError> {
        Err(SerialError::NotASerialPort(path.to_owned()))
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next event. Data lands at the front of `buf`, which should hold 4 KiB.
    pub fn poll_event(
        &mut self,
        _cx: &mut Context<'_>,
        _buf: &mut [u8],
    ) -> Poll<io::Result<SerialEvent>> {
        Poll::Ready(Ok(SerialEvent::Lost))
    }

    /// Queues bytes to be sent, as many as there is room for. Waits while a BREAK is being sent.
    pub fn poll_write(&mut self, _cx: &mut Context<'_>, _data: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Ready when everything written has left the port.
    pub fn poll_drained(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Changes speed, format, flow control and the rest, at once.
    pub fn set(&mut self, _settings: &Settings) -> Result<(), SerialError> {
        Ok(())
    }

    /// Whether this port has modem lines at all. A pseudo-terminal hasn't.
    pub fn has_lines(&self) -> bool {
        false
    }

    /// The modem lines as they are; none on a port without.
    pub fn lines(&self) -> io::Result<ModemLines> {
        Ok(ModemLines::NONE)
    }

    /// Raises some of our outputs (DTR, RTS) and lowers others. Does nothing on a port without lines.
    pub fn set_lines(&mut self, _raise: ModemLines, _lower: ModemLines) -> io::Result<()> {
        Ok(())
    }

    /// Looks at the modem lines so often and reports changes, the first look included. `None` stops it.
    pub fn watch_lines(&mut self, _every: Option<Duration>) {}

    /// Sends a BREAK of this length after what is queued. Shorter and longer requests than 10 ms to
    /// 5 s are brought into these bounds.
    pub fn send_break(&mut self, _length: Duration) {}

    /// Bytes written but not sent.
    pub fn queued(&self) -> io::Result<usize> {
        Ok(0)
    }

    /// Throws away what is queued.
    pub fn discard(&mut self, _queue: Queue) -> io::Result<()> {
        Ok(())
    }

    /// The driver's error counts; `None` where it keeps none.
    pub fn counts(&self) -> Option<Counts> {
        None
    }
}
