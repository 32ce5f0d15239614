//! Options of TCP sockets.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

/// How a TCP connection notices that its far end is gone.
///
/// ```
/// use carrier::{Keepalive, SocketOptions};
///
/// let satellite = SocketOptions { keepalive: Keepalive::Off, ..SocketOptions::default() };
/// assert!(satellite.user_timeout.is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Probes while nothing is sent.
    pub keepalive: Keepalive,
    /// How long sent data may stay unacknowledged; `None` leaves it to the system (about 15 minutes).
    ///
    /// Linux also ends a connection whose far end has kept its window shut for that long, so it must
    /// be longer than equipment may hold its flow control.
    pub user_timeout: Option<Duration>,
    /// The largest segment in either direction, of 88 bytes and more; `None` leaves it to the system.
    pub segment: Option<u16>,
}

/// Probes on an idle connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// None: an idle connection costs no packets and may die unnoticed.
    Off,
    /// As given. The far end is gone after `idle + interval * count`, or, where there is a
    /// [`user_timeout`](SocketOptions::user_timeout), once it has been silent for that long: Linux then no
    /// longer counts the probes.
    On {
        /// Silence before the first probe, in whole seconds.
        idle: Duration,
        /// Pause between probes, in whole seconds.
        interval: Duration,
        /// Unanswered probes that end the connection, where there is no user time-out.
        count: u32,
    },
}

impl Default for Keepalive {
    /// By itself two minutes from silence to a cleared call.
    fn default() -> Self {
        Self::On { idle: Duration::from_secs(60), interval: Duration::from_secs(15), count: 4 }
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self::lost_after(Duration::from_secs(600))
    }
}

impl SocketOptions {
    /// A far end from which nothing has come for `limit` is gone, whether it has data to acknowledge or not.
    /// From a second on.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let options = carrier::SocketOptions::lost_after(Duration::from_secs(600));
    /// assert_eq!(options, carrier::SocketOptions::default());
    /// ```
    pub fn lost_after(limit: Duration) -> Self {
        let limit = limit.max(Duration::from_secs(1));
        // Whether the limit has passed is looked at when a probe is due, so they come often enough for that.
        let keepalive = match Keepalive::default() {
            Keepalive::On { idle, interval, count } => Keepalive::On {
                idle: idle.min(limit / 2),
                interval: interval.min(limit / 8),
                count,
            },
            Keepalive::Off => Keepalive::Off,
        };
        Self { keepalive, user_timeout: Some(limit), segment: None }
    }

    /// Applies these, and what every call wants: no waiting for fuller packets, and urgent data in
    /// its place (telnet daemons mark the IAC of a data mark urgent; out of line, the mark itself
    /// would stay behind in the data as a stray byte).
    pub fn apply(&self, socket: impl AsFd) -> io::Result<()> {
        let socket = socket.as_fd();
        sockopt::set_tcp_nodelay(socket, true)?;
        sockopt::set_socket_oobinline(socket, true)?;
        // Without it, each read is followed by one that finds nothing.
        let _ = tty::tell_rest(socket);
        match self.keepalive {
            Keepalive::Off => sockopt::set_socket_keepalive(socket, false)?,
            Keepalive::On { idle, interval, count } => {
                sockopt::set_socket_keepalive(socket, true)?;
                sockopt::set_tcp_keepidle(socket, whole_seconds(idle))?;
                sockopt::set_tcp_keepintvl(socket, whole_seconds(interval))?;
                sockopt::set_tcp_keepcnt(socket, count.clamp(1, 127))?;
            }
        }
        let limit_ms = self.user_timeout.map_or(0, |limit| limit.as_millis().clamp(1, MAX_MS));
        sockopt::set_tcp_user_timeout(socket, u32::try_from(limit_ms).unwrap_or(0))?;
        if let Some(segment) = self.segment {
            tty::limit_segment(socket, segment)?;
        }
        Ok(())
    }
}

/// The kernel's limit for a time-out: it is a C `int` there.
const MAX_MS: u128 = i32::MAX as u128;

/// What the kernel takes: 1 to 32767 seconds.
fn whole_seconds(span: Duration) -> Duration {
    Duration::from_secs(span.as_secs().clamp(1, 32_767))
}

/// Makes closing `socket` a reset: the far end sees an abort, not an end.
pub(crate) fn reset_on_close(socket: impl AsFd) -> io::Result<()> {
    Ok(sockopt::set_socket_linger(socket, Some(Duration::ZERO))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketType, socket};

    #[test]
    fn the_kernel_gets_what_was_asked_for() {
        let tcp = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        SocketOptions::default().apply(&tcp).unwrap();
        assert!(sockopt::tcp_nodelay(&tcp).unwrap());
        assert!(sockopt::socket_oobinline(&tcp).unwrap());
        assert!(sockopt::socket_keepalive(&tcp).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&tcp).unwrap(), Duration::from_secs(60));
        assert_eq!(sockopt::tcp_keepintvl(&tcp).unwrap(), Duration::from_secs(15));
        assert_eq!(sockopt::tcp_keepcnt(&tcp).unwrap(), 4);
        assert_eq!(sockopt::tcp_user_timeout(&tcp).unwrap(), 600_000);
    }

    #[test]
    fn what_the_kernel_would_refuse_is_brought_into_its_range() {
        let tcp = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let keepalive = Keepalive::On { idle: Duration::MAX, interval: Duration::ZERO, count: 0 };
        let odd = SocketOptions { keepalive, user_timeout: Some(Duration::MAX), segment: None };
        odd.apply(&tcp).unwrap();
        let none = SocketOptions { keepalive: Keepalive::Off, user_timeout: None, segment: None };
        none.apply(&tcp).unwrap();
        assert!(!sockopt::socket_keepalive(&tcp).unwrap());
        assert_eq!(sockopt::tcp_user_timeout(&tcp).unwrap(), 0);
    }
}
