//! Every bound of this crate, with its reason.

use std::time::Duration;

/// How long a call waits for its record to be kept: longer than any disk that works takes, shorter than
/// the patience of those who dial.
pub const RECORD: Duration = Duration::from_secs(10);

/// How many aliases of the phonebook lead to one another before the search ends.
pub const ALIAS_DEPTH: usize = 4;

/// Addresses tried for one call: more would not fit into any S7.
pub const ROUTE_ADDRESSES: usize = 16;

/// Requests that wait for a line: operators' words and callers handed over by other lines.
pub const LETTERS: usize = 32;

/// How long a program may take over a message: the module's own patience with its network is half a minute.
#[cfg(feature = "gsm")]
pub const MESSAGE_PROGRAM: Duration = Duration::from_secs(20);

/// Bytes taken from a pseudo-terminal at once. Four times what the kernel gives in one read halves the cost
/// of sending them on, and is also what a stalled far end makes its line keep.
pub const PTY_READ: usize = 16 * 1024;

/// Bytes of echo and result codes that may wait for the equipment before its commands are no longer read.
pub const ECHO: usize = 4096;

/// Bytes that may wait for equipment that reads nothing; unasked-for text beyond it (RING) is dropped.
pub const TO_DTE: usize = 64 * 1024;

/// Bytes for the far end beyond which equipment that has stopped us by XOFF is no longer read in search
/// of its XON: what is on the way in its buffers and ours when it changes its mind.
pub const BEHIND_XOFF: usize = 64 * 1024;

/// Bytes of a module's socket that are read at once for equipment that hasn't asked for them.
#[cfg(feature = "wip")]
pub const SOCKET_READ: usize = 4 * 1024;

/// Bytes of the equipment that wait for the socket it has before it is no longer read. Not none: an escape
/// must come through while a peer takes its time.
#[cfg(feature = "wip")]
pub const BEHIND_SOCKET: usize = 4 * 1024;

/// How long a peer of a socket is waited for: as long as the modules do.
#[cfg(feature = "wip")]
pub const SOCKET_CONNECT: Duration = Duration::from_secs(75);

/// Bytes that come without a pause before a thread carries on with them: what it costs to begin is earned again by
/// some hundred kilobytes.
pub const BULK: u32 = 1 << 20;

/// How long such a thread carries before the line is told how much: what the status shows, and the time for which a
/// call may be idle, are older by no more than that.
pub const CROSSING: Duration = Duration::from_millis(250);

/// The stack of such a thread, which only reads and writes.
pub const STACK: usize = 64 * 1024;

/// How long it waits for the next bulk before it ends.
pub const HAND_WAITS: Duration = Duration::from_secs(1);

/// How long signals wait for the bytes before them to leave towards the equipment: 64 KiB at 9600 bit/s
/// take a minute, but a buffer of the kernel's (4 KiB) only four seconds.
pub const DRAIN: Duration = Duration::from_secs(10);

/// How long equipment that has stopped us may take nothing of what a far end sent before it went: a
/// printer out of paper is looked after within minutes.
pub const UNDELIVERED: Duration = Duration::from_secs(300);

/// How long a call that was hung up may take to hand over its last bytes.
pub const LAST_BYTES: Duration = Duration::from_secs(10);

/// Calls that hand over their last bytes at a time before callers of busy lines are no longer told so but
/// just turned away: whoever calls in a storm must not tie up a socket and a task for each call.
pub const FAREWELLS: usize = 256;

/// Callers that wait for one line under `second-caller = "queue"`.
pub const QUEUE: usize = 8;

/// Callers of a hunt group that wait for a line, and as many that are on their way to one: a storm of them
/// must not tie up more sockets.
pub const HUNTED: usize = 64;

/// How often a hunt group with a queue looks for free lines that nobody has told of.
pub const QUEUE_LOOK: Duration = Duration::from_secs(1);

/// How many lines a caller may be handed on to.
pub const HUNT: usize = 64;

/// Ended calls that a line remembers for `trunkline calls`.
pub const RECORDS: usize = 16;

/// Configurations that are compared with that of a line that starts: a fleet has a few, and comparing is to
/// stay cheap where every line is another.
pub const SHELF: usize = 16;

/// Profiles that are stored at once: more would only wait for the same disk, each with a thread of its own.
pub const STORES: usize = 4;

/// How long a disk may take to keep what is stored before the equipment is told that it isn't kept: longer than one that
/// works takes, a slow card among them, shorter than the patience of those who type `AT&W`, and than that of whoever
/// stops the line meanwhile.
pub const STORE: Duration = Duration::from_secs(8);

/// Pauses between attempts to open a port that is gone: a USB adapter is back within a second or after
/// somebody's walk to it.
pub const REOPEN_FIRST: Duration = Duration::from_millis(250);
/// See [`REOPEN_FIRST`].
pub const REOPEN_LAST: Duration = Duration::from_secs(10);

/// How often the modem lines of a port are looked at: shorter than any S25 that means something, and
/// only on cables that have the equipment's DTR.
pub const LINE_WATCH: Duration = Duration::from_millis(20);

/// How long a program that was called may go on once the call is over; a hang-up follows.
pub const AFTER_HANG_UP: Duration = Duration::from_secs(10);

/// Bytes of a program's standard error in one line of the log.
pub const COMPLAINT: usize = 512;

/// Such lines for one call; the rest is read and dropped, so that a chatty program neither blocks nor
/// fills a disk.
pub const COMPLAINTS: u32 = 100;

/// How long a scanner is waited for at a line's gate: they speak at once, and a caller hardly notices that his ring
/// comes later by that.
#[cfg(feature = "configuration")]
pub(crate) const GATE_WAIT: Duration = Duration::from_millis(400);

/// The longest silence that a gate may want: nobody's modem waits longer for the bell.
#[cfg(feature = "configuration")]
pub(crate) const GATE_SILENCE: Duration = Duration::from_secs(60);

/// Callers at a line's gate at once; more are turned away.
pub(crate) const GATED: usize = 32;
