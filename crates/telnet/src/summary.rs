//! What a connection has become, in words for the log.

use std::fmt;

/// Whether the connection is telnet, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The peer has shown nothing yet; until it does, nothing is escaped.
    Undecided,
    /// Every byte is data.
    Raw,
    /// Telnet.
    Telnet,
}

/// How the data of one direction are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As they are.
    Raw,
    /// 0xFF is doubled and a CR is followed by NUL or LF.
    Nvt,
    /// 0xFF is doubled.
    Binary,
}

/// A telnet implementation that is known by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// busybox telnetd.
    Busybox,
    /// gensio, which ser2net is made of.
    Gensio,
}

/// What a connection has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whether it is telnet.
    pub kind: Kind,
    /// Coding of what we receive.
    pub receive: Coding,
    /// Coding of what we send.
    pub transmit: Coding,
    /// Which implementation the peer is, if it is one that needs care.
    pub peer: Option<Fingerprint>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Undecided => return f.write_str("raw so far"),
            Kind::Raw => return f.write_str("raw"),
            Kind::Telnet => {}
        }
        let word = |coding| match coding {
            Coding::Raw => "raw",
            Coding::Nvt => "NVT",
            Coding::Binary => "binary",
        };
        write!(f, "telnet, receives {}, sends {}", word(self.receive), word(self.transmit))?;
        match self.peer {
            Some(Fingerprint::Busybox) => f.write_str(", peer is busybox"),
            Some(Fingerprint::Gensio) => f.write_str(", peer is gensio"),
            None => Ok(()),
        }
    }
}
