//! The limits of the exchange that nobody needs to set, each with its reason.

use std::time::Duration;

/// How long a caller's first bytes are waited for: telnet clients that negotiate do so at once,
/// terminals wait for the banner, and a person doesn't notice a third of a second.
pub const FIRST_BYTES: Duration = Duration::from_millis(300);

/// How long a caller has for a TLS handshake: some round trips over the worst of mobile networks, and
/// not long enough for many who never finish it to add up.
pub const HANDSHAKE: Duration = Duration::from_secs(20);

/// Characters in a login name: longer than any user name a system takes, short enough to be kept
/// per call.
pub const NAME: usize = 64;

/// Bytes in a password: room for a passphrase, and an upper bound on what is fed to the hash.
pub const PASSWORD: usize = password::limits::PASSWORD;

/// Prompts answered without a name (empty or refused lines) before the caller is sent away: a
/// modem's noise and a few impatient Enters pass, a flood of line ends doesn't draw a flood of
/// prompts.
pub const VAIN_PROMPTS: u32 = 10;

/// Characters in a terminal type; the longest entry of the terminfo database has 32.
pub const TERMINAL: usize = 40;

/// Bytes in a caller's number or name as told by a line: what fits into a caller ID message, with
/// room.
pub const CALLER_TEXT: usize = 80;

/// Characters of a public key with its comment: an RSA key of 16384 bits has 2,800.
pub const SSH_KEY: usize = 8192;

/// Sources whose recent password checks are remembered. At the limit strangers share one entry, so
/// a flood from many addresses slows strangers, not memory.
pub const SOURCES: usize = 16_384;

/// Bytes of a program's standard error kept for one line of the log.
pub const STDERR_LINE: usize = 512;

/// Lines of a program's standard error put in the log per call; the rest is read and dropped, so
/// that a chatty program neither blocks nor fills a disk.
pub const STDERR_LINES: u32 = 200;

/// Bytes read at once in either direction, and with that what a call keeps of a direction whose
/// other side has stopped taking: sixteen kibibytes have most of the speed of larger pieces.
pub const PIECE: usize = 16 * 1024;

/// Pieces of one direction before the other one has its turn.
pub const TURNS: usize = 8;

/// How long a caller may take nothing of what a program wrote before it ended, before the rest is
/// given up.
pub const DELIVERY: Duration = Duration::from_secs(30);

/// How long the descendants of an ended program may hold its pipe or terminal open before the call
/// ends anyway.
pub const ORPHANS: Duration = Duration::from_secs(2);

/// How long the end of a program's output waits for the program's own, where the caller is told how that was: one that
/// ends closes its output in the same moment, and a busy machine takes a while to notice.
pub const PARTING: Duration = Duration::from_secs(2);

/// How long a caller has to take our last bytes and close, once we have ended the call. A socket
/// closed with unread input is reset, which would take those bytes away from him.
pub const LINGER: Duration = Duration::from_secs(2);

/// Bytes read from a caller at once while he logs in: a name, a password and the options of a
/// telnet start.
pub const LOGIN_READ: usize = 256;

/// How long a call waits for its record to be kept: longer than any disk that works takes, shorter than
/// a caller waits for a prompt.
pub const RECORD: Duration = Duration::from_secs(10);

/// Calls that are over and still known, for an operator who asks what just happened.
pub const ENDED_CALLS: usize = 1000;

/// Open files of a program, unless its account says otherwise: the system's own usual number, and
/// not the many that an exchange with thousands of calls has.
pub const PROGRAM_FILES: u64 = 1024;

/// Sources, and pairs of account and source, whose mistakes are remembered: a few megabytes at most.
pub const DEBTORS: usize = 16_384;

/// Debtors looked at to find one who can be forgotten for another.
pub const DEBTORS_LOOKED_AT: usize = 16;

/// Audit events that wait for the disk. Beyond, they are counted, and the count is written.
pub const AUDIT_QUEUE: usize = 4096;

/// Bytes of one line of the audit log, as far as it is read back: our longest has a tenth.
pub const AUDIT_LINE: u64 = 16 * 1024;

/// Bytes of audit lines kept for a disk that takes none: some four thousand events.
pub const AUDIT_WAITING: usize = 1024 * 1024;

/// How soon an audit log that couldn't be written is tried again.
pub const AUDIT_RETRY: Duration = Duration::from_secs(1);

/// Random texts looked at for a machine's secret; one in fifty is not taken.
pub const SECRET_TRIES: u32 = 64;

/// Bytes of a variable that tells a program of its call: the longest path of a device.
pub const CALL_VARIABLE: usize = 4096;

/// Accounts that are about to be called back: more than a house has outgoing lines.
pub const CALLBACKS: usize = 64;

/// The shortest pause between two tries to call an account back.
pub const CALLBACK_PAUSE: Duration = Duration::from_secs(1);

/// And the longest.
pub const CALLBACK_PAUSE_MAX: Duration = Duration::from_secs(300);
