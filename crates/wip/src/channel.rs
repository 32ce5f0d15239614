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
    /// A session of FTP, by its dialogue.
    Ftp,
    /// A file of that session. Commands don't know it.
    FtpData,
    /// Requests of HTTP.
    Http,
    /// A session of SMTP.
    Smtp,
    /// A session of POP3.
    Pop3,
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
            Self::Ftp | Self::FtpData => 4,
            Self::Http => 5,
            Self::Smtp => 6,
            Self::Pop3 => 7,
        }
    }

    /// The protocol of this number.
    pub const fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Udp),
            2 => Some(Self::Tcp),
            3 => Some(Self::Server),
            4 => Some(Self::Ftp),
            5 => Some(Self::Http),
            6 => Some(Self::Smtp),
            7 => Some(Self::Pop3),
            _ => None,
        }
    }
}

impl Protocol {
    /// Whether it is one of those that have sessions with servers in place of sockets.
    pub const fn is_service(self) -> bool {
        !matches!(self, Self::Udp | Self::Tcp | Self::Server)
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
