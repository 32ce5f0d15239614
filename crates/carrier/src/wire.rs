//! The streams that a call can run on.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use telnet::{Event, NotSent, WindowSize};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};
use tty::Rest;

use crate::{Duplex, SocketOptions, socket};

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An IP address and port; IPv4 is shown as IPv4 even on an IPv6 socket.
    Net(SocketAddr),
    /// A UNIX socket; callers rarely have a path.
    Unix(Option<PathBuf>),
    /// A telephone number at a real modem: `modem:rack1/5551234`.
    Modem(String),
    /// A line of this process.
    Line(String),
    /// A stream of the program's own.
    Internal(&'static str),
}

impl Peer {
    /// The IP address and port, if it has one.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Net(address) => Some(*address),
            Self::Unix(_) | Self::Modem(_) | Self::Line(_) | Self::Internal(_) => None,
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
            Self::Modem(name) => f.write_str(name),
            Self::Line(name) => write!(f, "line:{name}"),
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
pub(crate) struct Wire {
    stream: Stream,
    arrivals: Arrivals,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Wrapped(Box<dyn Duplex + Send>),
}

/// Whether tokio knows of everything that has arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrivals {
    Known,
    /// Something may be waiting that was looked at and left, so that only news is announced.
    Forgotten,
}

impl Wire {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        Self { stream: Stream::Tcp(stream), arrivals: Arrivals::Known }
    }

    pub(crate) fn unix(stream: UnixStream) -> Self {
        Self { stream: Stream::Unix(stream), arrivals: Arrivals::Known }
    }

    pub(crate) fn wrapped(stream: Box<dyn Duplex + Send>) -> Self {
        Self { stream: Stream::Wrapped(stream), arrivals: Arrivals::Known }
    }

    pub(crate) fn peer(&self) -> Peer {
        match &self.stream {
            Stream::Tcp(stream) => stream.peer_addr().map_or(GONE, Peer::from),
            Stream::Unix(stream) => stream.peer_addr().map_or(GONE, |address| (&address).into()),
            Stream::Wrapped(stream) => stream.peer(),
        }
    }

    pub(crate) fn local(&self) -> Peer {
        match &self.stream {
            Stream::Tcp(stream) => stream.local_addr().map_or(GONE, Peer::from),
            Stream::Unix(stream) => stream.local_addr().map_or(GONE, |address| (&address).into()),
            Stream::Wrapped(stream) => stream.local(),
        }
    }

    pub(crate) fn socket(&self) -> Option<BorrowedFd<'_>> {
        match &self.stream {
            Stream::Tcp(stream) => Some(stream.as_fd()),
            Stream::Unix(stream) => Some(stream.as_fd()),
            Stream::Wrapped(stream) => stream.socket(),
        }
    }

    /// A second descriptor of the socket, where its bytes are the stream's.
    pub(crate) fn lend(&self) -> Option<OwnedFd> {
        let socket = match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Wrapped(_) => return None,
        };
        socket.try_clone_to_owned().ok()
    }

    /// Somebody else has read, so that tokio knows nothing of what may be left.
    pub(crate) fn was_lent(&mut self) {
        self.arrivals = Arrivals::Forgotten;
    }

    pub(crate) fn apply(&self, options: &SocketOptions) -> io::Result<()> {
        match &self.stream {
            Stream::Tcp(stream) => options.apply(stream),
            Stream::Unix(_) | Stream::Wrapped(_) => Ok(()),
        }
    }

    pub(crate) fn reset(mut self) {
        self.abort();
    }

    /// From now on, dropping it resets the connection.
    pub(crate) fn abort(&mut self) {
        match &mut self.stream {
            // Fails only on a socket that is gone already, which is what is wanted.
            Stream::Tcp(stream) => drop(socket::reset_on_close(stream)),
            Stream::Unix(_) => {}
            Stream::Wrapped(stream) => stream.abort(),
        }
    }

    /// Shows what a stream that was made of another one has ready; `None` for a socket, at which
    /// [`look`](Self::look) looks.
    pub(crate) fn poll_look(&mut self, cx: &mut Context<'_>) -> Option<Poll<io::Result<&[u8]>>> {
        match &mut self.stream {
            Stream::Tcp(_) | Stream::Unix(_) => None,
            Stream::Wrapped(stream) => Some(stream.poll_look(cx)),
        }
    }

    /// Looks, now and whenever something arrives, until `look` has seen enough. Nothing is taken from
    /// the socket, and nothing is spent while data wait that nobody reads.
    ///
    /// Pending for good when the far end has finished and there is still not enough to be seen.
    pub(crate) fn poll_watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut look: impl FnMut(BorrowedFd<'_>) -> io::Result<Option<T>>,
    ) -> Poll<io::Result<T>> {
        self.arrivals = Arrivals::Forgotten;
        let mut looks = 0;
        loop {
            ready!(match &self.stream {
                Stream::Tcp(stream) => stream.poll_read_ready(cx),
                Stream::Unix(stream) => stream.poll_read_ready(cx),
                Stream::Wrapped(_) => Poll::Pending,
            })?;
            // An end makes a socket ready for good, so that waiting for more would be spinning.
            let over = looks > 0 && self.look(is_hung_up).unwrap_or(true);
            looks += 1;
            // `try_io` clears the readiness that it started from, so what comes in between is not lost.
            let would_block = || io::Error::from(io::ErrorKind::WouldBlock);
            let seen = match &self.stream {
                Stream::Tcp(stream) => stream
                    .try_io(Interest::READABLE, || look(stream.as_fd())?.ok_or_else(would_block)),
                Stream::Unix(stream) => stream
                    .try_io(Interest::READABLE, || look(stream.as_fd())?.ok_or_else(would_block)),
                Stream::Wrapped(_) => return Poll::Pending,
            };
            match seen {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if over {
                        return Poll::Pending;
                    }
                }
                seen => return Poll::Ready(seen),
            }
        }
    }

    /// Looks once at what waits to be read.
    pub(crate) fn look<T>(&self, look: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
        match &self.stream {
            Stream::Tcp(stream) => Some(look(stream.as_fd())),
            Stream::Unix(stream) => Some(look(stream.as_fd())),
            Stream::Wrapped(_) => None,
        }
    }

    /// Ready when the far end has closed and nothing that it sent is left to read.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Stream::Wrapped(stream) = &mut self.stream {
            return stream.poll_closed(cx);
        }
        self.poll_watch(cx, |socket| Ok((peek(socket, &mut [0; 1])? == Some(0)).then_some(())))
    }

    /// Ready when the far end has finished sending, or is gone, whatever is left to read.
    pub(crate) fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Stream::Wrapped(stream) = &mut self.stream {
            return stream.poll_hung_up(cx);
        }
        self.poll_watch(cx, |socket| Ok(is_hung_up(socket).then_some(()))).map(|_| ())
    }

    /// Reads what was looked at and left, of which tokio does not know any more.
    fn read_forgotten(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        let read = match &self.stream {
            Stream::Tcp(stream) => tty::receive(stream, buf),
            Stream::Unix(stream) => recv(stream, &mut *buf, RecvFlags::DONTWAIT)
                .map(|(_, read)| {
                    (read, if read < buf.len() { Rest::Nothing } else { Rest::Perhaps })
                })
                .map_err(io::Error::from),
            Stream::Wrapped(_) => return None,
        };
        match read {
            Ok((read, Rest::Perhaps)) => Some(Ok(read)),
            // All that was there, and news will be announced.
            Ok((read, Rest::Nothing)) => {
                self.arrivals = Arrivals::Known;
                Some(Ok(read))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => self.read_forgotten(buf),
                io::ErrorKind::WouldBlock => {
                    self.arrivals = Arrivals::Known;
                    None
                }
                _ => Some(Err(error)),
            },
        }
    }
}

