//! Making calls: lookup, access list, happy eyeballs (RFC 8305), fail-over.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use at::result::Cause;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, Sleep, sleep};

use crate::hosts::Target;
use crate::lookup::lookup;
use crate::wire::{Peer, Wire};
use crate::{
    AccessList, Address, Call, CallOptions, Certificate, Credentials, DialError, Host,
    SocketOptions, limits, ssh, tls,
};

/// One of several places that a number stands for.
#[derive(Clone, Debug)]
pub struct Route {
    /// Where.
    pub address: Address,
    /// How.
    pub options: CallOptions,
}

/// Calls `address`.
///
/// The access list judges every address that the host's name stands for. There is no time-out beyond
/// the system's own: drop the future to give up.
pub async fn dial(
    address: &Address,
    options: &CallOptions,
    access: &AccessList,
) -> Result<Call, DialError> {
    dial_within(address, options, access, options.budget).await
}

async fn dial_within(
    address: &Address,
    options: &CallOptions,
    access: &AccessList,
    budget: Option<Duration>,
) -> Result<Call, DialError> {
    let mut certificate = None;
    let wire = match address {
        Address::Net { protocol, host, port } => {
            let addresses = permitted(lookup(host, *port).await?, access)?;
            let stagger = stagger(budget, addresses.len());
            let wire = Wire::tcp(Race::new(addresses, &options.socket, stagger).await?);
            match protocol.is_secured() {
                true => {
                    let (wire, shown) = secure(wire, address, host, options).await?;
                    certificate = shown;
                    wire
                }
                false => wire,
            }
        }
        Address::Unix(path) => Wire::unix(dial_unix(path, access).await?),
        Address::Ssh { user, host, port } => {
            let addresses = permitted(lookup(host, *port).await?, access)?;
            let stagger = stagger(budget, addresses.len());
            let wire = Wire::tcp(Race::new(addresses, &options.socket, stagger).await?);
            let how = options.ssh.clone().unwrap_or_default();
            let (peer, target) = (wire.peer(), Target { user, host, port: *port });
            // Boxed, as is TLS.
            let called = Box::pin(ssh::call(wire, peer, &target, &how)).await;
            return called.map_err(|why| DialError::NoSession { place: address.to_string(), why });
        }
        Address::Gsm { host, port, .. } => {
            // A name is the module's network's to look up: only what is left of all rules holds for it.
            let ip = match host {
                Host::Ip(ip) => *ip,
                Host::Zoned(..) | Host::Name(_) => Ipv4Addr::UNSPECIFIED.into(),
            };
            permitted(vec![SocketAddr::new(ip, *port)], access)?;
            let call = through(options, address, budget).await?;
            return Ok(call.speaking(options.calling(address)));
        }
        Address::Modem { .. } | Address::Exec(_) | Address::Line(_) | Address::Exchange => {
            return through(options, address, budget).await;
        }
    };
    let peer = match address {
        Address::Unix(path) => Peer::Unix(Some(path.clone())),
        _ => wire.peer(),
    };
    tracing::debug!(%address, %peer, local = %wire.local(), "connected");
    let call = Call::with_codec(wire, peer, options.calling(address));
    Ok(call.with_credentials(certificate.map(Credentials::Certificate).map(Box::new)))
}

async fn secure(
    wire: Wire,
    address: &Address,
    host: &Host,
    options: &CallOptions,
) -> Result<(Wire, Option<Certificate>), DialError> {
    let settings = options.tls.clone().unwrap_or_default();
    // Boxed: the handshake is the longest part of a call that is being made, and rarely there.
    let secured = Box::pin(tls::call(wire, host, &settings)).await;
    secured.map_err(|why| DialError::Insecure { place: address.to_string(), why })
}

/// A call that ends inside this program.
async fn through(
    options: &CallOptions,
    address: &Address,
    budget: Option<Duration>,
) -> Result<Call, DialError> {
    let nobody = || DialError::NoTrunk { place: address.to_string(), cause: Cause::NoSuchCarrier };
    let trunks = options.trunks.as_ref().ok_or_else(nobody)?;
    trunks.call(address, budget).ok_or_else(nobody)?.await
}

