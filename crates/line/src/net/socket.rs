//! One socket: what it may be, and what can happen to it.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{AccessList, Call, Counts, Listener, Received, cause_of_end};
use clock::Instant;
use modem::wip::{Channel, Event, Failure, Setting};
use rustix::net::sockopt;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tracing::info;

use super::opening::{NoSocket, Opened, Opening};
use super::{Place, Welcome};
use crate::limits;
use crate::pending::Pending;
use crate::ticket::Carried;

/// A socket.
pub(super) enum Socket {
    /// On its way to its peer.
    Opening(Opening),
    Stream(Box<Stream>),
    Datagrams(Box<Datagrams>),
    Server(Box<Listener>),
}

/// A connection.
pub(super) struct Stream {
    pub(super) call: Call,
    pub(super) pending: Pending,
    half: Half,
    /// Whether the modem knows that the far end sends no more.
    ended: Ended,
}

/// Our half of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Open,
    Closing,
    Closed,
}

/// The far end's half of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    No,
    Finished,
    Broken,
}

/// Datagrams, with one peer or anybody.
pub(super) struct Datagrams {
    pub(super) socket: UdpSocket,
    pub(super) access: Arc<AccessList>,
    pending: VecDeque<Vec<u8>>,
    counts: Counts,
}

/// What happened to a socket.
pub(super) enum Happened {
    Opened(u16, Option<SocketAddrV4>),
    Failed(Failure, Cause),
    Data(usize),
    Datagram(usize, SocketAddrV4),
    Finished,
    Broken(Cause),
}

impl Happened {
    pub(super) fn event(self, channel: Channel, buffer: &[u8]) -> Event<'_> {
        let read = |length| buffer.get(..length).unwrap_or_default();
        match self {
            Self::Opened(local, peer) => Event::Opened { channel, local, peer },
            Self::Failed(failure, _) => Event::Failed { channel, failure },
            Self::Data(length) => Event::Data { channel, bytes: read(length) },
            Self::Datagram(length, from) => Event::Datagram { channel, bytes: read(length), from },
            Self::Finished => Event::PeerClosed(channel),
            Self::Broken(_) => Event::Reset(channel),
        }
    }
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl Socket {
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.pending.len() < limits::BEHIND_SOCKET,
            Self::Datagrams(datagrams) => datagrams.pending.is_empty(),
            Self::Opening(_) | Self::Server(_) => true,
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Stream(stream) if stream.half == Half::Open && stream.ended != Ended::Broken => {
                stream.pending.push(bytes);
            }
            Self::Datagrams(datagrams) => datagrams.pending.push_back(bytes.to_vec()),
            Self::Stream(_) | Self::Opening(_) | Self::Server(_) => {}
        }
    }

    pub(super) fn shut(&mut self) {
        if let Self::Stream(stream) = self
            && stream.half == Half::Open
        {
            stream.half = Half::Closing;
        }
    }

    pub(super) fn set(&self, setting: Setting) -> io::Result<()> {
        let socket = match self {
            Self::Stream(stream) => stream.call.socket(),
            Self::Datagrams(datagrams) => Some(datagrams.socket.as_fd()),
            // It hands its settings on through the modem.
            Self::Opening(_) | Self::Server(_) => None,
        };
        let Some(socket) = socket else { return Ok(()) };
        match setting {
            Setting::NoDelay(on) => sockopt::set_tcp_nodelay(socket, on)?,
            Setting::Ttl(ttl) => sockopt::set_ip_ttl(socket, ttl.max(1).into())?,
            Setting::Tos(tos) => sockopt::set_ip_tos(socket, tos)?,
            // The kernel takes what is too little for more.
            Setting::SendBuffer(bytes) => {
                sockopt::set_socket_send_buffer_size(socket, size(bytes))?;
            }
            Setting::ReceiveBuffer(bytes) => {
                sockopt::set_socket_recv_buffer_size(socket, size(bytes))?;
            }
        }
        Ok(())
    }

    /// How much it has carried.
    pub(super) fn counts(&self) -> Counts {
        match self {
            Self::Stream(stream) => stream.call.counts(),
            Self::Datagrams(datagrams) => datagrams.counts,
            Self::Opening(_) | Self::Server(_) => Counts::default(),
        }
    }

    /// What it has carried, and how.
    pub(super) fn carried(&self) -> Carried {
        match self {
            Self::Stream(stream) => Carried::by(&stream.call),
            Self::Datagrams(datagrams) => {
                Carried { counts: datagrams.counts, transport: Some("udp"), round_trip: None }
            }
            Self::Opening(_) | Self::Server(_) => Carried::default(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Stream(stream) => stream.call.deadline(),
            _ => None,
        }
    }

    pub(super) fn due(&mut self, now: Instant) {
        if let Self::Stream(stream) = self
            && stream.call.deadline().is_some_and(|at| at <= now)
        {
            stream.call.timeout(now);
        }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        channel: Channel,
        buffer: &mut [u8],
        welcome: Welcome,
        place: &Place<'_>,
    ) -> Poll<Happened> {
        match self {
            Self::Opening(opening) => {
                let Poll::Ready(opened) = opening.as_mut().poll(cx) else { return Poll::Pending };
                match opened {
                    Ok(opened) => Poll::Ready(self.begin(opened)),
                    Err(NoSocket { failure, cause, why }) => {
                        info!(line = place.line, socket = %channel, "no socket: {why}");
                        Poll::Ready(Happened::Failed(failure, cause))
                    }
                }
            }
            Self::Stream(stream) => match stream.poll(cx, buffer, welcome) {
                Poll::Ready(Err(error)) => {
                    let cause = cause_of_end(&error);
                    let why = cause.words();
                    info!(line = place.line, socket = %channel, "the connection broke: {why}");
                    Poll::Ready(Happened::Broken(cause))
                }
                Poll::Ready(Ok(happened)) => Poll::Ready(happened),
                Poll::Pending => Poll::Pending,
            },
            Self::Datagrams(datagrams) => datagrams.poll(cx, buffer, welcome),
            Self::Server(_) => Poll::Pending,
        }
    }

    fn begin(&mut self, opened: Opened) -> Happened {
        let v4 = |address: Option<SocketAddr>| match address {
            Some(SocketAddr::V4(address)) => Some(address),
            _ => None,
        };
        match opened {
            Opened::Stream(call) => {
                let local = call.local().socket_addr().map_or(0, |at| at.port());
                let peer = v4(call.peer().socket_addr());
                *self = Self::Stream(Box::new(Stream::new(*call)));
                Happened::Opened(local, peer)
            }
            Opened::Datagrams(socket, access) => {
                let local = socket.local_addr().map_or(0, |at| at.port());
                let peer = v4(socket.peer_addr().ok());
                let (pending, counts) = (VecDeque::new(), Counts::default());
                *self = Self::Datagrams(Box::new(Datagrams { socket, access, pending, counts }));
                Happened::Opened(local, peer)
            }
        }
    }
}

