//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Length of the per-thread read buffer. Larger ones no longer save processor time; and what is read at once
/// still leaves as one segment where the segments are longest (65,483 bytes on the loopback), be it random
/// bytes in telnet's coding, of which 256 become 257. A short one behind each long one costs a tenth.
pub const SCRATCH: usize = 63 * 1024;

/// Data encoded for telnet at once. What the socket refuses of it (at most twice this, when every
/// byte is doubled) waits in the call, so it is also what a stalled caller costs.
pub const CHUNK: usize = 63 * 1024;

/// Negotiation bytes that may wait for a peer that does not read; beyond, the call ends.
///
/// Half of what the codec keeps before it leaves questions unanswered. No server asks even a tenth.
pub const REPLIES: usize = telnet::limits::REPLIES / 2;

/// Addresses of one host that are tried. Names with more exist; none of them needs more to answer.
pub const ADDRESSES: usize = 16;

/// Name lookups that may run at once. Each occupies a thread for as long as the resolver likes
/// (tens of seconds with a dead name server), even when the call was given up.
pub const LOOKUPS: usize = 16;

/// RFC 8305 section 8: how long one address is tried alone before the next one joins.
pub const STAGGER: Duration = Duration::from_millis(250);

/// Longest host name (RFC 1035 section 2.3.4, as text).
pub const HOST_NAME: usize = 253;

/// Longest path of a UNIX socket (`sun_path` less its final zero).
pub const SOCKET_PATH: usize = 107;

/// Longest name of a modem or a group of modems, as for a line.
pub const MODEM_NAME: usize = 64;

/// Characters that a real modem is given to dial: V.250 asks it for a line of 40, and no telephone number
/// with its pauses has more.
pub const MODEM_NUMBER: usize = 64;

/// Rules of one access list: they are tried one after the other for each address.
pub const RULES: usize = 4096;

/// Callers the kernel keeps for a listener that is busy; more than any storm of redials on one port
/// can put there between two wake-ups.
pub const BACKLOG: u32 = 1024;

/// First pause of a listener that has run out of descriptors or memory, doubled up to
/// [`ACCEPT_PAUSE_MAX`].
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause of a listener. The kernel's queue holds the callers meanwhile.
pub const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Bytes looked at to tell a caller's protocol: `SSH-` is the longest mark.
pub const GREETING: usize = 4;

/// Bytes looked at to tell a scanner from a caller: more than the longest mark that tells one.
pub const AHEAD: usize = 8;

/// Chunks that one direction of a pump moves before the other one has its turn.
pub const TURNS: usize = 8;

/// After one direction of a pump has failed, how long the bytes already received may take to be
/// delivered in the other.
pub const DRAIN: Duration = Duration::from_secs(2);

/// Trace entries that may wait for a slow writer; later ones are counted and dropped.
pub const TRACE_QUEUE: usize = 256;

/// Bytes of one run that a trace shows: with [`TRACE_QUEUE`], a trace holds 256 KiB at most.
pub const TRACE_BYTES: usize = 1024;

/// Shortest throttle step: one timer per 10 ms is cheap, one per character is not.
pub const THROTTLE_STEP: Duration = Duration::from_millis(10);

/// Longest name of a line.
pub const LINE_NAME: usize = 64;

/// What a TLS record can be on the wire: RFC 5246 section 6.2.3, RFC 8446 section 5.2.
pub const RECORD: usize = 5 + 16 * 1024 + 2048;

/// Length of the thread's buffer for TLS: a read of [`SCRATCH`] behind the longest handshake message
/// (65,535 bytes) that rustls takes in several records.
pub const RECORDS: usize = SCRATCH + 68 * 1024;

/// Bytes that TLS itself may have to say (alerts, new keys) to a far end that doesn't read; beyond, the
/// call ends.
pub const TLS_ANSWERS: usize = 16 * 1024;

/// Longest PEM file: all authorities of a system are a quarter of it.
pub const PEM_FILE: u64 = 1024 * 1024;

/// Ways of calling under TLS that are kept ready: phonebook entries with settings of their own, at a
/// few hundred KiB each where they trust the system's authorities.
pub const TLS_CONFIGS: usize = 8;

/// How long certificates that were read from files are taken for what the files have.
pub const TLS_FRESH: Duration = Duration::from_secs(60);

/// Bytes of a certificate's subject that are kept: RFC 5280's upper bound of a common name.
pub const SUBJECT: usize = 64;

/// What an SSH peer may send before somebody takes it: a window that keeps half a megabyte a second going
/// over a tenth of a second's way, and what an owner who doesn't read costs, give or take.
pub const SSH_WINDOW: usize = 64 * 1024;

/// What may wait of an SSH peer's data in the end, while we wait for its window and must read on.
pub const SSH_INBOX: usize = 4 * SSH_WINDOW;

/// Pause between two packets of an SSH peer when much waits and we read on only for its window.
pub const SSH_TRICKLE: Duration = Duration::from_secs(1);

/// Bytes of data on their way through the SSH library that the kernel has not taken yet.
pub const SSH_OUTBOX: usize = 64 * 1024;

/// Bytes of data in one packet sent or asked for: most of the speed of the largest ones.
pub const SSH_PIECE: usize = 16 * 1024;

/// Longest packet of an SSH peer. RFC 4253 section 6.1 asks for 35,000 bytes.
pub const SSH_PACKET: usize = 36_000;

/// Messages of one call that may wait for the SSH library.
pub const SSH_EVENTS: usize = 4;

/// Characters of a name to log in with over SSH.
pub const SSH_USER: usize = 64;

/// Signals of an SSH peer that may wait; nobody presses a key so often.
pub const SSH_SIGNALS: usize = 16;

/// Keys that an SSH caller may offer: agents with more exist, and OpenSSH's server takes six.
pub const SSH_KEYS: usize = 16;

/// How long the last bytes of an SSH call may take to be delivered.
pub const SSH_LEAVING: Duration = Duration::from_secs(30);

/// How long an SSH caller may take to leave before he is reminded, and then twice as long, and so on: a way there and
/// back by satellite or GSM.
pub const SSH_ROUSE: Duration = Duration::from_millis(500);

/// Bytes in a file with a private key: the longest RSA keys have 13 KB.
pub const SSH_KEY_FILE: u64 = 64 * 1024;

/// Bytes read of a file of known hosts: some 20,000 hosts.
pub const SSH_KNOWN_HOSTS: u64 = 8 * 1024 * 1024;
