//! The streams that a call can run on.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::task::{Context, Poll};

use tokio::net::{TcpStream, UnixStream};

use crate::{Duplex, socket};

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An IP address and port; IPv4 is shown as IPv4 even on an IPv6 socket.
    Net(SocketAddr),
    /// A UNIX socket; callers rarely have a path.
    Unix(Option<PathBuf>),
    /// A stream of the program's own.
    Internal(&'static str),
}

impl Peer {
    /// The IP address and port, if it has one.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Net(address) => Some(*address),
            Self::Unix(_) | Self::Internal(_) => None,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Net(canonical(address))
    }
}

impl From<&tokio::net::unix::SocketAddr> for Peer {
    fn from(address: &tokio::net::unix::SocketAddr) -> Self {
        Self::Unix(address.as_pathname().map(PathBuf::from))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => write!(f, "{address}"),
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(None) => f.write_str("unix:"),
            Self::Internal(name) => f.write_str(name),
        }
    }
}

/// IPv4 mapped into IPv6 as the IPv4 it is.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, address.port()),
        _ => address,
    }
}

/// The stream under a call.
pub(crate) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
    Wrapped(Box<dyn Duplex + Send>),
}

impl Wire {
    pub(crate) fn peer(&self) -> Peer {
        match self {
            Self::Tcp(stream) => stream.peer_addr().map_or(GONE, Peer::from),
            Self::Unix(stream) => stream.peer_addr().map_or(GONE, |address| Peer::from(&address)),
            Self::Wrapped(_) => Peer::Internal("internal"),
        }
    }

    pub(crate) fn local(&self) -> Peer {
        match self {
            Self::Tcp(stream) => stream.local_addr().map_or(GONE, Peer::from),
            Self::Unix(stream) => stream.local_addr().map_or(GONE, |address| Peer::from(&address)),
            Self::Wrapped(_) => Peer::Internal("internal"),
        }
    }

    /// The socket itself, where there is one.
    pub(crate) fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Tcp(stream) => Some(stream.as_fd()),
            Self::Unix(stream) => Some(stream.as_fd()),
            Self::Wrapped(_) => None,
        }
    }

    pub(crate) fn reset(self) {
        if let Self::Tcp(stream) = &self {
            // Fails only on a socket that is gone already, which is what is wanted.
            let _ = socket::reset_on_close(stream);
        }
    }

    /// Registers the socket anew, so that what has already arrived is announced once more.
    ///
    /// Needed after readiness was cleared although data is waiting, as peeking for more of it does.
    pub(crate) fn announced_anew(self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(TcpStream::from_std(stream.into_std()?)?),
            Self::Unix(stream) => Self::Unix(UnixStream::from_std(stream.into_std()?)?),
            wrapped @ Self::Wrapped(_) => wrapped,
        })
    }
}

/// Stands for the address of a socket whose far end left before it was asked.
const GONE: Peer = Peer::Internal("gone");

impl Duplex for Wire {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_read(cx, buf),
            Self::Unix(stream) => stream.poll_read(cx, buf),
            Self::Wrapped(stream) => stream.poll_read(cx, buf),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_write(cx, data),
            Self::Unix(stream) => stream.poll_write(cx, data),
            Self::Wrapped(stream) => stream.poll_write(cx, data),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            // A kernel socket keeps nothing back.
            Self::Tcp(_) | Self::Unix(_) => Poll::Ready(Ok(())),
            Self::Wrapped(stream) => stream.poll_flush(cx),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_shutdown(cx),
            Self::Unix(stream) => stream.poll_shutdown(cx),
            Self::Wrapped(stream) => stream.poll_shutdown(cx),
        }
    }
}
