//! What the codec tells its owner.

use crate::com_port;
use crate::options::{TerminalName, WindowSize};

/// What [`Telnet::decode`](crate::Telnet::decode) made of a piece of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Decoded {
    /// Bytes of the wire that are dealt with; call again with the rest.
    pub consumed: usize,
    /// Bytes of data that now stand at the front of the wire.
    pub data: usize,
    /// What happened after those data and before the rest.
    pub event: Option<Event>,
}

/// Something other than data that the peer sent, in its place in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer has shown that it speaks telnet (only in [`Mode::Auto`](crate::Mode::Auto)).
    BecameTelnet,
    /// Data, not a command after all: bytes kept back from an earlier piece of the wire because they
    /// looked like the start of one (only in [`Mode::Auto`](crate::Mode::Auto)).
    Held(Held),
    /// The peer sent a BREAK.
    Break,
    /// One of the other NVT functions; nothing needs to be done about it.
    Function(Function),
    /// The peer's terminal type.
    TerminalType(TerminalName),
    /// The peer's window has this size now.
    WindowSize(WindowSize),
    /// The answer to [`Telnet::mark`](crate::Telnet::mark): all data before it has been read.
    Mark,
    /// The peer controls our serial port.
    ComPort(com_port::Request),
    /// The peer tells about its serial port.
    ComPortStatus(com_port::Notification),
}

/// Up to two bytes of data kept back for a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub(crate) bytes: [u8; 2],
    pub(crate) len: u8,
}

impl Held {
    /// The first two of `bytes`; nobody has more to hold back.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut held = Self::default();
        for (to, from) in held.bytes.iter_mut().zip(bytes) {
            *to = *from;
            held.len += 1;
        }
        held
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..usize::from(self.len)).unwrap_or_default()
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The NVT functions of RFC 854 and the three of RFC 1184 that stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// IP: interrupt the process.
    Interrupt,
    /// AO: throw away the output. We never do.
    AbortOutput,
    /// AYT: are you there? It has been answered.
    AreYouThere,
    /// EC: erase a character.
    EraseCharacter,
    /// EL: erase the line.
    EraseLine,
    /// EOF: end of file.
    EndOfFile,
    /// SUSP: suspend the process.
    Suspend,
    /// ABORT: abort the process.
    Abort,
}
