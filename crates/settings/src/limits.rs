//! The limits of values that come from files, each with its reason.

/// Bytes in a secret file: a hash or a passphrase with a line end, never a whole key ring.
pub const SECRET_FILE: u64 = 4096;