/// Calls the first of `routes` that answers, in their order, and tells which one it was. Each failure
/// is logged. With a budget, a route has an even share of what the routes before it have left.
pub async fn dial_first(
    routes: &[Route],
    access: &AccessList,
    budget: Option<Duration>,
) -> Result<(usize, Call), DialError> {
    let end = budget.map(|budget| Instant::now() + budget);
    let mut errors = Vec::new();
    for (index, Route { address, options }) in routes.iter().enumerate() {
        let left = routes.len() - index;
        let share = end.map(|end| (end - Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX));
        let tried = dial_within(address, options, access, share.or(options.budget));
        let tried = match share {
            Some(share) => tokio::time::timeout(share, tried).await,
            None => Ok(tried.await),
        };
        let too_late = |_| Err(DialError::TimedOut { place: address.to_string() });
        match tried.unwrap_or_else(too_late) {
            Ok(call) => return Ok((index, call)),
            Err(error) => {
                let left = left - 1;
                tracing::info!(%address, cause = error.cause().code(), left, "no call: {error}");
                errors.push(error);
            }
        }
    }
    Err(DialError::several(errors))
}

fn permitted(
    addresses: Vec<SocketAddr>,
    access: &AccessList,
) -> Result<Vec<SocketAddr>, DialError> {
    let mut denials = Vec::new();
    let mut allowed = Vec::new();
    for address in addresses {
        match access.check(address) {
            Ok(()) => allowed.push(address),
            Err(by) => denials.push(DialError::Denied { place: address.to_string(), by }),
        }
    }
    match allowed.is_empty() {
        true => Err(DialError::several(denials)),
        false => Ok(allowed),
    }
}

/// Short enough that the last address still has half of the budget to itself.
fn stagger(budget: Option<Duration>, addresses: usize) -> Duration {
    let tries = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    budget.map_or(limits::STAGGER, |budget| limits::STAGGER.min(budget / 2 / tries))
}

async fn dial_unix(path: &Path, access: &AccessList) -> Result<UnixStream, DialError> {
    let place = || Peer::Unix(Some(path.to_owned())).to_string();
    access.check_unix().map_err(|by| DialError::Denied { place: place(), by })?;
    UnixStream::connect(path).await.map_err(|source| DialError::Failed { place: place(), source })
}

async fn connect(address: SocketAddr, options: SocketOptions) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // Before connecting: a server's first packet may be urgent.
    options.apply(&socket)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    // On this machine, and nearly so on the next, that is done before one could wait for it.
    let connected = is_writable(&socket);
    let stream = TcpStream::from_std(socket.into())?;
    if !connected {
        stream.writable().await?;
    }
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    // A port that nobody listens on can be given to the very socket that calls it, which is then
    // connected to itself.
    match stream.local_addr()? == address {
        true => Err(io::ErrorKind::ConnectionRefused.into()),
        false => Ok(stream),
    }
}

fn is_writable(socket: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(socket, PollFlags::OUT)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}

/// Tries addresses one after the other, the next one joining after a while or upon a failure; the
/// first to connect wins, and the others are dropped.
struct Race<'a> {
    waiting: std::vec::IntoIter<SocketAddr>,
    running: Vec<(SocketAddr, Attempt)>,
    errors: Vec<DialError>,
    options: &'a SocketOptions,
    stagger: Duration,
    /// When the next of those that wait may join.
    next: Option<Pin<Box<Sleep>>>,
}

type Attempt = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

impl<'a> Race<'a> {
    fn new(addresses: Vec<SocketAddr>, options: &'a SocketOptions, stagger: Duration) -> Self {
        let waiting = addresses.into_iter();
        let (running, errors, next) = (Vec::new(), Vec::new(), None);
        let mut race = Self { waiting, running, errors, options, stagger, next };
        race.start_next();
        race
    }

