//! One established call.

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use at::result::Cause;
use clock::Instant;
use telnet::com_port::{Notification, Request};
use telnet::{Direction, Event, LineEnds, NotSent, Summary, Telnet, WindowSize, Wish};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep_until, timeout};

use crate::coded::Coded;
use crate::wire::{Peer, Wire};
use crate::{CallOptions, Credentials, Duplex, cause_of_end, clock_now, scratch, timer_at};

/// One established call: a duplex byte stream with signals.
///
/// The methods are polled, by one task that serves both directions, so that the buffers can be the
/// thread's ([`scratch`]) and an idle call holds none. A call that speaks telnet also has a clock:
/// call [`timeout`](Self::timeout) when its [`deadline`](Self::deadline) comes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use carrier::{Call, CallOptions, Received};
///
/// let (here, there) = tokio::net::UnixStream::pair()?;
/// let mut here = Call::over_unix(here, &CallOptions::default())?;
/// let mut there = Call::over_unix(there, &CallOptions::default())?;
/// here.send(b"hello").await?;
/// let mut buf = [0; 16];
/// assert_eq!(there.receive(&mut buf).await?, Received::Data(5));
/// assert_eq!(&buf[..5], b"hello");
/// # Ok(())
/// # }
/// ```
pub struct Call {
    wire: Wire,
    codec: Option<Box<Coded>>,
    peer: Peer,
    counts: Counts,
    credentials: Option<Box<Credentials>>,
}

/// A call's socket, for somebody else to read.
#[derive(Debug)]
pub enum Lent {
    /// Its bytes are the data.
    Raw(OwnedFd),
    /// [`telnet::undouble`] tells the data, until there is something else.
    Telnet(OwnedFd),
}

/// What [`Call::poll_receive`] brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes of data, at the front of the buffer.
    Data(usize),
    /// A signal, in its place between the data.
    Event(Event),
    /// The far end has finished sending; everything it sent has been handed out.
    End,
}

/// Bytes of data carried so far, telnet's own not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// From the far end.
    pub received: u64,
    /// To the far end.
    pub sent: u64,
}

/// The telnet conversation can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelnetFailed {
    /// The peer asks and asks, and does not read the answers.
    #[error("the far end keeps negotiating telnet without reading the answers")]
    RepliesUnread,
}

impl Call {
    /// Takes a TCP connection that somebody else accepted.
    pub fn answer(stream: TcpStream, options: &CallOptions) -> io::Result<Self> {
        let peer = stream.peer_addr()?.into();
        Self::answered(Wire::tcp(stream), peer, options)
    }

    /// A call on one end of a UNIX socket, as the answering side.
    pub fn over_unix(stream: UnixStream, options: &CallOptions) -> io::Result<Self> {
        let wire = Wire::unix(stream);
        let peer = wire.peer();
        Self::answered(wire, peer, options)
    }

