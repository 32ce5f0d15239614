//! Somebody who calls, before the call is answered.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;
use tokio::time::timeout;

use crate::wire::Wire;
use crate::{Call, CallOptions, Peer, limits};

/// A caller at the door: look at it, then [`answer`](Self::answer) or [`refuse`](Self::refuse).
///
/// What the caller sends meanwhile stays in the socket and is the call's first data.
pub struct Caller {
    wire: Wire,
    peer: Peer,
    readiness: Readiness,
}

/// Whether tokio knows of all data that has arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Known,
    /// We looked at data without taking it and asked to be told only of more.
    Forgotten,
}

/// What a caller's first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// A TLS handshake (`16 03`).
    Tls,
    /// An SSH identification (`SSH-`).
    Ssh,
    /// A telnet command (`FF`).
    Telnet,
    /// Something else.
    Raw,
    /// Nothing within the time given: a terminal that waits for a prompt.
    Silent,
    /// The caller has left.
    Gone,
}

impl Caller {
    pub(crate) fn new(wire: Wire, peer: Peer) -> Self {
        Self { wire, peer, readiness: Readiness::Known }
    }

    /// Who calls.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Which of our addresses was called.
    pub fn local(&self) -> Peer {
        self.wire.local()
    }

    /// Waits at most `wait` for the first bytes and tells what they look like, without taking them.
    pub async fn sniff(&mut self, wait: Duration) -> Greeting {
        // An undecided beginning ("S") leaves readiness cleared, whoever stops waiting.
        self.readiness = Readiness::Forgotten;
        match timeout(wait, self.first_bytes()).await {
            Ok(Ok(greeting)) => {
                self.readiness = Readiness::Known;
                greeting
            }
            Ok(Err(_)) => Greeting::Gone,
            Err(_) => self.undecided(),
        }
    }

    async fn first_bytes(&self) -> io::Result<Greeting> {
        let look = || match self.peek()? {
            Seen::Clear(greeting) => Ok(greeting),
            Seen::Unclear | Seen::Nothing => Err(io::ErrorKind::WouldBlock.into()),
        };
        match &self.wire {
            Wire::Tcp(stream) => stream.async_io(Interest::READABLE, look).await,
            Wire::Unix(stream) => stream.async_io(Interest::READABLE, look).await,
            Wire::Wrapped(_) => std::future::pending().await,
        }
    }

    /// The time is over: an unfinished mark is no mark.
    fn undecided(&self) -> Greeting {
        match self.peek() {
            Ok(Seen::Nothing) => Greeting::Silent,
            Ok(Seen::Unclear) => Greeting::Raw,
            Ok(Seen::Clear(greeting)) => greeting,
            Err(_) => Greeting::Gone,
        }
    }

    fn peek(&self) -> io::Result<Seen> {
        let Some(socket) = self.wire.socket() else { return Ok(Seen::Nothing) };
        let mut first = [0; limits::GREETING];
        match recv(socket, &mut first, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, seen)) => Ok(classify(first.get(..seen).unwrap_or(&first))),
            Err(rustix::io::Errno::AGAIN) => Ok(Seen::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// Ready when the caller has left while the line was ringing. Costs nothing while waiting, even
    /// when the caller has sent data that nobody reads yet.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.readiness = Readiness::Forgotten;
        loop {
            let ready = match &self.wire {
                Wire::Tcp(stream) => stream.poll_read_ready(cx),
                Wire::Unix(stream) => stream.poll_read_ready(cx),
                Wire::Wrapped(_) => Poll::Pending,
            };
            match ready {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            // `try_io` clears the readiness it started from, so news in between is not lost.
            let look = || match self.has_left() {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            };
            let left = match &self.wire {
                Wire::Tcp(stream) => stream.try_io(Interest::READABLE, look),
                Wire::Unix(stream) => stream.try_io(Interest::READABLE, look),
                Wire::Wrapped(_) => return Poll::Pending,
            };
            match left {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return Poll::Ready(()),
            }
        }
    }

    fn has_left(&self) -> bool {
        let Some(socket) = self.wire.socket() else { return false };
        let mut fds = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
        let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(_) => fds.iter().any(|fd| fd.revents().intersects(gone)),
            Err(_) => false,
        }
    }

    /// Takes the call.
    pub fn answer(self, options: &CallOptions) -> io::Result<Call> {
        let wire = match self.readiness {
            Readiness::Known => self.wire,
            Readiness::Forgotten => self.wire.announced_anew()?,
        };
        Call::answered(wire, self.peer, options)
    }

    /// Turns the caller away with a reset, which a calling modem reports as BUSY or NO CARRIER.
    pub fn refuse(self) {
        self.wire.reset();
    }
}

enum Seen {
    Nothing,
    /// The beginning of a mark.
    Unclear,
    Clear(Greeting),
}

/// RFC 8446 section 5.1 for TLS; RFC 4253 section 4.2 for SSH.
fn classify(first: &[u8]) -> Seen {
    match first {
        [] => Seen::Clear(Greeting::Gone),
        [0xFF, ..] => Seen::Clear(Greeting::Telnet),
        [0x16, 0x03, ..] => Seen::Clear(Greeting::Tls),
        [b'S', b'S', b'H', b'-', ..] => Seen::Clear(Greeting::Ssh),
        [0x16] | [b'S'] | [b'S', b'S'] | [b'S', b'S', b'H'] => Seen::Unclear,
        _ => Seen::Clear(Greeting::Raw),
    }
}
