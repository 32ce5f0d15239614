//! The codec of one connection.

use std::fmt;

use clock::Instant;

use crate::com_port::{Notification, Request};
use crate::event::{Decoded, Held};
use crate::options::{LineEnds, Options, WindowSize};
use crate::summary::{Coding, Kind, Summary};

/// The codec of one connection.
///
/// After every call, take [`replies`](Self::replies): they belong on the wire after what
/// [`encode`](Self::encode) has returned so far and before anything that it will return.
#[derive(Debug)]
pub struct Telnet {
    options: Options,
    replies: Vec<u8>,
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The connection is raw, or may be.
    NotTelnet,
    /// The peer has not agreed to the option that this needs.
    NotAgreed,
    /// The client has masked all of it.
    Masked,
    /// Too much waits to be sent already.
    Backlog,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTelnet => "the connection is not telnet",
            Self::NotAgreed => "the peer has not agreed to the option",
            Self::Masked => "the client does not want to hear of it",
            Self::Backlog => "the peer does not read",
        })
    }
}

impl std::error::Error for NotSent {}

impl Telnet {
    /// A connection that begins `now`.
    pub fn new(options: Options, _now: Instant) -> Self {
        Self { options, replies: Vec::new() }
    }

    /// Takes received bytes, and leaves the data among them at the front of `wire`.
    ///
    /// Stops early at an event, so that order is kept: call it again with the rest of the wire until
    /// everything is consumed. Every call with a non-empty wire consumes something or returns an event.
    pub fn decode(&mut self, _now: Instant, wire: &mut [u8]) -> Decoded {
        Decoded { consumed: wire.len(), data: wire.len(), event: None }
    }

    /// Bytes kept back by `auto` that can no longer become a command, if there are any.
    ///
    /// They are data. Ask after [`timeout`](Self::timeout) and at the end of the stream.
    pub fn release(&mut self, _now: Instant) -> Option<Held> {
        None
    }

    /// The wire form of `data`: `data` itself when nothing needs escaping, otherwise in `scratch`.
    ///
    /// What `scratch` held before is forgotten. Replies that are still waiting come out in front, so
    /// nothing can overtake a change of coding. Should some of the result have to wait, a pair that
    /// begins with 0xFF is better not split over two writes: busybox telnetd misreads it.
    pub fn encode<'a>(
        &mut self,
        _now: Instant,
        data: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> &'a [u8] {
        data
    }

    /// Whether data may be encoded now. While it may not, keep them: the peer is about to change how
    /// he reads them, and it ends with his answer or the [`deadline`](Self::deadline).
    pub fn ready(&self) -> bool {
        true
    }

    /// How many of the first bytes of `data` may be encoded now.
    ///
    /// Finer than [`ready`](Self::ready): what has the same wire form before and after the change
    /// need not wait, which lets a login prompt pass.
    pub fn sendable(&self, data: &[u8]) -> usize {
        data.len()
    }

    /// Negotiation to be put on the wire before any later data. The caller empties it.
    pub fn replies(&mut self) -> &mut Vec<u8> {
        &mut self.replies
    }

    /// When [`timeout`](Self::timeout) wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what is due; then look at [`replies`](Self::replies), [`release`](Self::release) and
    /// [`ready`](Self::ready).
    pub fn timeout(&mut self, _now: Instant) {}

    /// Sends a BREAK.
    pub fn send_break(&mut self) -> Result<(), NotSent> {
        Err(NotSent::NotTelnet)
    }

    /// Sends a command that means nothing, to find out whether the peer is still there.
    pub fn keep_alive(&mut self) -> Result<(), NotSent> {
        Err(NotSent::NotTelnet)
    }

    /// Sends a TIMING-MARK: [`Event::Mark`](crate::Event::Mark) comes when the peer has read
    /// everything before it.
    pub fn mark(&mut self) -> Result<(), NotSent> {
        Err(NotSent::NotTelnet)
    }

    /// The window has this size now; the peer is told if it wants to know.
    pub fn resize(&mut self, size: WindowSize) {
        self.options.size = Some(size);
    }

    /// What becomes of a CR LF received from now on.
    pub fn set_line_ends(&mut self, line_ends: LineEnds) {
        self.options.line_ends = line_ends;
    }

    /// Asks for BINARY in each direction that is not binary: for when a login script has finished,
    /// since some servers withdraw it for the login. At most three times in a connection.
    pub fn ask_binary(&mut self, _now: Instant) {}

    /// Asks the access server for something (RFC 2217).
    pub fn com_port_request(&mut self, _request: &Request) -> Result<(), NotSent> {
        Err(NotSent::NotTelnet)
    }

    /// Tells the client something about our serial port (RFC 2217), within his masks.
    pub fn com_port_notify(&mut self, _notification: &Notification) -> Result<(), NotSent> {
        Err(NotSent::NotTelnet)
    }

    /// Whether the connection is telnet.
    pub fn kind(&self) -> Kind {
        Kind::Raw
    }

    /// What the connection has become, for the log.
    pub fn summary(&self) -> Summary {
        Summary { kind: Kind::Raw, receive: Coding::Raw, transmit: Coding::Raw, peer: None }
    }
}
