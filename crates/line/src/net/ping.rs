//! Echo requests, by a socket that needs no privilege where the kernel has those, and else as root.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use carrier::AccessList;
use modem::wip::{Event, Ping};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::info;

use crate::limits;

/// Types of ICMP messages.
const REQUEST: u8 = 8;
const REPLY: u8 = 0;

/// Type, code, checksum, identifier, number.
const HEADER: usize = 8;

/// Pings under way.
pub(super) struct Pinger {
    next: u16,
    count: u16,
    step: Pin<Box<dyn Future<Output = (Path, Option<Duration>)> + Send>>,
}

/// What echo requests are sent with.
struct Path {
    socket: Option<Arc<Socket>>,
    pace: Pace,
}

#[derive(Clone, Copy)]
struct Pace {
    interval: Duration,
    timeout: Duration,
    size: usize,
    ttl: u8,
}

struct Socket {
    /// It is no UDP, but is used as if it were: what is sent and read are messages.
    messages: UdpSocket,
    kind: Kind,
}

/// What stands in front of a reply.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing, and the kernel has the identifiers.
    Datagram,
    /// A header of IP.
    Raw,
}

impl Pinger {
    pub(super) fn new(ping: &Ping<'_>, access: &Arc<AccessList>) -> Self {
        let pace = Pace {
            interval: ping.interval,
            timeout: ping.timeout,
            size: ping.size.into(),
            ttl: ping.ttl,
        };
        let (host, access) = (ping.host.to_owned(), Arc::clone(access));
        Self {
            next: 0,
            count: ping.count,
            step: Box::pin(async move {
                let path = Path { socket: find(&host, &access, pace.ttl).await, pace };
                path.echo(0, Duration::ZERO).await
            }),
        }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.next >= self.count
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event<'static>> {
        let Poll::Ready((path, took)) = self.step.as_mut().poll(cx) else { return Poll::Pending };
        if path.socket.is_none() {
            self.next = self.count;
            return Poll::Ready(Event::NoPing);
        }
        let index = self.next;
        self.next += 1;
        let spent = took.unwrap_or(path.pace.timeout);
        let pause = path.pace.interval.saturating_sub(spent);
        let next = self.next;
        self.step = Box::pin(async move { path.echo(next, pause).await });
        Poll::Ready(Event::Pong { index, took })
    }
}

/// A socket to the host, if it may be talked to and there is one.
async fn find(host: &str, access: &AccessList, ttl: u8) -> Option<Arc<Socket>> {
    let looked_up = tokio::time::timeout(limits::SOCKET_CONNECT, carrier::lookup_v4(host)).await;
    let addresses = looked_up.ok()?.ok()?;
    let allowed = |address: &Ipv4Addr| access.check(SocketAddr::from((*address, 0))).is_ok();
    let address = addresses.into_iter().find(allowed)?;
    match open(address, ttl) {
        Ok(socket) => Some(Arc::new(socket)),
        Err(error) => {
            info!("no ping: {error}");
            None
        }
    }
}

fn open(to: Ipv4Addr, ttl: u8) -> io::Result<Socket> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let of = |kind| rustix::net::socket_with(AddressFamily::INET, kind, flags, Some(ipproto::ICMP));
    let (fd, kind) = match of(SocketType::DGRAM) {
        Ok(fd) => (fd, Kind::Datagram),
        Err(Errno::ACCESS | Errno::PERM | Errno::PROTONOSUPPORT) => {
            (of(SocketType::RAW)?, Kind::Raw)
        }
        Err(error) => return Err(error.into()),
    };
    rustix::net::connect(&fd, &SocketAddrV4::new(to, 0))?;
    sockopt::set_ip_ttl(&fd, ttl.max(1).into())?;
    Ok(Socket { messages: UdpSocket::from_std(fd.into())?, kind })
}

impl Path {
    /// One request after a pause, and its reply.
    async fn echo(self, index: u16, pause: Duration) -> (Self, Option<Duration>) {
        sleep_until(Instant::now() + pause).await;
        let Some(socket) = self.socket.clone() else { return (self, None) };
        let begun = Instant::now();
        let request = request(index, self.pace.size);
        let answered = async {
            socket.send(&request).await?;
            socket.reply(index).await
        };
        let answered = timeout_at(begun + self.pace.timeout, answered).await;
        let took = matches!(answered, Ok(Ok(()))).then(|| begun.elapsed());
        (self, took)
    }
}

impl Socket {
    async fn send(&self, request: &[u8]) -> io::Result<()> {
        self.messages.send(request).await.map(drop)
    }

    /// The reply to the request of this number; others are passed over.
    async fn reply(&self, index: u16) -> io::Result<()> {
        let mut buffer = [0; 64];
        loop {
            let length = self.messages.recv(&mut buffer).await?;
            let message = buffer.get(..length).unwrap_or_default();
            if answers(message, self.kind, index) {
                return Ok(());
            }
        }
    }
}

/// Whether a message is the reply to our request of this number.
fn answers(message: &[u8], kind: Kind, index: u16) -> bool {
    let skip = match (kind, message.first()) {
        (Kind::Raw, Some(first)) => usize::from(first & 0x0F) * 4,
        _ => 0,
    };
    let Some(&[kind_of, _, _, _, high, low, number_high, number_low, ..]) = message.get(skip..)
    else {
        return false;
    };
    let ours = kind == Kind::Datagram || u16::from_be_bytes([high, low]) == identifier();
    kind_of == REPLY && ours && u16::from_be_bytes([number_high, number_low]) == index
}

/// Tells our requests from those of other programs.
fn identifier() -> u16 {
    std::process::id() as u16
}

fn request(index: u16, size: usize) -> Vec<u8> {
    let mut message = vec![REQUEST, 0, 0, 0];
    message.extend_from_slice(&identifier().to_be_bytes());
    message.extend_from_slice(&index.to_be_bytes());
    message.extend((0..=u8::MAX).cycle().take(size));
    let sum = checksum(&message).to_be_bytes();
    if let Some(place) = message.get_mut(2..4) {
        place.copy_from_slice(&sum);
    }
    debug_assert_eq!(message.len(), HEADER + size);
    message
}

/// RFC 1071.
fn checksum(message: &[u8]) -> u16 {
    let words = message.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_checksum_that_makes_its_sum_zero() {
        for size in [1, 64, 65, 1500] {
            assert_eq!(checksum(&request(7, size)), 0);
        }
    }

    #[test]
    fn only_the_reply_to_our_request_answers_it() {
        let mut reply = request(3, 8);
        assert!(!answers(&reply, Kind::Datagram, 3), "a request is no reply");
        reply[0] = REPLY;
        assert!(answers(&reply, Kind::Datagram, 3));
        assert!(!answers(&reply, Kind::Datagram, 4));
        let mut raw = vec![0x45; 20];
        raw.extend_from_slice(&reply);
        assert!(answers(&raw, Kind::Raw, 3));
        raw[24] ^= 1;
        assert!(!answers(&raw, Kind::Raw, 3), "another program's");
        assert!(!answers(&[0x4F; 10], Kind::Raw, 3));
        assert!(!answers(&[], Kind::Raw, 3));
    }
}
