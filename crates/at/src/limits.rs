//! How much of anything is accepted, and why that much.

/// Characters in one command line after `AT`. V.250 asks for 40 and real equipment sends up to 250;
/// a URL as a dial string needs a few hundred. A power of two, so that a growing line never takes
/// more memory than this.
pub const BODY_MAX: usize = 1024;

/// Characters in the name of an extended command, as V.250 has it.
pub const NAME_MAX: usize = 16;

/// The greatest number a command takes. V.250 names no limit; nothing that can be set is greater.
pub const NUMBER_MAX: u32 = 1 << 31;

/// Bytes in one dial string. Host names end at 253, so this leaves room for a URL with a path.
pub const DIAL_MAX: usize = 512;

/// Characters in a host name (RFC 1035).
pub const HOST_MAX: usize = 253;

/// Characters between two dots of a host name (RFC 1035).
pub const LABEL_MAX: usize = 63;

/// Entries that a profile may add to a table of result codes: more than any maker ever listed.
pub const CODE_ENTRIES_MAX: usize = 64;

/// Bytes in the text of one result code. `NO DIAL TONE` is 12; programs on the other side compare
/// with short buffers.
pub const CODE_TEXT_MAX: usize = 64;

/// Characters kept of one line that a real modem says. `CONNECT` with all its protocol words has 60, caller
/// ID in hex up to 100; the rest of a longer line is noise.
pub const REPLY_MAX: usize = 160;

/// Characters kept of a caller's number or name, and of what stands behind `CONNECT`.
pub const CALLER_MAX: usize = 80;

/// Steps of one command string for a real modem, pauses included: nobody writes more than a few.
pub const STEPS_MAX: usize = 64;
