//! Reading from a TCP connection, and knowing whether that was all.
//!
//! A read ends before a byte that was sent as urgent, with everything behind it still waiting: less than there was room
//! for is no sign that nothing is left.

use std::io;
use std::os::fd::AsFd;

use crate::raw;

/// Whether something waits behind what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// No: the next arrival is news.
    Nothing,
    /// Yes, or the kernel doesn't tell.
    Perhaps,
}

/// Has the kernel tell with each [`receive`] what waits behind it. A kernel older than 4.18 can't; then there is always
/// perhaps something.
pub fn tell_rest(socket: impl AsFd) -> io::Result<()> {
    raw::tell_rest(socket)
}

/// Reads what has arrived, without waiting; zero bytes at the end.
///
/// ```
/// use std::io::Write as _;
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut caller = TcpStream::connect(listener.local_addr()?)?;
/// let (called, _) = listener.accept()?;
/// tty::tell_rest(&called)?;
/// caller.write_all(b"hello")?;
/// # called.peek(&mut [0])?;
/// assert_eq!(tty::receive(&called, &mut [0; 3])?, (3, tty::Rest::Perhaps));
/// assert_eq!(tty::receive(&called, &mut [0; 3])?, (2, tty::Rest::Nothing));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn receive(socket: impl AsFd, buf: &mut [u8]) -> io::Result<(usize, Rest)> {
    let (count, waiting) = raw::receive(socket, buf)?;
    Ok((count, if waiting == Some(0) { Rest::Nothing } else { Rest::Perhaps }))
}
