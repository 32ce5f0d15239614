//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Command strings for one modem: uucp's dialers have three or four.
pub const INIT_STRINGS: usize = 16;

/// Characters of a command string: V.250 asks a modem for 40, and many take 60 or 80.
pub const COMMAND: usize = 120;

/// Caller rules of one modem: they are tried one after the other at each ring.
pub const CALLER_RULES: usize = 1000;

/// Orders that wait for one modem: it does one thing at a time.
pub const ORDERS: usize = 4;

/// How often an idle modem's lock file is looked at: a dialling program takes seconds over its own init, so
/// it is noticed before it dials.
pub const LOCK_LOOK: Duration = Duration::from_secs(1);

/// Pauses between attempts to open a port that is gone, or to wake a modem that doesn't answer: a cable is
/// back within seconds, a broken modem after days.
pub const RETRY_FIRST: Duration = Duration::from_secs(1);
/// See [`RETRY_FIRST`].
pub const RETRY_LAST: Duration = Duration::from_secs(60);

/// A call's rings are closer together than this; after it the caller has given up.
pub const RING_GAP: Duration = Duration::from_secs(10);

/// How soon after a ring that had the centre called another one may: a caller who rings all day must not have the station
/// call all day.
pub const RUNG_AGAIN: Duration = Duration::from_secs(60);

/// How long the last bytes of a call may take to leave for a modem that holds its flow control.
pub const LAST_BYTES: Duration = Duration::from_secs(10);

/// How often DCD is looked at during a call.
pub const LINE_WATCH: Duration = Duration::from_millis(20);

/// How long `NO CARRIER` must be the last that came before it is taken for the modem's own word, on a port
/// that doesn't show DCD: the modem says nothing more, while a text that has it goes on or was answered long
/// ago.
pub const LAST_WORD: Duration = Duration::from_millis(500);

/// Bytes read from a modem at once: what the kernel has for a terminal.
pub const READ: usize = 4096;

/// How long who dials waits for a modem that is being made ready: a reset takes two seconds, the hard way
/// six.
pub const SETTLING: Duration = Duration::from_secs(8);

/// How long a rack that ends waits for its modems to hang up.
pub const STOPPING: Duration = Duration::from_secs(5);
