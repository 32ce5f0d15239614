//! Sockets that are being opened: names are looked up, peers are called.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::Arc;

use at::result::Cause;
use carrier::{AccessList, Address, Call, CallOptions, DialError, Host, Protocol, SocketOptions};
use modem::wip::{Failure, Transport};
use telnet::Mode;
use tokio::net::UdpSocket;

use crate::limits;

/// A socket that is being opened, or why it can't be.
pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Opened, NoSocket>> + Send>>;

/// Why there is no socket.
pub(super) struct NoSocket {
    /// For the equipment,
    pub(super) failure: Failure,
    /// for the records,
    pub(super) cause: Cause,
    /// and for the log.
    pub(super) why: String,
}

impl NoSocket {
    fn unreachable(cause: Cause, why: String) -> Self {
        Self { failure: Failure::Unreachable, cause, why }
    }
}

/// A socket that is open.
pub(super) enum Opened {
    Stream(Box<Call>),
    Datagrams(UdpSocket, Arc<AccessList>),
}

/// How the kernel treats connections.
pub(super) fn socket(segment: Option<u16>) -> SocketOptions {
    SocketOptions { segment, ..SocketOptions::default() }
}

/// How connections talk.
pub(super) fn options(transport: Transport) -> CallOptions {
    let mode = match transport {
        Transport::Raw => Mode::Off,
        Transport::Telnet => Mode::On,
    };
    CallOptions { telnet: Some(mode), ..CallOptions::default() }
}

/// Calls a peer.
pub(super) fn stream(
    host: String,
    port: u16,
    access: Arc<AccessList>,
    transport: Transport,
    segment: Option<u16>,
) -> Opening {
    Box::pin(async move {
        let options = CallOptions { socket: socket(segment), ..options(transport) };
        let calling = call(&host, port, &access, transport, &options);
        let called = tokio::time::timeout(limits::SOCKET_CONNECT, calling).await;
        let late = |_| {
            let why = format!("{host}:{port} does not answer");
            Err(NoSocket::unreachable(Cause::TimedOut, why))
        };
        called.unwrap_or_else(late).map(|call| Opened::Stream(Box::new(call)))
    })
}

async fn call(
    host: &str,
    port: u16,
    access: &AccessList,
    transport: Transport,
    options: &CallOptions,
) -> Result<Call, NoSocket> {
    let why = format!("{host} has no IPv4 address");
    let mut failed = NoSocket::unreachable(Cause::UnknownHost, why);
    for address in carrier::lookup_v4(host).await.map_err(not_called)? {
        let place = Address::Net { protocol: Protocol::Raw, host: Host::Ip(address.into()), port };
        match carrier::dial(&place, options, access).await {
            Ok(mut call) => {
                if transport == Transport::Telnet {
                    call.ask_binary();
                }
                return Ok(call);
            }
            Err(error) => failed = not_called(error),
        }
    }
    Err(failed)
}

fn not_called(error: DialError) -> NoSocket {
    NoSocket::unreachable(error.cause(), error.to_string())
}

/// Binds a socket for datagrams, and ties it to a peer if there is one.
pub(super) fn datagrams(
    local: u16,
    peer: Option<(String, u16)>,
    access: Arc<AccessList>,
) -> Opening {
    Box::pin(async move {
        let peer = match peer {
            Some((host, port)) => Some(datagram_peer(&host, port, &access).await?),
            None => None,
        };
        let at_port = |error: io::Error| NoSocket {
            failure: Failure::Port,
            cause: Cause::LineInUse,
            why: format!("port {local}: {error}"),
        };
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, local)).await.map_err(at_port)?;
        if let Some(peer) = peer {
            let unreachable =
                |error| NoSocket::unreachable(Cause::NoRoute, format!("{peer}: {error}"));
            socket.connect(peer).await.map_err(unreachable)?;
        }
        Ok(Opened::Datagrams(socket, access))
    })
}

async fn datagram_peer(
    host: &str,
    port: u16,
    access: &AccessList,
) -> Result<SocketAddrV4, NoSocket> {
    let looked_up = tokio::time::timeout(limits::SOCKET_CONNECT, carrier::lookup_v4(host)).await;
    let late =
        |_| NoSocket::unreachable(Cause::NoResolver, format!("no name server tells of {host}"));
    let addresses = looked_up.map_err(late)?.map_err(not_called)?;
    let allowed = |address: &Ipv4Addr| access.check(SocketAddr::from((*address, port))).is_ok();
    match addresses.into_iter().find(allowed) {
        Some(address) => Ok(SocketAddrV4::new(address, port)),
        None => {
            let why = format!("{host}:{port} may not be talked to");
            Err(NoSocket::unreachable(Cause::Denied, why))
        }
    }
}
