//! Somebody who calls, before the call is answered.

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use telnet::Mode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::tls::Door;
use crate::wire::{Wire, peek};
use crate::{Call, CallOptions, Credentials, Duplex, Peer, TlsFailure, limits};

/// A caller at the door: look at it, then [`answer`](Self::answer) or [`refuse`](Self::refuse).
///
/// What the caller sends meanwhile stays in the socket and is the call's first data.
pub struct Caller {
    wire: Wire,
    peer: Peer,
    credentials: Option<Box<Credentials>>,
    /// Told that the call is answered: a caller of this process has no other way to know.
    answered: Option<oneshot::Sender<()>>,
}

/// The other side of a [`Caller`] of this process, while it rings. Dropping it gives up.
pub struct Knock {
    stream: UnixStream,
    answered: oneshot::Receiver<()>,
}

impl Knock {
    /// Waits until somebody answers; `None` when the caller is turned away. `peer` is who was called.
    pub async fn answered(self, peer: Peer) -> Option<Call> {
        self.answered.await.ok()?;
        Some(Call::inside(self.stream, peer))
    }
}

/// What a caller says before he is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Nothing in the time given.
    Silence,
    /// This, as far as it was looked at.
    Bytes(Vec<u8>),
    /// He has left.
    Gone,
}

/// A caller's connection as tokio's libraries want it.
pub struct CallerStream(Wire);

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
        Self { wire, peer, credentials: None, answered: None }
    }

    /// A caller from inside this process, and the other side of him.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn inside(peer: Peer) -> io::Result<(Self, Knock)> {
        let (here, there) = UnixStream::pair()?;
        let (answered, told) = oneshot::channel();
        let caller = Self { answered: Some(answered), ..Self::new(Wire::unix(there), peer) };
        Ok((caller, Knock { stream: here, answered: told }))
    }

    /// Whether he is from inside this process, which hasn't judged him by his address.
    pub fn is_inside(&self) -> bool {
        self.answered.is_some()
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
        let ahead = poll_fn(|cx| match self.wire.poll_look(cx) {
            Some(seen) => seen.map(|seen| Some(seen.map(first_word))),
            None => Poll::Ready(None),
        });
        match timeout(wait, ahead).await {
            Ok(None) => {}
            Ok(Some(Ok(greeting))) => return greeting,
            Ok(Some(Err(_))) => return Greeting::Gone,
            Err(_) => return Greeting::Silent,
        }
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

    /// Waits at most `wait` for the first bytes and shows up to [`limits::AHEAD`] of them, without
    /// taking them. A caller from inside this process is silent.
    pub async fn look_ahead(&mut self, wait: Duration) -> Ahead {
        let some = |socket: BorrowedFd<'_>| {
            let mut first = [0; limits::AHEAD];
            let seen = peek(socket, &mut first)?;
            Ok(seen.map(|count| first.get(..count).unwrap_or(&first).to_vec()))
        };
        match timeout(wait, poll_fn(|cx| self.wire.poll_watch(cx, some))).await {
            Ok(Ok(bytes)) if bytes.is_empty() => Ahead::Gone,
            Ok(Ok(bytes)) => Ahead::Bytes(bytes),
            Ok(Err(_)) => Ahead::Gone,
            Err(_) => Ahead::Silence,
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

    /// Goes on under TLS, as the caller has begun; what he says inside can be
    /// [sniffed](Self::sniff) at again.
    ///
    /// # Errors
    /// No secure connection came about within `wait`. The caller has been told why, if he can be, and
    /// is gone.
    pub async fn secure(self, door: &Door, wait: Duration) -> Result<Self, TlsFailure> {
        let Self { wire, peer, answered, .. } = self;
        let (wire, certificate) =
            timeout(wait, door.admit(wire)).await.unwrap_or(Err(TlsFailure::TimedOut))?;
        let credentials = certificate.map(Credentials::Certificate).map(Box::new);
        Ok(Self { wire, peer, credentials, answered })
    }

    /// What the carrier knows of the caller.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_deref()
    }

    /// Takes the call.
    pub fn answer(self, options: &CallOptions) -> io::Result<Call> {
        let Some(answered) = self.answered else {
            let call = Call::answered(self.wire, self.peer, options)?;
            return Ok(call.with_credentials(self.credentials));
        };
        // Nothing comes between the two that would have to be told apart.
        let plain = CallOptions { telnet: Some(Mode::Off), ..options.clone() };
        let call = Call::answered(self.wire, self.peer, &plain)?;
        answered.send(()).map_err(|()| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        Ok(call)
    }

    /// The connection itself, for who speaks a protocol of his own on it. What was looked at is still
    /// to be read.
    pub fn into_stream(self) -> CallerStream {
        CallerStream(self.wire)
    }

    #[cfg(feature = "ssh")]
    pub(crate) fn into_parts(self) -> (Wire, Peer) {
        (self.wire, self.peer)
    }

    /// Turns the caller away with a reset, which a calling modem reports as BUSY or NO CARRIER.
    pub fn refuse(self) {
        self.wire.reset();
    }
}

impl AsyncRead for CallerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() > 0 {
            let count = ready!(self.0.poll_read(cx, buf.initialize_unfilled()))?;
            buf.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CallerStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_shutdown(cx)
    }
}

/// What bytes of which no more will be looked at are.
fn first_word(seen: &[u8]) -> Greeting {
    match classify(seen) {
        Seen::Clear(greeting) => greeting,
        Seen::Unclear | Seen::Nothing => Greeting::Raw,
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
