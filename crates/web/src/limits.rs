//! The limits of the page and the API that nobody needs to set, each with its reason.

use std::time::Duration;

/// Connections at once: every browser opens up to six, and a control room has some dozen of them.
pub const CONNECTIONS: usize = 256;

/// Connections at once from one address, so that one machine can't take them all. Behind a proxy all come from one.
pub const CONNECTIONS_PER_SOURCE: usize = 64;

/// How long a request's head may take, and how long a connection may wait for the next request: a head is one
/// packet, and a browser that finds its connection closed opens another.
pub const HEAD: Duration = Duration::from_secs(15);

/// Bytes of a request's head: cookies and a long search, ten times over. The least that hyper takes is 8 KiB.
pub const HEAD_BYTES: usize = 16 * 1024;

/// Bytes of a request's body: a login is the longest, with a name and a password.
pub const BODY_BYTES: usize = 4 * 1024;

/// The same where a station's whole configuration is sent: 64 KiB of it, every byte escaped.
pub const CONFIGURATION_BYTES: usize = 6 * 64 * 1024 + BODY_BYTES;

/// How long a request may take from its head to the head of its answer; a password waits its turn meanwhile.
pub const REQUEST: Duration = Duration::from_secs(20);

/// The same where a site is asked: a write has three steps of a minute each, and the site's own time-outs come before that.
pub const ASKED: Duration = Duration::from_secs(190);

/// How long a client may take nothing of an answer before its connection is cut.
pub const UNREAD: Duration = Duration::from_secs(30);

/// Age from which a picture of the house is taken anew: what a person can follow. However many look, a house of
/// 5,000 lines is walked through once in this time.
pub const PICTURE: Duration = Duration::from_millis(900);

/// Age of the last picture up to which a rate can be told from the difference.
pub const RATE: Duration = Duration::from_secs(10);

/// Rows in one answer of the API: some screens full.
pub const ROWS: usize = 1_000;

/// Rows in one answer if nobody says how many.
pub const ROWS_USUAL: usize = 100;

/// Calls that are over, as many as are searched and shown; the house's own store has the others.
pub const RECENT: usize = 1_000;

/// Bytes of a search: more words than anybody types.
pub const SEARCH: usize = 200;

/// Words of a search.
pub const SEARCH_WORDS: usize = 8;

/// Traces at once: each of them costs the line it looks at, and holds up to 256 KiB when its reader is slow.
pub const TRACES: usize = 16;

/// Entries of a trace in one piece, and the pause between pieces: bounds what a busy line can send to a browser; what
/// doesn't fit is counted and left out by the trace itself.
pub const TRACE_PIECE: usize = 32;
/// See [`TRACE_PIECE`].
pub const TRACE_PAUSE: Duration = Duration::from_millis(100);

/// How often a silent trace says that it is still there, and looks whether its reader may still see it.
pub const TRACE_BEAT: Duration = Duration::from_secs(5);

/// Longest trace: one that was forgotten in a tab ends.
pub const TRACE_LONGEST: Duration = Duration::from_secs(3600);

/// Sessions of one operator at once; a further login ends the oldest.
pub const SESSIONS: usize = 16;

/// Operators in a configuration: more would be a directory's task.
pub const OPERATORS: usize = 256;

/// Machines' tokens in a configuration.
pub const TOKENS: usize = 256;

/// Characters of an operator's or a token's name.
pub const NAME: usize = 64;

/// Bytes of a password, so that what is hashed is bounded.
pub const PASSWORD: usize = password::limits::PASSWORD;

/// Bytes of a machine's token: 20 letters and digits are 100 bits, which nobody guesses.
pub const TOKEN: usize = 20;

/// Password hashes computed at once: each takes 19 MiB and tens of milliseconds of a processor that calls need.
pub const HASHES: usize = 1;

/// Logins that wait for a hash; more are turned away before any work.
pub const HASH_QUEUE: usize = 16;

/// Wrong passwords in a minute from one address; five can be made at once.
pub const WRONG_PASSWORDS: u32 = 5;

/// Addresses whose wrong passwords are remembered. Strangers share one place when it is full.
pub const SOURCES: usize = 4_096;

/// Failed logins that are remembered for the page.
pub const FAILED_LOGINS: usize = 200;

/// Pause after the system had no descriptor for a caller: they come back when connections end.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long answers that are under way may take when the page is closed.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// Pieces that a point's time is drawn together into: more than a screen has columns.
pub const PIECES: u32 = 2_000;

/// Rows of samples that are made at once while they are sent.
pub const SAMPLES: usize = 5_000;

/// Alarms that are shown.
pub const ALARMS: usize = 1_000;

/// Wishes that are shown: what waits, and what was asked lately.
pub const WISHES: usize = 1_000;
