//! What the machine does and is told.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use crate::{Channel, Code, Memory};

/// Where a machine puts what it does.
pub trait Out {
    /// Something for the sockets.
    fn act(&mut self, action: Action<'_>);
    /// Something for the equipment as soon as it is in command state.
    fn indicate(&mut self, indication: Indication);
    /// The answer to a command that was told to wait.
    fn finish(&mut self, answer: Answer);
    /// Data for the equipment, which has a socket.
    fn data(&mut self, bytes: &[u8]);
    /// The equipment has a socket, and its peer has closed: `SHUTDOWN`.
    fn shutdown(&mut self);
    /// The equipment had a socket or a file, and is in command state now for this reason.
    fn abort(&mut self, code: Code);
    /// The equipment had a file, which is done, and is in command state now.
    fn done(&mut self);
    /// The equipment had a connection that has ended, and is told so in these words, in command state.
    fn ended(&mut self, words: &'static str);
    /// What the module has to be told by [`Wip::remember`](crate::Wip::remember) when it starts; nothing of
    /// it if the text is empty. A login of a bearer may be in it.
    fn keep(&mut self, memory: Memory, text: &str);
    /// The time now as the head of a mail has it, if somebody knows it.
    fn date(&self) -> Option<String> {
        None
    }
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These lines, then `OK`.
    Ok(Vec<String>),
    /// These lines, the last of which is in place of `OK`.
    Words(Vec<String>),
    /// The command can't be read, or isn't one.
    Error,
    /// It can be read, and can't be done.
    Cme(Code),
    /// The answer comes by [`Out::finish`].
    Waits,
    /// The equipment has a socket: `CONNECT`, and then [`Wip::connected`](crate::Wip::connected).
    Data,
}

/// Something said unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indication {
    /// A line.
    Line(String),
    /// A line that may be dropped where many wait.
    Minor(String),
    /// An error.
    Failure(Code),
}

/// Something for the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Find out the host's addresses. Answered by [`Event::Started`] or [`Event::NotStarted`].
    Start,
    /// Make a socket: bound, or connected. Answered by [`Event::Opened`] or [`Event::Failed`].
    Open {
        /// Which.
        channel: Channel,
        /// Its own port, 0 for any.
        local: u16,
        /// A name or address, and a port. None for a datagram socket that only listens.
        peer: Option<(&'a str, u16)>,
    },
    /// Accept connections at this port. Answered by [`Event::Opened`] or [`Event::Failed`].
    Listen {
        /// Which.
        channel: Channel,
        /// Its port.
        port: u16,
    },
    /// Wait for one connection at any port of the address that another one goes from. Answered by
    /// [`Event::Awaiting`] or [`Event::Failed`].
    Await {
        /// Which.
        channel: Channel,
        /// The other one.
        beside: Channel,
    },
    /// Take the connection just offered by [`Event::Incoming`] as this socket.
    Accept(Channel),
    /// Send it away.
    Decline,
    /// Bytes for a connection, or one datagram.
    Send {
        /// Which.
        channel: Channel,
        /// All of them have to be kept until they are gone.
        bytes: &'a [u8],
    },
    /// Nothing more will be sent by this connection.
    Shut(Channel),
    /// The socket is no longer wanted; what was given to [`Action::Send`] is still sent.
    Close(Channel),
    /// A setting of a socket.
    Set {
        /// Which.
        channel: Channel,
        /// What.
        setting: Setting,
    },
    /// Connections and servers that are made from now on have segments of at most so many bytes.
    Segment(u16),
    /// Send pings. Answered by [`Event::Pong`] for each.
    Ping(Ping<'a>),
    /// No more pings.
    NoPing,
}

/// A setting of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Small segments are sent at once.
    NoDelay(bool),
    /// Time to live.
    Ttl(u8),
    /// Type of service.
    Tos(u8),
    /// How many bytes may wait to be sent.
    SendBuffer(u32),
    /// How many may wait to be read.
    ReceiveBuffer(u32),
}

/// Pings to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping<'a> {
    /// A name or address.
    pub host: &'a str,
    /// How many.
    pub count: u16,
    /// From one to the next.
    pub interval: Duration,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// Bytes of payload.
    pub size: u16,
    /// Time to live.
    pub ttl: u8,
}

/// The host's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Its own.
    pub local: Ipv4Addr,
    /// The gateway's.
    pub gateway: Ipv4Addr,
    /// Its name servers.
    pub name_servers: [Ipv4Addr; 2],
}

/// Why something could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The peer, its name or the way to it: refused, unreachable, no answer.
    Unreachable,
    /// The port is in use, or not ours to have.
    Port,
    /// The system has no more.
    Resources,
}

/// What the sockets are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The host has a network.
    Started(Addresses),
    /// It has none.
    NotStarted,
    /// The network is gone, and everything with it.
    Lost,
    /// A socket can be used.
    Opened {
        /// Which.
        channel: Channel,
        /// Its own port.
        local: u16,
        /// The peer's address.
        peer: Option<SocketAddrV4>,
    },
    /// A connection may come.
    Awaiting {
        /// Which.
        channel: Channel,
        /// Where.
        at: SocketAddrV4,
    },
    /// A socket could not be made.
    Failed {
        /// Which.
        channel: Channel,
        /// Why.
        failure: Failure,
    },
    /// A server, or who waits for one connection, has it; it waits for [`Action::Accept`] or [`Action::Decline`].
    Incoming {
        /// Which.
        server: Channel,
        /// Its own port.
        local: u16,
        /// Who it is.
        peer: SocketAddrV4,
    },
    /// Bytes of a connection.
    Data {
        /// Which.
        channel: Channel,
        /// At least one.
        bytes: &'a [u8],
    },
    /// A datagram.
    Datagram {
        /// Which.
        channel: Channel,
        /// Possibly none.
        bytes: &'a [u8],
        /// Who sent it.
        from: SocketAddrV4,
    },
    /// The peer sends no more.
    PeerClosed(Channel),
    /// The connection is broken.
    Reset(Channel),
    /// What became of a ping.
    Pong {
        /// 0 and up.
        index: u16,
        /// None: there was no answer in time.
        took: Option<Duration>,
    },
    /// Pings can't be sent.
    NoPing,
}
