//! How much of anything is accepted, and why that much.

/// Indexes of each protocol: as many as the modules have.
pub const CHANNELS: u8 = 8;

/// Bytes of a socket kept for equipment that hasn't asked for them. Above it the socket isn't read, and its
/// sender is held back; the modules' own receive window is about as large.
pub const UNREAD: usize = 6 * 1024;

/// The most that is ever kept for one socket: a driver may be one read late.
pub const UNREAD_AT_MOST: usize = 128 * 1024;

/// Datagrams of a socket kept for equipment that hasn't asked for them.
pub const DATAGRAMS: usize = 16;

/// Bytes of the equipment gathered for one segment: what fits an Ethernet.
pub const SEGMENT: usize = 1460;

/// Bytes of one datagram, at which it is sent without an ETX. Recalled from WIPsoft.
pub const DATAGRAM: usize = 5904;

/// Characters in the name or address of a peer.
pub const HOST: usize = 120;

/// Characters of a login name or password of a bearer.
pub const LOGIN: usize = 64;

/// Characters of an access point's name.
pub const APN: usize = 96;

/// Characters of a telephone number of a bearer.
pub const PHONE: usize = 32;

/// Values of one command: as many headers as fit a command line.
pub const VALUES: usize = 64;

/// Characters of an address of a page, a file's name, a subject or a list of recipients.
pub const TEXT: usize = 1024;
