//! The largest segment of a TCP connection.

use std::io;
use std::os::fd::AsFd;

use crate::raw;

/// Has a TCP connection, or all that a listener accepts, use segments of at most so many bytes in both
/// directions: of 88 to 32767. It is only heard before the connection is made.
///
/// ```
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// tty::limit_segment(&listener, 536)?;
/// let caller = TcpStream::connect(listener.local_addr()?)?;
/// assert!(tty::segment(&caller).is_some_and(|bytes| bytes <= 536));
/// assert!(tty::limit_segment(&listener, 1).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn limit_segment(socket: impl AsFd, bytes: u16) -> io::Result<()> {
    raw::limit_segment(socket, bytes)
}

/// The largest segment that a TCP connection sends, as the kernel has settled it with the far end. `None` for
/// any other socket.
pub fn segment(socket: impl AsFd) -> Option<u32> {
    raw::tcp_info(socket).ok().map(|info| info.tcpi_snd_mss)
}
