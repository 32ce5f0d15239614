//! How much of anything is accepted, and why that much.

use std::time::Duration;

/// Bytes of a server's line that are looked at; the rest of a longer one is dropped. RFC 5321 has 512, and
/// capabilities and headers are longer in practice.
pub const LINE: usize = 2048;

/// Lines of one answer or head before a server is taken to be none: nobody has more.
pub const LINES: usize = 200;

/// Bytes of an answer's headers that are kept to be asked for.
pub const HEADERS: usize = 8 * 1024;

/// How long an answer is waited for: RFC 5321, 4.5.3.2 has minutes, of which no client has the patience.
pub const ANSWER: Duration = Duration::from_secs(120);

/// How long nothing may come or go while a file does, and how long a server may take over what it got: RFC 5321
/// has ten minutes for the end of a mail.
pub const STALL: Duration = Duration::from_secs(600);
