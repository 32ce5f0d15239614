//! The far end of a telnet call.

use std::fs::File;
use std::io::{self, Write};
use std::net::TcpStream;

use crate::subject::read_until;

/// WILL and DO for BINARY and SUPPRESS-GO-AHEAD.
const BINARY_BOTH_WAYS: &[u8] = b"\xFF\xFB\x00\xFF\xFD\x00\xFF\xFB\x03\xFF\xFD\x03";

/// Negotiates as a telnet server does, until data pass both ways as they are.
pub(crate) fn agree_on_binary(dte: &mut File, far: &mut TcpStream) -> io::Result<()> {
    far.write_all(BINARY_BOTH_WAYS)?;
    far.write_all(b"server ready\n")?;
    read_until(dte, b"server ready\n")?;
    dte.write_all(b"client ready\n")?;
    read_until(far, b"client ready\n")?;
    Ok(())
}