/// Reads what has arrived. tokio's own way takes a read that is shorter than its room for the last one there is, but one
/// also ends before a byte that was sent as urgent, and what is behind it would wait for ever.
fn poll_receive(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let mut all = None;
        let received = stream.try_io(Interest::READABLE, || match tty::receive(stream, buf)? {
            (read, Rest::Perhaps) => Ok(read),
            (read, Rest::Nothing) => {
                all = Some(read);
                // Has tokio wait for news without asking the kernel once more.
                Err(io::ErrorKind::WouldBlock.into())
            }
        });
        match (all, received) {
            (Some(read), _) => return Poll::Ready(Ok(read)),
            (None, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            (None, Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            (None, received) => return Poll::Ready(received),
        }
    }
}

fn is_hung_up(socket: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    poll(&mut fds, Some(&now)).is_ok() && fds.iter().any(|fd| fd.revents().intersects(gone))
}

/// Copies what waits to be read without taking it; `None` when nothing does, zero at the end.
pub(crate) fn peek(socket: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<Option<usize>> {
    match recv(socket, buf, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, seen)) => Ok(Some(seen)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Stands for the address of a socket whose far end left before it was asked.
const GONE: Peer = Peer::Internal("gone");

impl Duplex for Wire {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.arrivals == Arrivals::Forgotten
            && let Some(read) = self.read_forgotten(buf)
        {
            return Poll::Ready(read);
        }
        match &mut self.stream {
            Stream::Tcp(stream) => poll_receive(stream, cx, buf),
            Stream::Unix(stream) => stream.poll_read(cx, buf),
            Stream::Wrapped(stream) => stream.poll_read(cx, buf),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.poll_write(cx, data),
            Stream::Unix(stream) => stream.poll_write(cx, data),
            Stream::Wrapped(stream) => stream.poll_write(cx, data),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            // A kernel socket keeps nothing back.
            Stream::Tcp(_) | Stream::Unix(_) => Poll::Ready(Ok(())),
            Stream::Wrapped(stream) => stream.poll_flush(cx),
        }
    }

    fn take_event(&mut self) -> Option<Event> {
        match &mut self.stream {
            Stream::Tcp(_) | Stream::Unix(_) => None,
            Stream::Wrapped(stream) => stream.take_event(),
        }
    }

    fn protocol(&self) -> Option<&'static str> {
        match &self.stream {
            Stream::Tcp(_) | Stream::Unix(_) => None,
            Stream::Wrapped(stream) => stream.protocol(),
        }
    }

    fn resize(&mut self, size: WindowSize) {
        if let Stream::Wrapped(stream) = &mut self.stream {
            stream.resize(size);
        }
    }

    fn tell_exit(&mut self, exit: ExitStatus) {
        if let Stream::Wrapped(stream) = &mut self.stream {
            stream.tell_exit(exit);
        }
    }

    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            // Its end has been said with the last byte.
            Stream::Tcp(_) | Stream::Unix(_) => Poll::Ready(Ok(())),
            Stream::Wrapped(stream) => stream.poll_hang_up(cx),
        }
    }

    fn send_break(&mut self) -> Result<(), NotSent> {
        match &mut self.stream {
            Stream::Tcp(_) | Stream::Unix(_) => Err(NotSent::NotTelnet),
            Stream::Wrapped(stream) => stream.send_break(),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.poll_shutdown(cx),
            Stream::Unix(stream) => stream.poll_shutdown(cx),
            Stream::Wrapped(stream) => stream.poll_shutdown(cx),
        }
    }
}
