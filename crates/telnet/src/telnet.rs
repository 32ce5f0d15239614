//! The codec of one connection: raw, telnet, or not known yet.

use std::fmt;

use clock::Instant;

use crate::com_port::{Notification, Request};
use crate::detect::{Detector, Look};
use crate::event::{Decoded, Event, Held};
use crate::options::{LineEnds, Mode, Options, WindowSize};
use crate::q::Happening;
use crate::replies::Replies;
use crate::session::{LineEnd, Session};
use crate::summary::{Coding, Kind, Summary};
use crate::table::Party;
use crate::wire::{BRK, Known, NOP, TIMING_MARK, Verb};

/// The codec of one connection.
///
/// After every call, take [`replies`](Self::replies): they belong on the wire after what
/// [`encode`](Self::encode) has returned so far and before anything that it will return.
#[derive(Debug)]
pub struct Telnet {
    replies: Replies,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Raw,
    /// What `auto` is until the peer has shown telnet, or has had the chance.
    Detecting(Box<Detecting>),
    Telnet(Session),
}

/// What it takes to find out. Boxed, since it is soon over.
#[derive(Debug)]
struct Detecting {
    detector: Detector,
    options: Options,
}

/// One of the two directions of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What we send.
    Transmit,
    /// What we receive.
    Receive,
}

