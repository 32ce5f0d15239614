//! Somebody who calls, before the call is answered.

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::timeout;

use crate::wire::{Wire, peek};
use crate::{Call, CallOptions, Peer, limits};

/// A caller at the door: look at it, then [`answer`](Self::answer) or [`refuse`](Self::refuse).
///
/// What the caller sends meanwhile stays in the socket and is the call's first data.
pub struct Caller {
    wire: Wire,
    peer: Peer,
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
        Self { wire, peer }
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
        let clear = |socket: BorrowedFd<'_>| match look_at(socket)? {
            Seen::Clear(greeting) => Ok(Some(greeting)),
            Seen::Unclear | Seen::Nothing => Ok(None),
        };
        match timeout(wait, poll_fn(|cx| self.wire.poll_watch(cx, clear))).await {
            Ok(Ok(greeting)) => greeting,
            Ok(Err(_)) => Greeting::Gone,
            Err(_) => self.undecided(),
        }
    }

    /// The time is over: an unfinished mark is no mark.
    fn undecided(&self) -> Greeting {
        match self.wire.look(look_at) {
            Some(Ok(Seen::Nothing)) | None => Greeting::Silent,
            Some(Ok(Seen::Unclear)) => Greeting::Raw,
            Some(Ok(Seen::Clear(greeting))) => greeting,
            Some(Err(_)) => Greeting::Gone,
        }
    }

    /// Ready when the caller has left while the line was ringing, even behind data that nobody has
    /// read yet.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.wire.poll_hung_up(cx)
    }

    /// Takes the call.
    pub fn answer(self, options: &CallOptions) -> io::Result<Call> {
        Call::answered(self.wire, self.peer, options)
    }

    /// Turns the caller away with a reset, which a calling modem reports as BUSY or NO CARRIER.
    pub fn refuse(self) {
        self.wire.reset();
    }
}

fn look_at(socket: BorrowedFd<'_>) -> io::Result<Seen> {
    let mut first = [0; limits::GREETING];
    Ok(match peek(socket, &mut first)? {
        Some(seen) => classify(first.get(..seen).unwrap_or(&first)),
        None => Seen::Nothing,
    })
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
