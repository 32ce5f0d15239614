//! Sockets that are being opened: names are looked up, peers are called.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::sync::Arc;

use carrier::{AccessList, Address, Call, CallOptions, DialError, Host, Protocol, SocketOptions};
use modem::wip::{Failure, Transport};
use telnet::Mode;
use tokio::net::UdpSocket;

use crate::limits;

/// A socket that is being opened, or why it can't be.
pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Opened, (Failure, String)>> + Send>>;

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
        let late = |_| Err((Failure::Unreachable, format!("{host}:{port} does not answer")));
        called.unwrap_or_else(late).map(|call| Opened::Stream(Box::new(call)))
    })
}

async fn call(
    host: &str,
    port: u16,
    access: &AccessList,
    transport: Transport,
    options: &CallOptions,
) -> Result<Call, (Failure, String)> {
    let mut why = format!("{host} has no IPv4 address");
    for address in carrier::lookup_v4(host).await.map_err(failed)? {
        let place = Address::Net { protocol: Protocol::Raw, host: Host::Ip(address.into()), port };
        match carrier::dial(&place, options, access).await {
            Ok(mut call) => {
                if transport == Transport::Telnet {
                    call.ask_binary();
                }
                return Ok(call);
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err((Failure::Unreachable, why))
}

fn failed(error: DialError) -> (Failure, String) {
    (Failure::Unreachable, error.to_string())
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
        let at_port = |error: io::Error| (Failure::Port, format!("port {local}: {error}"));
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, local)).await.map_err(at_port)?;
        if let Some(peer) = peer {
            let unreachable = |error| (Failure::Unreachable, format!("{peer}: {error}"));
            socket.connect(peer).await.map_err(unreachable)?;
        }
        Ok(Opened::Datagrams(socket, access))
    })
}

async fn datagram_peer(
    host: &str,
    port: u16,
    access: &AccessList,
) -> Result<SocketAddrV4, (Failure, String)> {
    let looked_up = tokio::time::timeout(limits::SOCKET_CONNECT, carrier::lookup_v4(host)).await;
    let late = |_| (Failure::Unreachable, format!("no name server tells of {host}"));
    let addresses = looked_up.map_err(late)?.map_err(failed)?;
    let allowed = |address: &Ipv4Addr| access.check(SocketAddr::from((*address, port))).is_ok();
    match addresses.into_iter().find(allowed) {
        Some(address) => Ok(SocketAddrV4::new(address, port)),
        None => Err((Failure::Unreachable, format!("{host}:{port} may not be talked to"))),
    }
}
