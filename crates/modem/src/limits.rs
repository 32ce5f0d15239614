//! The written limits of the modem, each with its reason.

use std::time::Duration;

/// Bytes that the equipment sends while a command executes and that are parsed afterwards: what one
/// read from a port brings. With so much the modem wants no more until the grace time is over.
pub const TYPE_AHEAD: usize = 4 * 1024;

/// Bytes of the far end held while the equipment is in online command state or the connect delay runs.
/// Above it the modem wants no more; enough for what a far end says before it notices the silence.
pub const HELD: usize = 2 * 1024;

/// The most that is ever held: a driver that goes on after the modem wants no more may be one scratch
/// buffer late, and is not trusted beyond that.
pub const HELD_AT_MOST: usize = 128 * 1024;

/// How long a call whose far end is gone stays in online command state for the sake of held bytes.
/// An operator who typed `+++` reads the screen and types `ATO` in less.
pub const LINGER: Duration = Duration::from_secs(60);

/// Bytes within this time after the carriage return of a command do not abort it: scripts send CR LF,
/// and slow ones a second CR.
pub const ABORT_GRACE: Duration = Duration::from_millis(125);

/// S1 is cleared this long after the last ring: longer than the silence between two rings.
pub const RING_COUNT_CLEARS: Duration = Duration::from_secs(8);

/// Digits gathered by dial commands that end in `;`.
pub const GATHERED_DIGITS: usize = 256;

/// Stored numbers, `&Z0` to `&Z99`: two digits, as in the field's own books.
pub const NUMBERS: u16 = 100;

/// Stored profiles, `&W0` to `&W9`.
pub const PROFILES: u8 = 10;

/// The text of one stored number: a dial string is a command line long.
pub const NUMBER_TEXT: usize = 512;

/// What a module keeps under one name: the longest are the options of a bearer, with four texts of 256
/// characters in all, three digits each at worst.
pub const MODULE_TEXT: usize = 1024;

/// The text of one stored profile: all commands of the table set, several times over.
pub const PROFILE_TEXT: usize = 8 * 1024;

/// Messages on a module's card: no card has room for more.
pub const MESSAGES: u16 = 255;

/// Telephone numbers on a module's card: the usual number of records.
pub const ENTRIES: u16 = 250;

/// Bytes of a message that is typed: a PDU in digits is about 360, a text in those of UTF-16 is 640, and
/// whoever deletes and types again does not need more.
#[cfg(feature = "gsm")]
pub const ENTRY: usize = 1024;

/// A message that is typed is given up after so much silence: equipment that died in the middle of one would
/// never get out of it.
#[cfg(feature = "gsm")]
pub const ENTRY_PATIENCE: Duration = Duration::from_secs(180);

/// How long the network may say nothing of a message. Clients give up after ten to sixty seconds.
#[cfg(feature = "gsm")]
pub const NETWORK: Duration = Duration::from_secs(30);

/// What a module can have to do later: one of each thing, and a few searches that overlap.
#[cfg(feature = "gsm")]
pub const LATER: usize = 16;

/// The text of everything stored: all profiles and all numbers.
pub const STORED_TEXT: usize = 256 * 1024;

/// Calls remembered for `AT@CALLS?`.
pub const REMEMBERED_CALLS: usize = 8;

/// Of a party's name this much is remembered and shown.
pub const PARTY: usize = 64;

/// Registers beyond those of the table that `unknown = "ok"` stores: S0 to S255.
pub const LAST_FREE_REGISTER: u16 = 255;

/// The numbers that a persona's own registers can have (COM/IP uses S1000 and up).
pub const LAST_REGISTER: u16 = 9999;

/// Text of any one persona value.
pub const PERSONA_TEXT: usize = 1024;

/// Lines of a command set that wait for command state: one for each socket that can have news, twice.
#[cfg(feature = "sets")]
pub const INDICATIONS: usize = 64;

/// Lines beside which those don't wait that there can be any number of, such as of pings.
#[cfg(feature = "sets")]
pub const MINOR_INDICATIONS: usize = 16;

/// Commands in one line. A line of `AT` full of one-letter commands has as many as characters; this
/// stops nothing sensible and bounds the answer to `ATI4I4I4…`.
pub const COMMANDS_PER_LINE: usize = 256;

/// Bytes of answers in one line: `&V` and the list of commands several times over.
pub const ANSWER: usize = 64 * 1024;
