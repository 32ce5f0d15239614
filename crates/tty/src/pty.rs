//! The modem's end of a pseudo-terminal.

use std::io;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::OpenWatch;

/// How a pseudo-terminal is offered to its clients.
#[derive(Clone, Debug, Default)]
pub struct PtyOptions {
    /// A name that stays the same, made as a symbolic link to the terminal: `/dev/pump-house`.
    pub link: Option<PathBuf>,
    /// Permission bits of the terminal, such as `0o660`; the system's choice (0620) by default.
    pub mode: Option<u32>,
    /// User id that owns the terminal; this process's user by default.
    pub owner: Option<u32>,
    /// Group id of the terminal; the system's choice (`tty`) by default.
    pub group: Option<u32>,
}

/// What happened at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PtyEvent {
    /// So many bytes from the client are at the front of the buffer; never 0.
    Data(usize),
    /// A client opened the terminal: DTR rises.
    Opened,
    /// The last client closed it: DTR falls. All it wrote was given before.
    Closed,
    /// A client changed its settings.
    Settings(ClientSettings),
}

/// What a client has set on its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Bits per second; while hung up, the last speed before.
    pub speed: u32,
    /// Speed B0 is set: the client drops DTR without closing.
    pub hung_up: bool,
    /// CRTSCTS is set.
    pub rts_cts: bool,
    /// IXON is set: the client obeys XON and XOFF.
    pub xon_xoff: bool,
}

/// Why a pseudo-terminal could not be offered.
#[derive(Debug, thiserror::Error)]
pub enum PtyError {
    /// The system gives no more pseudo-terminals or file descriptors.
    #[error("no pseudo-terminal to be had: {0}")]
    Open(#[source] io::Error),
    /// The link's name belongs to something that is not ours to remove.
    #[error("{} exists and is not a symbolic link to a terminal; remove it or choose another name", .0.display())]
    NotALink(PathBuf),
    /// The link is being served by a living process.
    #[error("{} is in use by process {pid}", .link.display())]
    InUse {
        /// The link asked for.
        link: PathBuf,
        /// The process that serves it.
        pid: u32,
    },
    /// The link can't be made.
    #[error("cannot make the link {}: {source}", .link.display())]
    Link {
        /// The link asked for.
        link: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Mode or owner can't be set.
    #[error("cannot set mode or owner of {}: {source}", .path.display())]
    Access {
        /// The terminal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The modem's end of a pseudo-terminal.
#[derive(Debug)]
pub struct PtyEnd {
    slave: PathBuf,
}

impl PtyEnd {
    /// Makes a terminal and its link. Must be called inside the tokio runtime that will poll it.
    pub fn open(_options: PtyOptions, _watch: &OpenWatch) -> Result<Self, PtyError> {
        Err(PtyError::Open(io::ErrorKind::Unsupported.into()))
    }

    /// The terminal that clients open, such as `/dev/pts/7`. Changes with [`hang_up`](Self::hang_up).
    pub fn slave(&self) -> &Path {
        &self.slave
    }

    /// Waits for the next event. Data lands at the front of `buf`, which should hold 4 KiB.
    pub fn poll_event(
        &mut self,
        _cx: &mut Context<'_>,
        _buf: &mut [u8],
    ) -> Poll<io::Result<PtyEvent>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Gives bytes to the client, as many as it has room for.
    ///
    /// While nobody has the terminal open they vanish, as they would on a wire: kept, they would meet
    /// the next client as something it never asked for.
    pub fn poll_write(&mut self, _cx: &mut Context<'_>, _data: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// What the client has set now.
    pub fn settings(&self) -> ClientSettings {
        ClientSettings { speed: 0, hung_up: false, rts_cts: false, xon_xoff: false }
    }

    /// Takes the terminal away from its client, which sees a hang-up, and offers a fresh one under the
    /// same link. The old one lives on for at most `patience`, until the client has read what was
    /// written before. If a client was there, the next event is [`PtyEvent::Closed`].
    pub fn hang_up(&mut self, _patience: Duration) -> Result<(), PtyError> {
        Err(PtyError::Open(io::ErrorKind::Unsupported.into()))
    }
}
