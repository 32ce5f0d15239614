//! One socket.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use crate::limits::{DATAGRAMS, UNREAD, UNREAD_AT_MOST};

/// One socket that was created and not closed.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) phase: Phase,
    pub(crate) local: u16,
    pub(crate) peer: Option<SocketAddrV4>,
    /// Whether it was created with a peer.
    pub(crate) bound: bool,
    pub(crate) unread: Unread,
    /// Whether the equipment was told of unread data, and hasn't asked for it since.
    pub(crate) told: bool,
    /// The server that accepted it.
    pub(crate) server: Option<u8>,
    /// Whether the equipment has ended its half.
    pub(crate) shut: bool,
    pub(crate) options: Options,
}

/// ```text
/// Opening ──► Ready ──► PeerClosed
///    │          └─────► Reset
///    └► (gone)        Listening
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Opening,
    Ready,
    /// The peer sends no more; whether the equipment knows.
    PeerClosed(Known),
    /// The connection broke.
    Reset,
    /// A server, with the indexes for its connections.
    Listening {
        from: u8,
        to: u8,
    },
}

/// Whether the equipment was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    No,
    Yes,
}

/// What can be set at a socket, as far as anything comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) send_buffer: Option<u32>,
    pub(crate) receive_buffer: Option<u32>,
    pub(crate) no_delay: bool,
    pub(crate) ttl: u8,
    pub(crate) tos: u8,
}

impl Default for Options {
    fn default() -> Self {
        // As WIPsoft has them.
        Self { send_buffer: None, receive_buffer: None, no_delay: false, ttl: 64, tos: 0 }
    }
}

/// What a peer sent and the equipment has not asked for.
#[derive(Clone, Debug)]
pub(crate) enum Unread {
    Stream(VecDeque<u8>),
    Datagrams(VecDeque<(SocketAddrV4, Vec<u8>)>),
}

impl Socket {
    pub(crate) fn new(phase: Phase, unread: Unread, options: Options) -> Self {
        Self {
            phase,
            local: 0,
            peer: None,
            bound: true,
            unread,
            told: false,
            server: None,
            shut: false,
            options,
        }
    }

    /// Whether commands about its data make sense.
    pub(crate) const fn is_usable(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::PeerClosed(_))
    }
}

impl Unread {
    pub(crate) fn stream() -> Self {
        Self::Stream(VecDeque::new())
    }

    pub(crate) fn datagrams() -> Self {
        Self::Datagrams(VecDeque::new())
    }

    /// Bytes that can be read now: of a datagram socket those of the first one.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Stream(bytes) => bytes.len(),
            Self::Datagrams(all) => all.front().map_or(0, |(_, bytes)| bytes.len()),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Stream(bytes) => bytes.is_empty(),
            Self::Datagrams(all) => all.is_empty(),
        }
    }

    /// Whether more is welcome.
    pub(crate) fn has_room(&self) -> bool {
        match self {
            Self::Stream(bytes) => bytes.len() < UNREAD,
            Self::Datagrams(all) => {
                all.len() < DATAGRAMS
                    && all.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() < UNREAD
            }
        }
    }

    /// Keeps bytes of a connection. A driver that goes on after there is no room is trusted to a limit.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if let Self::Stream(kept) = self {
            let room = UNREAD_AT_MOST.saturating_sub(kept.len());
            kept.extend(bytes.iter().take(room));
        }
    }

    /// Keeps a datagram.
    pub(crate) fn push_datagram(&mut self, from: SocketAddrV4, bytes: &[u8]) {
        if let Self::Datagrams(kept) = self
            && kept.len() <= DATAGRAMS
        {
            kept.push_back((from, bytes.to_vec()));
        }
    }
}
