//! Which socket is meant.

use std::fmt;

/// What a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// A connection, made or accepted.
    Tcp,
    /// What accepts connections.
    Server,
}

/// A socket, as commands name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// What it is.
    pub protocol: Protocol,
    /// 1 and up.
    pub index: u8,
}

impl Protocol {
    /// Its number in commands.
    pub const fn number(self) -> u8 {
        match self {
            Self::Udp => 1,
            Self::Tcp => 2,
            Self::Server => 3,
        }
    }

    /// The protocol of this number.
    pub const fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Udp),
            2 => Some(Self::Tcp),
            3 => Some(Self::Server),
            _ => None,
        }
    }
}

impl Channel {
    /// A connection.
    pub const fn tcp(index: u8) -> Self {
        Self { protocol: Protocol::Tcp, index }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.protocol.number(), self.index)
    }
}
