//! Every limit of the crate, with its reason.

use std::time::Duration;

/// Characters of a line that is decoded. uuencode needs 62 and yEnc's authors allow 997; more is no such file.
pub const LINE: usize = 4096;

/// Bytes of a file's name: BinHex has 63, file systems 255.
pub const NAME: usize = 255;

/// Bytes of a name in BinHex.
pub const BINHEX_NAME: usize = 63;

/// Bytes of one frame of a channel: the longest of Modbus, and room for what is put around it.
pub const FRAME: usize = 2048;

/// How long an end of a probe waits for the other one before it says the same again.
pub const PROBE_AGAIN: Duration = Duration::from_secs(5);

/// How often it does so. Three times is enough for a path that loses something now and then.
pub const PROBE_TRIES: u8 = 4;
