//! Every limit of the codec, with its reason.

use std::time::Duration;

/// How long a question waits for its answer before it counts as refused.
///
/// busybox telnetd never answers option 0; the slowest links answer within three seconds. It is also
/// the longest time data is held back while our transmit direction changes.
pub const ANSWER: Duration = Duration::from_secs(5);

/// How long a client keeps quiet at first, so that a server that negotiates goes first.
pub const OPENING: Duration = Duration::from_millis(300);

/// When a client looks again whether both directions are binary.
pub const RECHECK: Duration = Duration::from_secs(2);

/// How often a client asks again for BINARY in one connection.
///
/// inetutils telnetd withdraws it once or twice (login, then the program); more would be a loop.
pub const REASKS: u8 = 3;

/// State changes granted to one option on one side in one connection.
///
/// An honest peer needs fewer than ten; two ends that misunderstand each other need for ever.
pub const STATE_CHANGES: u8 = 32;

/// Refusals of options that we never agree to, in one connection.
///
/// All 256 options, asked both ways, twice.
pub const REFUSALS: u16 = 1024;

/// Bytes of answers waiting to be put on the wire.
///
/// Over a thousand answers: only a peer that asks and never reads gets there, and what he asks then
/// is left unanswered unless it changes an option, which [`STATE_CHANGES`] limits.
pub const REPLIES: usize = 4096;

/// Bytes kept of one sub-negotiation; a longer one is skipped to its end.
///
/// The longest that we understand is an RFC 2217 signature.
pub const SUBNEGOTIATION: usize = 512;

/// Received bytes within which `auto` may still find out that the peer speaks telnet.
pub const DETECTION_BYTES: u16 = 1024;

/// Time after the first received byte within which `auto` may still find out the same.
pub const DETECTION: Duration = Duration::from_secs(5);

/// How long `auto` keeps back a trailing 0xFF that may begin a command.
///
/// Longer than the 200 ms after which TCP repeats a lost second half; short enough that a raw peer
/// whose frames end in 0xFF is only slow, not stuck.
pub const HOLD_BACK: Duration = Duration::from_millis(300);

/// Characters in a terminal type name (RFC 1091 and the assigned-numbers list stop at 40).
pub const TERMINAL_NAME: usize = 40;

/// Bytes of an RFC 2217 signature that we send or report.
pub const SIGNATURE: usize = 255;