    fn start_next(&mut self) {
        if let Some(address) = self.waiting.next() {
            self.running.push((address, Box::pin(connect(address, *self.options))));
        }
        self.next = (self.waiting.len() > 0).then(|| Box::pin(sleep(self.stagger)));
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<TcpStream> {
        let mut index = 0;
        while let Some((address, attempt)) = self.running.get_mut(index) {
            match attempt.as_mut().poll(cx) {
                Poll::Ready(Ok(stream)) => return Poll::Ready(stream),
                Poll::Ready(Err(source)) => {
                    let error = DialError::Failed { place: address.to_string(), source };
                    tracing::debug!(cause = error.cause().code(), "{error}");
                    self.errors.push(error);
                    drop(self.running.remove(index));
                    // RFC 8305 section 5: a failure doesn't wait for the next one's turn.
                    self.start_next();
                }
                Poll::Pending => index += 1,
            }
        }
        Poll::Pending
    }
}

impl Future for Race<'_> {
    type Output = Result<TcpStream, DialError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(stream) = self.poll_running(cx) {
                return Poll::Ready(Ok(stream));
            }
            let Some(next) = &mut self.next else {
                return match self.running.is_empty() {
                    true => Poll::Ready(Err(DialError::several(std::mem::take(&mut self.errors)))),
                    false => Poll::Pending,
                };
            };
            match next.as_mut().poll(cx) {
                Poll::Ready(()) => self.start_next(),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// An address that lets callers wait: its queue is full, and the kernel drops what comes.
    struct BlackHole {
        address: SocketAddr,
        _listener: rustix::fd::OwnedFd,
        _callers: Vec<TcpStream>,
    }

    impl BlackHole {
        async fn open() -> Self {
            use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
            let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
            bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            listen(&listener, 0).unwrap();
            let address = getsockname(&listener).unwrap().try_into().unwrap();
            let mut callers = Vec::new();
            let patience = Duration::from_millis(100);
            while let Ok(caller) = tokio::time::timeout(patience, TcpStream::connect(address)).await
            {
                callers.push(caller.unwrap());
            }
            Self { address, _listener: listener, _callers: callers }
        }
    }

    fn open() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address that refuses while the socket lives: taken, and not listened on.
    fn closed() -> (rustix::fd::OwnedFd, SocketAddr) {
        use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = getsockname(&socket).unwrap().try_into().unwrap();
        (socket, address)
    }

    /// Who wins, and when.
    async fn race(addresses: &[SocketAddr]) -> (Result<SocketAddr, DialError>, Duration) {
        tokio::time::pause();
        let start = Instant::now();
        let options = SocketOptions::default();
        let won = Race::new(addresses.to_vec(), &options, limits::STAGGER).await;
        (won.map(|stream| stream.peer_addr().unwrap()), start.elapsed())
    }

    #[tokio::test]
    async fn a_closed_port_gives_way_to_the_next_address_at_once() {
        let (_listener, address) = open();
        let (_socket, closed) = closed();
        let (won, took) = race(&[closed, closed, address]).await;
        assert_eq!(won.unwrap(), address);
        assert!(took < limits::STAGGER, "{took:?}");
    }

    #[tokio::test]
    async fn a_silent_address_is_joined_by_the_next_after_a_quarter_of_a_second() {
        let hole = BlackHole::open().await;
        let (_listener, address) = open();
        let (won, took) = race(&[hole.address, address]).await;
        assert_eq!(won.unwrap(), address);
        assert!(took >= limits::STAGGER && took < limits::STAGGER * 2, "{took:?}");
    }

    #[tokio::test]
    async fn a_failure_behind_a_silent_address_calls_the_third_at_once() {
        let hole = BlackHole::open().await;
        let (_listener, address) = open();
        let (_socket, closed) = closed();
        let (won, took) = race(&[hole.address, closed, address]).await;
        assert_eq!(won.unwrap(), address);
        assert!(took < limits::STAGGER * 2, "{took:?}");
    }

    #[tokio::test]
    async fn all_addresses_are_tried_before_the_call_fails() {
        let ((_one, first), (_other, second)) = (closed(), closed());
        let (lost, _) = race(&[first, second]).await;
        let lost = lost.unwrap_err().to_string();
        assert_eq!(lost, format!("{first} refused the call, {second} refused the call"));
    }

    #[tokio::test]
    async fn no_address_is_no_call() {
        assert!(matches!(race(&[]).await.0, Err(DialError::NoAddress)));
    }

    #[tokio::test]
    async fn a_silent_route_gets_its_share_of_the_time_and_no_more() {
        let hole = BlackHole::open().await;
        let (_listener, address) = open();
        let route = |address: SocketAddr| Route {
            address: format!("tcp://{address}").parse().unwrap(),
            options: CallOptions::default(),
        };
        let routes = [route(hole.address), route(address)];
        tokio::time::pause();
        let start = Instant::now();
        let budget = Some(Duration::from_secs(10));
        let (which, _) = dial_first(&routes, &AccessList::allow_all(), budget).await.unwrap();
        let took = start.elapsed();
        assert_eq!(which, 1);
        assert!((5000..5100).contains(&took.as_millis()), "{took:?}");

        let alone = dial_first(&routes[..1], &AccessList::allow_all(), budget).await.unwrap_err();
        assert_eq!(alone.cause(), at::result::Cause::TimedOut);
    }

    #[test]
    fn the_last_address_has_half_of_the_budget_to_itself() {
        assert_eq!(stagger(None, 16), limits::STAGGER);
        assert_eq!(stagger(Some(Duration::from_secs(60)), 3), limits::STAGGER);
        assert_eq!(stagger(Some(Duration::from_secs(1)), 10), Duration::from_millis(50));
        assert_eq!(stagger(Some(Duration::ZERO), 0), Duration::ZERO);
    }
}
