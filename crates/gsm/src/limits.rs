//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Characters kept of one line that a module says: a message with all that stands around its 140 octets has 352 in
/// digits, and a text of 160 characters in digits of its own has 640.
pub const LINE: usize = 700;

/// Lines kept of what a module says before its `OK`: a store of messages has up to 100 of two lines; the rest is read behind them.
pub const LINES: usize = 256;

/// Bytes handed to a module at once in a mode where they are counted: every module takes 1024 (the makers
/// allow 1460).
pub const CHUNK: usize = 1024;

/// Characters of a host's name in a command; a command line has 500 or so.
pub const HOST: usize = 253;

/// How often a command is said again that a module is too busy for.
pub const BUSY_AGAIN: Duration = Duration::from_secs(1);

/// How long the `OK` behind a line that some modules end with it, and others don't, may take.
pub const GRACE: Duration = Duration::from_millis(400);

/// How long nothing may come behind the `OK` of a list of messages before it is over: a text may say `OK`, and its next line
/// takes 0.8 s at 9600 bit/s.
pub const QUIET: Duration = Duration::from_millis(1500);

/// The pause before each command: a module that has just answered isn't always listening yet.
pub const PAUSE: Duration = Duration::from_millis(20);

/// How long a module has for `AT`.
pub const HELLO: Duration = Duration::from_secs(1);

/// How long a module has for a command that does nothing but set something.
pub const REPLY: Duration = Duration::from_secs(10);

/// How often a PIN is said at most: the third time in vain locks the card.
pub const PIN_TRIES: u8 = 2;

/// Callers who wait for each other: makers' modules have up to eleven.
pub const CALLERS: usize = 12;

/// How long somebody who calls waits for an answer: S0 and a person's way to the telephone fit.
pub const RINGS: Duration = Duration::from_secs(60);

/// How long a module has to answer what equipment asks: it waits for it, and dials behind it.
pub const ANSWER: Duration = Duration::from_secs(3);

/// From one question for the network to the next, until there is one.
pub const SEARCH_AGAIN: Duration = Duration::from_secs(2);

/// From one question for the card to the next: it is being read.
pub const CARD_AGAIN: Duration = Duration::from_secs(1);

/// How long a card may take to be read after power came, or a PIN.
pub const CARD: Duration = Duration::from_secs(30);

/// How long a module has to say what the ETX meant that it put among the data.
pub const LAST_WORD: Duration = Duration::from_secs(2);

/// How long a part of these words may wait for the rest: a module says them in one go, in half a second at 300 bit/s, and a
/// far end that has said no more than that part is heard so much later.
pub const WORD: Duration = Duration::from_millis(200);

/// How long what was said may take to leave for a module that holds its flow control; then there is no silence for its
/// escape.
pub const DRAIN: Duration = Duration::from_secs(10);

/// How long DTR stays off to reset a module.
pub const DTR_OFF: Duration = Duration::from_secs(1);

/// How long counted data may take to be taken: TCP gives up after minutes, and so do modules.
pub const SENT: Duration = Duration::from_secs(150);

/// How long a module whose buffer is full is left alone.
pub const FULL_AGAIN: Duration = Duration::from_millis(300);

/// Data sessions that fail in a row before the module is started anew.
pub const SESSIONS: u8 = 3;

/// Searches in vain before the module is started anew.
pub const SEARCHES: u8 = 5;