    /// One end of a call between two parts of this program: bytes as they are.
    pub fn inside(stream: UnixStream, peer: Peer) -> Self {
        let plain = CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() };
        Self::with_codec(Wire::unix(stream), peer, plain.answering())
    }

    /// A call on any other byte stream (a wrapper for trace, fault or throttle, say), on which `codec`
    /// is spoken.
    pub fn over(stream: Box<dyn Duplex + Send>, codec: telnet::Options) -> Self {
        let wire = Wire::wrapped(stream);
        let peer = wire.peer();
        Self::with_codec(wire, peer, codec)
    }

    /// The same call, on which nothing has passed yet, with `codec` spoken.
    pub(crate) fn speaking(self, codec: telnet::Options) -> Self {
        Self::with_codec(self.wire, self.peer, codec)
    }

    /// A call on a stream that has a protocol of its own.
    #[cfg_attr(not(feature = "ssh"), expect(dead_code, reason = "SSH alone has one"))]
    pub(crate) fn on(wire: Wire, peer: Peer) -> Self {
        Self { wire, codec: None, peer, counts: Counts::default(), credentials: None }
    }

    pub(crate) fn answered(wire: Wire, peer: Peer, options: &CallOptions) -> io::Result<Self> {
        wire.apply(&options.socket)?;
        Ok(Self::with_codec(wire, peer, options.answering()))
    }

    pub(crate) fn with_codec(wire: Wire, peer: Peer, codec: telnet::Options) -> Self {
        let codec = match codec.mode {
            telnet::Mode::Off => None,
            _ => Some(Box::new(Coded::new(codec))),
        };
        Self { wire, codec, peer, counts: Counts::default(), credentials: None }
    }

    pub(crate) fn with_credentials(mut self, credentials: Option<Box<Credentials>>) -> Self {
        self.credentials = credentials;
        self
    }

    /// What the carrier knows of the far end, such as the certificate that it has shown.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_deref()
    }

    /// What it travels on, in a word, as far as that has turned out: `tls`, `ssh`, `telnet`, `tcp`, `unix`, `modem`,
    /// `line`, or the name of what is inside the process.
    pub fn travels_on(&self) -> &'static str {
        if let Some(protocol) = self.wire.protocol() {
            return protocol;
        }
        if self.telnet().is_some_and(|summary| summary.kind == telnet::Kind::Telnet) {
            return "telnet";
        }
        match &self.peer {
            Peer::Net(_) => "tcp",
            Peer::Unix(_) => "unix",
            Peer::Modem(_) => "modem",
            Peer::Line(_) => "line",
            Peer::Internal(name) => name,
        }
    }

    /// Reads into `buf` (not empty), and decodes what was read in place.
    ///
    /// Also puts telnet's answers on the wire, so keep polling it even while the data have to wait
    /// elsewhere, or use [`poll_flush`](Self::poll_flush) meanwhile.
    pub fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<Received>> {
        debug_assert!(!buf.is_empty(), "an empty read never clears readiness");
        let received = match &mut self.codec {
            None => match self.wire.take_event() {
                Some(event) => Received::Event(event),
                None => match ready!(self.wire.poll_read(cx, buf))? {
                    0 => Received::End,
                    read => Received::Data(read),
                },
            },
            Some(codec) => {
                let received = codec.poll_receive(&mut self.wire, cx, buf);
                if codec.is_superfluous() {
                    self.codec = None;
                }
                ready!(received)?
            }
        };
        if let Received::Data(count) = received {
            self.counts.received += count as u64;
        }
        Poll::Ready(Ok(received))
    }

    /// Ready when the far end has closed and nothing that it sent is left to receive; says why.
    ///
    /// For the time in which nobody receives.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Cause> {
        if self.codec.as_ref().is_some_and(|codec| codec.has_received()) {
            return Poll::Pending;
        }
        self.wire.poll_closed(cx).map(|closed| match closed {
            Ok(()) => Cause::RemoteHangUp,
            Err(error) => cause_of_end(&error),
        })
    }

    /// Ready when the far end has finished sending, or is gone, even while something that it sent is
    /// left to receive: for those who can't receive because nobody takes it off them.
    pub fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.wire.poll_hung_up(cx)
    }

    /// Takes some of `data` for sending and tells how much.
    ///
    /// While telnet's coding is being changed, data are held and nothing is taken. One buffer is then
    /// read ahead, so that the far end's answer is found even by an owner that only sends.
    pub fn poll_send(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let sent = match &mut self.codec {
            None => ready!(self.wire.poll_write(cx, data))?,
            Some(codec) => ready!(codec.poll_send(&mut self.wire, cx, data))?,
        };
        self.counts.sent += sent as u64;
        Poll::Ready(Ok(sent))
    }

    /// Puts everything that was taken on the wire.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.codec {
            None => self.wire.poll_flush(cx),
            Some(codec) => codec.poll_flush(&mut self.wire, cx),
        }
    }

    /// Says how the program has ended that the caller had, where his protocol tells him such things: when
    /// the call is [hung up](Self::hang_up).
    pub fn tell_exit(&mut self, exit: ExitStatus) {
        self.wire.tell_exit(exit);
    }

    /// Flushes, then tells the far end that nothing more will come. Receiving goes on.
    pub fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.codec {
            None => self.wire.poll_shutdown(cx),
            Some(codec) => codec.poll_finish(&mut self.wire, cx),
        }
    }

    /// When [`timeout`](Self::timeout) wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.codec.as_ref().and_then(|codec| codec.telnet.deadline())
    }

    /// Does what is due at `now`; poll the call afterwards.
    pub fn timeout(&mut self, now: Instant) {
        if let Some(codec) = &mut self.codec {
            codec.timeout(now);
        }
    }

    /// Whether data may be sent now; if not, the far end is just changing how it reads them.
    pub fn is_ready(&self) -> bool {
        self.codec.as_ref().is_none_or(|codec| codec.telnet.ready())
    }

    /// Sends a BREAK.
    pub fn send_break(&mut self) -> Result<(), NotSent> {
        match self.codec {
            None => self.wire.send_break(),
            Some(_) => self.with_telnet(Telnet::send_break),
        }
    }

    /// Sends something that means nothing, to find out whether the far end is still there.
    pub fn keep_alive(&mut self) -> Result<(), NotSent> {
        self.with_telnet(Telnet::keep_alive)
    }

    /// Asks to be told, by [`Event::Mark`], when the far end has read everything sent so far.
    pub fn mark(&mut self) -> Result<(), NotSent> {
        self.with_telnet(Telnet::mark)
    }

    /// The terminal's window has this size now.
    pub fn resize(&mut self, size: WindowSize) {
        match self.codec {
            None => self.wire.resize(size),
            Some(_) => self.tell_telnet(|telnet| telnet.resize(size)),
        }
    }

    /// What becomes, from now on, of CR LF received in telnet's NVT coding.
    pub fn set_line_ends(&mut self, line_ends: LineEnds) {
        self.tell_telnet(|telnet| telnet.set_line_ends(line_ends));
    }

    /// Asks for telnet's binary coding where it is not in force: for when a login script has finished.
    pub fn ask_binary(&mut self) {
        self.tell_telnet(|telnet| telnet.ask_binary(clock_now()));
    }

    /// Asks for a direction to be binary in telnet's sense, or not to be any more.
    pub fn want_binary(&mut self, direction: Direction, wish: Wish) {
        self.tell_telnet(|telnet| telnet.want_binary(clock_now(), direction, wish));
    }

    /// Offers a telnet caller to echo what it sends, or leaves that to the caller's terminal.
    pub fn want_echo(&mut self, wish: Wish) {
        self.tell_telnet(|telnet| telnet.want_echo(clock_now(), wish));
    }

    /// Asks the far end's serial port for something (RFC 2217).
    pub fn com_port_request(&mut self, request: &Request) -> Result<(), NotSent> {
        self.with_telnet(|telnet| telnet.com_port_request(request))
    }

    /// Tells the far end about our serial port (RFC 2217).
    pub fn com_port_notify(&mut self, notification: &Notification) -> Result<(), NotSent> {
        self.with_telnet(|telnet| telnet.com_port_notify(notification))
    }

    /// As [`Self::with_telnet`], for what means nothing on a raw call.
    fn tell_telnet(&mut self, act: impl FnOnce(&mut Telnet)) {
        let _ = self.with_telnet(|telnet| {
            act(telnet);
            Ok(())
        });
    }

    fn with_telnet(
        &mut self,
        act: impl FnOnce(&mut Telnet) -> Result<(), NotSent>,
    ) -> Result<(), NotSent> {
        let codec = self.codec.as_mut().ok_or(NotSent::NotTelnet)?;
        let result = act(&mut codec.telnet);
        codec.wake();
        result
    }

    /// The far end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Our end.
    pub fn local(&self) -> Peer {
        self.wire.local()
    }

    /// The socket under the call, where there is one: for what the system knows of the connection.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.wire.socket()
    }

    /// The socket, for somebody else to read what comes: unless telnet has something to see to, and while there is a
    /// descriptor to be had. Nothing may be received here until [`was_lent`](Self::was_lent).
    pub fn lend(&self) -> Option<Lent> {
        match &self.codec {
            None => self.wire.lend().map(Lent::Raw),
            Some(codec) if codec.is_settled() => self.wire.lend().map(Lent::Telnet),
            Some(_) => None,
        }
    }

    /// Whoever read at the lent socket has stopped, after so many bytes of data, and then some of the wire that `left`
    /// has: what the codec has to see.
    pub fn was_lent(&mut self, received: u64, left: &[u8]) {
        self.counts.received += received;
        self.wire.was_lent();
        if let Some(codec) = &mut self.codec {
            codec.was_lent(received, left);
        }
    }

    /// Bytes of data carried so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What telnet made of the call, for the log; `None` on a raw call.
    pub fn telnet(&self) -> Option<Summary> {
        self.codec.as_ref().map(|codec| codec.telnet.summary())
    }

    /// Ends the call at once: data on their way are lost, and the far end sees a reset.
    pub fn reset(self) {
        self.wire.reset();
    }

    /// Ends the call in order: flushes, finishes, and waits up to `grace` for the far end to do the
    /// same, throwing away what it still sends. Dropping a call with unread data instead would make
    /// the kernel send a reset, which can overtake our last words.
    pub async fn hang_up(mut self, grace: Duration) {
        let last_words = async {
            std::future::poll_fn(|cx| self.poll_finish(cx)).await?;
            std::future::poll_fn(|cx| self.wire.poll_hang_up(cx)).await?;
            std::future::poll_fn(|cx| {
                scratch::with(|buf| {
                    while ready!(self.wire.poll_read(cx, buf))? > 0 {}
                    Poll::Ready(io::Result::Ok(()))
                })
            })
            .await
        };
        let _ = timeout(grace, last_words).await;
    }

    /// [`poll_receive`](Self::poll_receive) as a future that also keeps the call's deadlines.
    /// Dropping it loses nothing.
    pub async fn receive(&mut self, buf: &mut [u8]) -> io::Result<Received> {
        let mut timer = std::pin::pin!(None::<Sleep>);
        std::future::poll_fn(|cx| {
            self.keep_time(cx, timer.as_mut());
            self.poll_receive(cx, buf)
        })
        .await
    }

    /// Sends all of `data`, also keeping the call's deadlines.
    ///
    /// For prompts and messages: what the far end sends meanwhile waits, most of it in the socket.
    pub async fn send(&mut self, data: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        let mut timer = std::pin::pin!(None::<Sleep>);
        std::future::poll_fn(|cx| {
            self.keep_time(cx, timer.as_mut());
            while let Some(rest) = data.get(sent..).filter(|rest| !rest.is_empty()) {
                match ready!(self.poll_send(cx, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    some => sent += some,
                }
            }
            self.poll_flush(cx)
        })
        .await
    }

    fn keep_time(&mut self, cx: &mut Context<'_>, mut timer: std::pin::Pin<&mut Option<Sleep>>) {
        while let Some(deadline) = self.deadline() {
            if timer
                .as_ref()
                .as_pin_ref()
                .is_none_or(|timer| timer.deadline() != timer_at(deadline))
            {
                timer.set(Some(sleep_until(timer_at(deadline))));
            }
            match timer.as_mut().as_pin_mut().map(|timer| timer.poll(cx)) {
                Some(Poll::Ready(())) => self.timeout(clock_now().max(deadline)),
                _ => return,
            }
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("peer", &self.peer).field("counts", &self.counts).finish()
    }
}
