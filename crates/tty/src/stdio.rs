//! Standard input and output of this process as one stream.

use std::io;
use std::task::{Context, Poll};

/// Standard input and output of this process as one non-blocking stream, whatever they are: terminal,
/// pipe, socket or file.
#[derive(Debug)]
pub struct Stdio {}

impl Stdio {
    /// Takes them. Must be called inside the tokio runtime that will poll it.
    pub fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Reads standard input; 0 at its end.
    pub fn poll_read(&mut self, _cx: &mut Context<'_>, _buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    /// Writes to standard output.
    pub fn poll_write(&mut self, _cx: &mut Context<'_>, _data: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
