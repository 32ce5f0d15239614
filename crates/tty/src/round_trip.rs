//! How far away the other end of a connection is.

use std::os::fd::AsFd;
use std::time::Duration;

use crate::raw;

/// How long a packet takes there and back on a TCP connection, as the kernel has measured it so far;
/// nothing for another socket, or before anything was measured.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut caller = TcpStream::connect(listener.local_addr()?)?;
/// let (mut called, _) = listener.accept()?;
/// caller.write_all(b"?")?;
/// called.read_exact(&mut [0])?;
/// assert!(tty::round_trip(&caller).is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn round_trip(socket: impl AsFd) -> Option<Duration> {
    let info = raw::tcp_info(socket).ok()?;
    Some(Duration::from_micros(info.tcpi_rtt.into())).filter(|round_trip| !round_trip.is_zero())
}
