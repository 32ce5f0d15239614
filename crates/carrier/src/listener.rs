//! Waiting for callers.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use tokio::net::{TcpListener, UnixListener};
use tokio::time::{Sleep, sleep};

use crate::wire::{Peer, Wire};
use crate::{Caller, SocketOptions, limits};

/// A place where callers arrive.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use carrier::{AccessList, Call, CallOptions, ListenOptions, Listener};
///
/// let mut listener = Listener::tcp("127.0.0.1:0".parse()?, &ListenOptions::default())?;
/// let address = format!("tcp://{}", listener.local()).parse()?;
/// let options = CallOptions::default();
/// let call = carrier::dial(&address, &options, &AccessList::allow_all()).await?;
/// let caller = listener.accept().await?;
/// assert_eq!(caller.peer(), &call.local());
/// let answered: Call = caller.answer(&options)?;
/// # Ok(())
/// # }
/// ```
pub struct Listener {
    door: Door,
    pause: Option<Pause>,
}

enum Door {
    Tcp(TcpListener),
    /// The socket's file is removed with the listener.
    Unix(UnixListener, SocketFile),
}

/// What a listener's sockets are like.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// Callers that the kernel keeps while nobody accepts.
    pub backlog: u32,
    /// Which callers an IPv6 listener takes.
    pub v6: V6,
    /// For each caller's socket.
    pub socket: SocketOptions,
}

/// Which callers an IPv6 listener takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum V6 {
    /// IPv6 alone, so that another listener may have the same port on IPv4.
    Only,
    /// IPv4 as well, where the address is `::`.
    AndV4,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: limits::BACKLOG, v6: V6::AndV4, socket: SocketOptions::default() }
    }
}

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else listens there.
    #[error("{place} is in use")]
    InUse {
        /// Where.
        place: String,
        /// The system's word for it.
        source: io::Error,
    },
    /// The port is one of those that the system keeps for root.
    #[error(
        "can't listen on {place}: ports below 1024 are root's; start as root, let systemd open it, or give the program the \
         right: setcap cap_net_bind_service=ep PROGRAM"
    )]
    Privileged {
        /// Where.
        place: String,
    },
    /// The address is not one of this machine's, or the like.
    #[error("can't listen on {place}")]
    Refused {
        /// Where.
        place: String,
        /// The system's word for it.
        source: io::Error,
    },
}

impl ListenError {
    fn new(place: impl ToString, source: io::Error) -> Self {
        let place = place.to_string();
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { place, source },
            _ => Self::Refused { place, source },
        }
    }
}

/// Descriptors or memory ran out: how long to leave the callers to the kernel.
struct Pause {
    until: Pin<Box<Sleep>>,
    length: Duration,
}

impl Listener {
    /// Listens on a TCP port; port 0 takes a free one.
    pub fn tcp(address: SocketAddr, options: &ListenOptions) -> Result<Self, ListenError> {
        match open_tcp(address, options) {
            Ok(listener) => Ok(Self { door: Door::Tcp(listener), pause: None }),
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied && address.port() < 1024 =>
            {
                Err(ListenError::Privileged { place: address.to_string() })
            }
            Err(error) => Err(ListenError::new(address, error)),
        }
    }

    /// Listens on a UNIX socket. A file left behind by a listener that is gone is replaced.
    pub fn unix(path: &Path, options: &ListenOptions) -> Result<Self, ListenError> {
        match open_unix(path, options) {
            Ok(door) => Ok(Self { door, pause: None }),
            Err(error) => Err(ListenError::new(path.display(), error)),
        }
    }

    /// Takes a listener that was opened elsewhere (socket activation).
    pub fn from_tcp(listener: TcpListener, options: &ListenOptions) -> io::Result<Self> {
        options.socket.apply(&listener)?;
        Ok(Self { door: Door::Tcp(listener), pause: None })
    }

    /// Where it listens, with the port that was free.
    pub fn local(&self) -> Peer {
        match &self.door {
            Door::Tcp(listener) => {
                listener.local_addr().map_or(Peer::Internal("closed"), Peer::from)
            }
            Door::Unix(_, file) => Peer::Unix(Some(file.0.clone())),
        }
    }

    /// The next caller. Survives what passes (a caller who left in the queue, a lack of descriptors)
    /// and fails only when the listener itself is broken. Dropping the future loses nobody.
    pub async fn accept(&mut self) -> io::Result<Caller> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// [`accept`](Self::accept) for a task that waits for other things too.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Caller>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.until.as_mut().poll(cx));
            }
            let accepted = match &self.door {
                Door::Tcp(listener) => ready!(listener.poll_accept(cx))
                    .map(|(stream, peer)| (Wire::tcp(stream), peer.into())),
                Door::Unix(listener, _) => ready!(listener.poll_accept(cx))
                    .map(|(stream, peer)| (Wire::unix(stream), (&peer).into())),
            };
            match accepted {
                Ok((wire, peer)) => {
                    self.pause = None;
                    return Poll::Ready(Ok(Caller::new(wire, peer)));
                }
                Err(error) => self.recover(error)?,
            }
        }
    }

    fn recover(&mut self, error: io::Error) -> io::Result<()> {
        use rustix::io::Errno;
        let errno = error.raw_os_error().map(Errno::from_raw_os_error);
        match errno {
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP | Errno::FAULT)
            | None => Err(error),
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                let length =
                    self.pause.as_ref().map_or(limits::ACCEPT_PAUSE, |pause| pause.length * 2);
                let length = length.min(limits::ACCEPT_PAUSE_MAX);
                tracing::warn!(%error, pause_ms = length.as_millis(), "callers have to wait");
                self.pause = Some(Pause { until: Box::pin(sleep(length)), length });
                Ok(())
            }
            // accept(2): errors of the network that hit the caller show here, for this caller alone.
            Some(_) => {
                tracing::debug!(%error, "a caller left before being accepted");
                Ok(())
            }
        }
    }
}

fn open_tcp(address: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // A restarted exchange takes its port again although old calls linger in TIME-WAIT.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, options.v6 == V6::Only)?;
    }
    // Inherited by accepted sockets, so urgent data in a caller's first packet finds them set.
    options.socket.apply(&socket)?;
    bind(&socket, &address)?;
    listen(&socket, i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}

fn open_unix(path: &Path, options: &ListenOptions) -> io::Result<Door> {
    if is_abandoned(path) {
        std::fs::remove_file(path)?;
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    bind(&socket, &rustix::net::SocketAddrUnix::new(path)?)?;
    let file = SocketFile(path.to_owned());
    listen(&socket, i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(Door::Unix(UnixListener::from_std(socket.into())?, file))
}

/// A socket file that nobody answers. Anything else at the path is left alone.
fn is_abandoned(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let socket = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    socket
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
