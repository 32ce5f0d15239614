//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Nesting of JSON: our own requests need two levels, and the reader recurses.
pub(crate) const JSON_DEPTH: usize = 16;

/// Files that one configuration may consist of: a file per site of a large fleet, yet an include pattern
/// that slipped (`/**`) ends before memory does.
pub(crate) const CONFIG_FILES: usize = 10_000;

/// Bytes of one configuration file: a hundred thousand lines of TOML, and no device file by mistake.
pub(crate) const CONFIG_BYTES: u64 = 8 << 20;

/// Mistakes shown at once: more than a screen of them helps nobody.
pub(crate) const DIAGNOSTICS_SHOWN: usize = 20;

/// Conversations on the control socket at once: some operators, a monitor or two, and their traces.
pub(crate) const CONTROL_CLIENTS: usize = 32;

/// Bytes of one request on the control socket: a station's whole configuration, every byte of it escaped.
pub(crate) const CONTROL_REQUEST: u64 = 6 * 64 * 1024 + 4096;

/// How long a client of the control socket may stay silent: it holds one of the places.
pub(crate) const CONTROL_IDLE: Duration = Duration::from_secs(60);

/// How long a client may leave an answer unread before it is given up.
pub(crate) const CONTROL_WRITE: Duration = Duration::from_secs(10);

/// How long all calls together may take to end in order; hanging up a program takes up to ten seconds.
pub(crate) const SHUT_DOWN: Duration = Duration::from_secs(15);

/// Sockets that a service manager hands over: more addresses than an exchange has, and no loop over a number that
/// slipped.
#[cfg(feature = "exchange")]
pub(crate) const HANDED_OVER: usize = 64;

/// How often a line that could not be opened is tried again: an adapter is plugged in by hand.
pub(crate) const RETRY: Duration = Duration::from_secs(10);

/// How long `trunkline dial` waits for an answer: S7's default.
pub(crate) const DIAL_PATIENCE: Duration = Duration::from_secs(60);

/// Bytes that `trunkline dial` moves at once: what a terminal gives and takes in one piece.
pub(crate) const DIAL_CHUNK: usize = 4096;

/// How long the far end may take for our last bytes when the operator hangs up.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);

/// How often a running instance looks whether the store's accounts were changed: soon for a person who has just
/// changed one, seldom for a machine that has nothing else to do.
#[cfg(feature = "store")]
pub(crate) const ACCOUNTS_LOOK: Duration = Duration::from_secs(2);

/// How long the store may take at the end to write what waits: one transaction, or one that a slow disk holds up.
#[cfg(feature = "store")]
pub(crate) const CLOSE_STORE: Duration = Duration::from_secs(5);

/// Calls read from the store ahead of whoever is told of them.
#[cfg(feature = "store")]
pub(crate) const CALLS_AT_ONCE: usize = 64;

/// Rows from which the widths of a table are known; those after them are shown as they come, so that a long table
/// takes no more memory than a short one.
pub(crate) const TABLE: usize = 500;

/// Bytes of a file that accounts are imported from: a passwd of some hundred thousand users.
#[cfg(feature = "exchange")]
pub(crate) const IMPORT_FILE: u64 = 16 << 20;

/// How often `trunkline top` asks the instance: what a person can follow.
#[cfg(feature = "web")]
pub(crate) const TOP_PAUSE: Duration = Duration::from_secs(1);

/// How many times longer `top` waits than it took to be told: a large house spends a fifth of its time on it at most.
#[cfg(feature = "web")]
pub(crate) const TOP_SHARE: u32 = 4;

/// Characters of `top`'s filter: a line of a terminal.
#[cfg(feature = "web")]
pub(crate) const TOP_FILTER: usize = 60;

/// How long an account that is called back may take to answer: as long as a telephone rings.
#[cfg(any(feature = "exchange", feature = "translator"))]
pub(crate) const CALL_BACK: Duration = Duration::from_secs(60);

/// Registers that `trunkline modbus guess` reads from standard input, in characters: a unit's whole answer.
#[cfg(feature = "modbus")]
pub(crate) const GUESS_BYTES: u64 = 4096;

/// A file on standard input that `trunkline encode` keeps until it knows its length, which BinHex and yEnc say first.
#[cfg(feature = "modbus")]
pub(crate) const ARMOUR_BYTES: u64 = 64 << 20;

/// How long the launcher may take to read the configuration that we have just read.
#[cfg(feature = "exchange")]
pub(crate) const LAUNCHER_OPENING: Duration = Duration::from_secs(60);

/// How long a launcher may take to end when its last program has; it has nothing else to do.
#[cfg(feature = "exchange")]
pub(crate) const LAUNCHER_END: Duration = Duration::from_secs(2);

/// Alarms that `trunkline sites --alarms` shows: more than anybody reads.
#[cfg(feature = "collector")]
pub(crate) const ALARMS: usize = 1_000;

/// Wishes that `trunkline sites --wishes` shows: more than anybody reads.
#[cfg(feature = "collector")]
pub(crate) const WISHES: usize = 1_000;

/// Samples that are told in one piece.
#[cfg(feature = "collector")]
pub(crate) const SAMPLES: usize = 500;

/// Such pieces that are read ahead of whoever is told of them.
#[cfg(feature = "collector")]
pub(crate) const SAMPLES_AT_ONCE: usize = 4;