/// Whether something should be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It should.
    On,
    /// It should not.
    Off,
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
    pub fn new(options: Options, now: Instant) -> Self {
        let mut replies = Replies::default();
        let stage = match options.mode {
            Mode::Off => Stage::Raw,
            Mode::Auto => {
                Stage::Detecting(Box::new(Detecting { detector: Detector::default(), options }))
            }
            Mode::On | Mode::BinaryBlind => Stage::Telnet(Session::new(options, now, &mut replies)),
        };
        Self { replies, stage }
    }

    /// Takes received bytes, and leaves the data among them at the front of `wire`.
    ///
    /// Stops early at an event, so that order is kept: call it again with the rest of the wire until
    /// everything is consumed. Every call consumes the whole wire or returns an event.
    pub fn decode(&mut self, now: Instant, wire: &mut [u8]) -> Decoded {
        match &mut self.stage {
            Stage::Raw => Decoded { consumed: wire.len(), data: wire.len(), event: None },
            Stage::Detecting(detecting) => {
                let look = detecting.detector.look(now, wire);
                self.detected(now, look, wire.len())
            }
            Stage::Telnet(session) => session.decode(now, wire, &mut self.replies),
        }
    }

    fn detected(&mut self, now: Instant, look: Look, wire: usize) -> Decoded {
        match look {
            Look::Undecided { data } => Decoded { consumed: wire, data, event: None },
            Look::Released(held) => {
                Decoded { consumed: 0, data: 0, event: Some(Event::Held(held)) }
            }
            Look::Raw => {
                self.stage = Stage::Raw;
                Decoded { consumed: wire, data: wire, event: None }
            }
            Look::Telnet { data, mut held } => {
                if let Stage::Detecting(detecting) = std::mem::replace(&mut self.stage, Stage::Raw)
                {
                    let Detecting { detector, options } = *detecting;
                    let mut session = Session::new(options, now, &mut self.replies);
                    if detector.began_with_data() {
                        session.matcher.other();
                    }
                    // A start of the command that had been kept back: no data, and no event either.
                    let _ = session.decode(now, held.as_mut_slice(), &mut self.replies);
                    self.stage = Stage::Telnet(session);
                }
                Decoded { consumed: data, data, event: Some(Event::BecameTelnet) }
            }
        }
    }

    /// Bytes kept back by `auto` that can no longer become a command, if there are any.
    ///
    /// They are data. Ask after [`timeout`](Self::timeout) and, with [`finish`](Self::finish), at the
    /// end of the stream.
    pub fn release(&mut self, now: Instant) -> Option<Held> {
        match &mut self.stage {
            Stage::Detecting(detecting) => detecting.detector.overdue(now),
            Stage::Raw | Stage::Telnet(_) => None,
        }
    }

    /// Bytes kept back by `auto` when the stream ends. They are data.
    pub fn finish(&mut self) -> Option<Held> {
        match &mut self.stage {
            Stage::Detecting(detecting) => {
                Some(detecting.detector.release()).filter(|held| !held.as_slice().is_empty())
            }
            Stage::Raw | Stage::Telnet(_) => None,
        }
    }

    /// The wire form of `data`: `data` itself when nothing needs escaping, otherwise in `scratch`.
    ///
    /// What `scratch` held before is forgotten. Replies that are still waiting come out in front, so
    /// nothing can overtake a change of coding. Should some of the result have to wait, a pair that
    /// begins with 0xFF is better not split over two writes: busybox telnetd misreads it.
    pub fn encode<'a>(
        &mut self,
        now: Instant,
        data: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> &'a [u8] {
        match &mut self.stage {
            Stage::Raw | Stage::Detecting(..) => data,
            Stage::Telnet(session) => session.encode(now, data, scratch, &mut self.replies),
        }
    }

    /// Whether what is received may as well be decoded by [`undouble`](crate::undouble) until a command comes, since
    /// both directions are binary and stay so. Say [`passed`](Self::passed) before the next [`decode`](Self::decode).
    pub fn is_settled(&self) -> bool {
        match &self.stage {
            Stage::Raw | Stage::Detecting(..) => false,
            Stage::Telnet(session) => session.is_settled() && self.replies.0.is_empty(),
        }
    }

    /// Data have been received that this has not seen.
    pub fn passed(&mut self) {
        if let Stage::Telnet(session) = &mut self.stage {
            session.matcher.other();
            session.line_end = LineEnd::Over;
        }
    }

    /// Whether any data may be encoded now. While they may not, keep them: the peer is about to change
    /// how he reads them. It ends with his answer or with a [`timeout`](Self::timeout).
    pub fn ready(&self) -> bool {
        match &self.stage {
            Stage::Raw | Stage::Detecting(..) => true,
            Stage::Telnet(session) => !session.is_changing() && !session.is_unheard(),
        }
    }

    /// How many of the first bytes of `data` may be encoded now.
    ///
    /// Finer than [`ready`](Self::ready): what has the same wire form before and after the change
    /// need not wait, which lets a login prompt pass.
    pub fn sendable(&self, data: &[u8]) -> usize {
        match &self.stage {
            Stage::Raw | Stage::Detecting(..) => data.len(),
            Stage::Telnet(session) => session.sendable(data),
        }
    }

    /// Negotiation to be put on the wire before any later data. The caller empties it.
    pub fn replies(&mut self) -> &mut Vec<u8> {
        &mut self.replies.0
    }

    /// When [`timeout`](Self::timeout) wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Raw => None,
            Stage::Detecting(detecting) => detecting.detector.deadline(),
            Stage::Telnet(session) => session.deadline(),
        }
    }

    /// Does what is due; then look at [`replies`](Self::replies), [`release`](Self::release) and
    /// [`ready`](Self::ready).
    pub fn timeout(&mut self, now: Instant) {
        if let Stage::Telnet(session) = &mut self.stage {
            session.timeout(now, &mut self.replies);
        }
    }

    /// Sends a BREAK.
    pub fn send_break(&mut self) -> Result<(), NotSent> {
        self.telnet()?;
        self.replies.command(BRK);
        Ok(())
    }

    /// Sends a command that means nothing, to find out whether the peer is still there.
    pub fn keep_alive(&mut self) -> Result<(), NotSent> {
        self.telnet()?;
        self.replies.command(NOP);
        Ok(())
    }

    /// Sends a TIMING-MARK: [`Event::Mark`] comes when the peer has read everything before it.
    pub fn mark(&mut self) -> Result<(), NotSent> {
        let session = self.telnet()?;
        session.marks = session.marks.checked_add(1).ok_or(NotSent::Backlog)?;
        self.replies.negotiate(Verb::Do, TIMING_MARK);
        Ok(())
    }

    /// The window has this size now; the peer is told if it wants to know.
    pub fn resize(&mut self, size: WindowSize) {
        match &mut self.stage {
            Stage::Raw => {}
            Stage::Detecting(detecting) => detecting.options.size = Some(size),
            Stage::Telnet(session) => {
                session.options.size = Some(size);
                session.tell_size(&mut self.replies);
            }
        }
    }

    /// What becomes of a CR LF received from now on.
    pub fn set_line_ends(&mut self, line_ends: LineEnds) {
        match &mut self.stage {
            Stage::Raw => {}
            Stage::Detecting(detecting) => detecting.options.line_ends = line_ends,
            Stage::Telnet(session) => session.options.line_ends = line_ends,
        }
    }

    /// Asks for BINARY in each direction that is not binary: for when a login script has finished,
    /// since some servers withdraw it for the login. A client may, three times in a connection.
    pub fn ask_binary(&mut self, now: Instant) {
        if let Stage::Telnet(session) = &mut self.stage {
            session.ask_binary(now, &mut self.replies);
        }
    }

    /// Asks for a direction to be binary, or not to be any more.
    pub fn want_binary(&mut self, now: Instant, direction: Direction, wish: Wish) {
        let party = match direction {
            Direction::Transmit => Party::Us,
            Direction::Receive => Party::Peer,
        };
        self.want(now, party, Known::Binary, wish);
    }

    /// Offers to echo, or leaves it to the caller's terminal: a server's choice.
    pub fn want_echo(&mut self, now: Instant, wish: Wish) {
        self.want(now, Party::Us, Known::Echo, wish);
    }

    fn want(&mut self, now: Instant, party: Party, option: Known, wish: Wish) {
        let happening = match wish {
            Wish::On => Happening::WantOn,
            Wish::Off => Happening::WantOff,
        };
        if let Stage::Telnet(session) = &mut self.stage {
            session.happen(now, party, option, happening, &mut self.replies);
        }
    }

    /// Asks the access server for something (RFC 2217).
    pub fn com_port_request(&mut self, request: &Request) -> Result<(), NotSent> {
        self.com_port_session()?;
        self.replies.sub(Known::ComPort.code(), &request.encode());
        Ok(())
    }

    /// Tells the client something about our serial port (RFC 2217), within his masks.
    pub fn com_port_notify(&mut self, notification: &Notification) -> Result<(), NotSent> {
        let session = self.com_port_session()?;
        let heard = session.heard(notification).ok_or(NotSent::Masked)?;
        self.replies.sub(Known::ComPort.code(), &heard.encode());
        Ok(())
    }

    /// Whether the connection is telnet.
    pub fn kind(&self) -> Kind {
        match self.stage {
            Stage::Raw => Kind::Raw,
            Stage::Detecting(..) => Kind::Undecided,
            Stage::Telnet(_) => Kind::Telnet,
        }
    }

    /// What the connection has become, for the log.
    pub fn summary(&self) -> Summary {
        match &self.stage {
            Stage::Raw | Stage::Detecting(..) => Summary {
                kind: self.kind(),
                receive: Coding::Raw,
                transmit: Coding::Raw,
                peer: None,
            },
            Stage::Telnet(session) => session.summary(),
        }
    }

    /// The session, if there is one and room for what is to be sent.
    fn telnet(&mut self) -> Result<&mut Session, NotSent> {
        match &mut self.stage {
            Stage::Raw | Stage::Detecting(..) => Err(NotSent::NotTelnet),
            Stage::Telnet(_) if !self.replies.has_room() => Err(NotSent::Backlog),
            Stage::Telnet(session) => Ok(session),
        }
    }

    fn com_port_session(&mut self) -> Result<&mut Session, NotSent> {
        let session = self.telnet()?;
        if session.agreed(Known::ComPort) { Ok(session) } else { Err(NotSent::NotAgreed) }
    }
}
