//! Sockets that systemd has opened for us, as sd_listen_fds(3) has it.

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, RawFd};
use std::process;

use carrier::{ListenOptions, Listener};
use rustix::net::sockopt;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use crate::limits;

/// The first one's number.
const FIRST: RawFd = 3;

/// The listeners that were handed over; one that isn't for TCP is told of and left alone. Must be called inside a tokio
/// runtime.
pub(crate) fn listeners() -> Vec<Listener> {
    let listeners = (FIRST..).take(handed_over()).map(|number| (number, listener(number)));
    listeners
        .filter_map(|(number, listener)| match listener {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::warn!("can't use descriptor {number}, which systemd handed over: {error}");
                None
            }
        })
        .collect()
}

/// How many there are. A parent's are not ours, though its environment may be.
fn handed_over() -> usize {
    let number = |name: &str| env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID") != Some(process::id()) {
        return 0;
    }
    let count = number("LISTEN_FDS").and_then(|count| usize::try_from(count).ok());
    count.unwrap_or(0).min(limits::HANDED_OVER)
}

fn listener(number: RawFd) -> io::Result<Listener> {
    // A second handle of our own: to take over a bare number would be unsafe.
    let ourselves = pidfd_open(getpid(), PidfdFlags::empty())?;
    let socket = pidfd_getfd(ourselves, number, PidfdGetfdFlags::empty())?;
    if !sockopt::socket_acceptconn(socket.as_fd())? {
        return Err(io::Error::other("it doesn't listen"));
    }
    let socket = TcpListener::from(socket);
    socket.local_addr()?;
    socket.set_nonblocking(true)?;
    Listener::from_tcp(tokio::net::TcpListener::from_std(socket)?, &ListenOptions::default())
}
