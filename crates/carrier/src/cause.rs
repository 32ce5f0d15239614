//! From the system's errors to the causes of a call's end.

use std::io;

use at::result::Cause;
use rustix::io::Errno;

use crate::{TelnetFailed, TlsBroken};

/// Why a call failed or ended, by the error that its socket gave.
///
/// ```
/// use at::result::Cause;
///
/// let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
/// assert_eq!(carrier::cause_of(&error), Cause::Reset);
/// ```
pub fn cause_of(error: &io::Error) -> Cause {
    if error.get_ref().is_some_and(|inner| inner.is::<TelnetFailed>()) {
        return Cause::TelnetFailed;
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(TlsBroken::CutOff) => return Cause::CutOff,
        Some(TlsBroken::Protocol) => return Cause::ProtocolError,
        None => {}
    }
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(errno) => cause_of_errno(errno),
        None => cause_of_kind(error.kind()),
    }
}

fn cause_of_errno(errno: Errno) -> Cause {
    match errno {
        // EAGAIN: a UNIX listener whose queue is full.
        Errno::CONNREFUSED | Errno::AGAIN => Cause::Refused,
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => Cause::Reset,
        // Keepalive and TCP_USER_TIMEOUT end in this one too; who dials knows that it is dialling.
        Errno::TIMEDOUT => Cause::TimedOut,
        Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::NETDOWN | Errno::HOSTDOWN => Cause::NoRoute,
        // No address of the family, or no free port, to call from.
        Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::NONET | Errno::NODEV => Cause::NoRoute,
        // A serial port that was unplugged.
        Errno::NXIO => Cause::DeviceLost,
        // A local packet filter says no with one of these.
        Errno::ACCESS | Errno::PERM => Cause::Denied,
        Errno::NOENT => Cause::UnknownHost,
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => Cause::NoResources,
        _ => Cause::Io,
    }
}

fn cause_of_kind(kind: io::ErrorKind) -> Cause {
    match kind {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Cause::Reset,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => Cause::RemoteHangUp,
        io::ErrorKind::TimedOut => Cause::TimedOut,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Cause::NoRoute,
        io::ErrorKind::OutOfMemory => Cause::NoResources,
        _ => Cause::Io,
    }
}

/// Why a call that was up has ended: what could not be reached any more was reached before.
pub fn cause_of_end(error: &io::Error) -> Cause {
    match cause_of(error) {
        Cause::TimedOut | Cause::NoRoute => Cause::PathLost,
        cause => cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_means_one_thing_when_dialling_and_another_in_a_call() {
        let error: io::Error = Errno::TIMEDOUT.into();
        assert_eq!(cause_of(&error), Cause::TimedOut);
        assert_eq!(cause_of_end(&error), Cause::PathLost);
        let error: io::Error = Errno::CONNRESET.into();
        assert_eq!(cause_of_end(&error), Cause::Reset);
    }

    #[test]
    fn a_connection_that_was_cut_is_not_one_that_ended() {
        let error = io::Error::new(io::ErrorKind::UnexpectedEof, TlsBroken::CutOff);
        assert_eq!(cause_of_end(&error), Cause::CutOff);
    }

    #[test]
    fn a_telnet_failure_is_known_through_the_io_error_it_travels_in() {
        let error = io::Error::other(TelnetFailed::RepliesUnread);
        assert_eq!(cause_of_end(&error), Cause::TelnetFailed);
    }
}
