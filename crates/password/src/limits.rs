//! The limits of passwords and their hashes, each with its reason.

/// Bytes in a password: room for a passphrase, and an upper bound on what is fed to the hash.
pub const PASSWORD: usize = 128;

/// Memory of one hash in KiB: four at once stay under the memory of a small server.
pub const MEMORY_KIB: u32 = 256 * 1024;

/// Passes of one hash: more would let one login hold a thread for many seconds.
pub const PASSES: u32 = 16;

/// Lanes of one hash.
pub const LANES: u32 = 16;