impl Stream {
    pub(super) fn new(call: Call) -> Self {
        Self { call, pending: Pending::default(), half: Half::Open, ended: Ended::No }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        welcome: Welcome,
    ) -> Poll<io::Result<Happened>> {
        if self.ended == Ended::Broken {
            return Poll::Pending;
        }
        if let Err(error) = self.drain(cx) {
            (self.ended, self.half) = (Ended::Broken, Half::Closed);
            self.pending.clear();
            return Poll::Ready(Err(error));
        }
        if self.ended == Ended::Finished {
            return Poll::Pending;
        }
        let room = match welcome {
            Welcome::Nothing => return Poll::Pending,
            Welcome::Kept => limits::SOCKET_READ.min(buffer.len()),
            Welcome::Passed => buffer.len(),
        };
        let Some(buffer) = buffer.get_mut(..room) else { return Poll::Pending };
        loop {
            match self.call.poll_receive(cx, buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Received::Data(length))) => {
                    return Poll::Ready(Ok(Happened::Data(length)));
                }
                // Of telnet: nothing that a socket of a module would tell.
                Poll::Ready(Ok(Received::Event(_))) => {}
                Poll::Ready(Ok(Received::End)) => {
                    self.ended = Ended::Finished;
                    return Poll::Ready(Ok(Happened::Finished));
                }
                Poll::Ready(Err(error)) => {
                    (self.ended, self.half) = (Ended::Broken, Half::Closed);
                    self.pending.clear();
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    /// Sends what waits, and our end behind it.
    fn drain(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Self { call, pending, .. } = self;
        if !pending.is_empty()
            && let Poll::Ready(drained) =
                pending.poll_drain(cx, |cx, bytes| call.poll_send(cx, bytes))
        {
            drained?;
        }
        match self.half {
            Half::Open => {
                if let Poll::Ready(flushed) = self.call.poll_flush(cx) {
                    flushed?;
                }
            }
            Half::Closing if self.pending.is_empty() => {
                if let Poll::Ready(finished) = self.call.poll_finish(cx) {
                    finished?;
                    self.half = Half::Closed;
                }
            }
            Half::Closing | Half::Closed => {}
        }
        Ok(())
    }
}

impl Datagrams {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        welcome: Welcome,
    ) -> Poll<Happened> {
        while let Some(datagram) = self.pending.front() {
            // What can't be sent is lost, as datagrams are.
            match self.socket.poll_send(cx, datagram) {
                Poll::Ready(sent) => {
                    self.counts.sent += sent.unwrap_or(0) as u64;
                    self.pending.pop_front();
                }
                Poll::Pending => break,
            }
        }
        if welcome == Welcome::Nothing {
            return Poll::Pending;
        }
        loop {
            let mut read = ReadBuf::new(buffer);
            match self.socket.poll_recv_from(cx, &mut read) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(SocketAddr::V4(from))) if self.access.check(from.into()).is_ok() => {
                    let length = read.filled().len();
                    self.counts.received += length as u64;
                    return Poll::Ready(Happened::Datagram(length, from));
                }
                // A stranger's, or the news that the peer has nobody at its port.
                Poll::Ready(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_has_buffers_as_the_equipment_wants_them() {
        let socket = Socket::Datagrams(Box::new(Datagrams {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            access: Arc::new(AccessList::allow_all()),
            pending: VecDeque::new(),
            counts: Counts::default(),
        }));
        socket.set(Setting::SendBuffer(16_384)).unwrap();
        socket.set(Setting::ReceiveBuffer(8192)).unwrap();
        let Socket::Datagrams(held) = &socket else { unreachable!() };
        // It doubles them, for its own book-keeping.
        assert_eq!(sockopt::socket_send_buffer_size(&held.socket), Ok(32_768));
        assert_eq!(sockopt::socket_recv_buffer_size(&held.socket), Ok(16_384));
    }
}
