//! From a host to its addresses, in the order in which to try them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketType, netdevice, socket};
use tokio::sync::Semaphore;

use crate::address::Host;
use crate::wire::canonical;
use crate::{DialError, limits};

/// The addresses of `host`, families in turn.
pub(crate) async fn lookup(host: &Host, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    match host {
        Host::Ip(ip) => Ok(vec![SocketAddr::new(*ip, port)]),
        Host::Zoned(ip, zone) => {
            let scope = zone_index(zone)
                .map_err(|source| DialError::UnknownZone { zone: zone.clone(), source })?;
            Ok(vec![SocketAddrV6::new(*ip, port, 0, scope).into()])
        }
        Host::Name(name) => match resolve(name.clone(), port).await {
            Ok(addresses) => Ok(interleave(addresses)),
            Err(error) => Err(lookup_error(name.clone(), error)),
        },
    }
}

/// The IPv4 addresses of a host, given by name or as an address, in the resolver's order.
///
/// # Errors
/// The name stands for nothing, or there is nobody to ask.
pub async fn lookup_v4(host: &str) -> Result<Vec<Ipv4Addr>, DialError> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let found = resolve(host.to_owned(), 0).await;
    let found = found.map_err(|error| lookup_error(host.to_owned(), error))?;
    let mut addresses: Vec<_> = found
        .into_iter()
        .filter_map(|address| match canonical(address) {
            SocketAddr::V4(address) => Some(*address.ip()),
            SocketAddr::V6(_) => None,
        })
        .collect();
    addresses.dedup();
    Ok(addresses)
}

/// Asks the system. A lookup can't be stopped, so one that was given up keeps its permit to its end:
/// a dead name server costs a bounded number of threads.
async fn resolve(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    static PERMITS: std::sync::OnceLock<Arc<Semaphore>> = std::sync::OnceLock::new();
    let permits = PERMITS.get_or_init(|| Arc::new(Semaphore::new(limits::LOOKUPS)));
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let lookup = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        (name.as_str(), port).to_socket_addrs().map(Iterator::collect)
    });
    lookup.await.map_err(io::Error::other)?
}

fn lookup_error(host: String, source: io::Error) -> DialError {
    // The standard library hands out getaddrinfo's text, not its number. glibc and musl in turn.
    let text = source.to_string();
    match text.contains("Temporary failure") || text.contains("Try again") {
        true => DialError::NoResolver { host, source },
        false => DialError::UnknownHost { host, source },
    }
}

fn zone_index(zone: &str) -> io::Result<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    let any = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    Ok(netdevice::name_to_index(any, zone)?)
}

/// RFC 8305 section 4: the resolver's order, but for the families taking turns. Each address once.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut unique: Vec<SocketAddr> = Vec::new();
    for address in addresses.into_iter().map(canonical) {
        if !unique.contains(&address) {
            unique.push(address);
        }
    }
    let v6_first = unique.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        unique.into_iter().partition(|address| address.is_ipv6() == v6_first);
    let mut merged = Vec::new();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            break;
        }
        merged.extend(pair.into_iter().flatten());
    }
    merged.truncate(limits::ADDRESSES);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_families_take_turns_beginning_with_the_resolvers_first() {
        let given = [
            "[::2]:1",
            "[::3]:1",
            "[::4]:1",
            "1.0.0.1:1",
            "1.0.0.2:1",
            "[::2]:1",
            "[::ffff:1.0.0.1]:1",
        ];
        let wanted = ["[::2]:1", "1.0.0.1:1", "[::3]:1", "1.0.0.2:1", "[::4]:1"];
        assert_eq!(interleave(addresses(&given)), addresses(&wanted));
    }

    #[test]
    fn a_host_of_many_addresses_is_cut_short() {
        let many = (0..100u8).map(|n| SocketAddr::from(([10, 0, 0, n], 1))).collect();
        assert_eq!(interleave(many).len(), limits::ADDRESSES);
    }

    #[tokio::test]
    async fn the_machine_knows_itself() {
        let found = lookup(&Host::Name("localhost".to_owned()), 7).await.unwrap();
        assert!(
            !found.is_empty() && found.iter().all(|address| address.ip().is_loopback()),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn a_zone_is_an_interface_of_this_machine() {
        let ip = "fe80::1".parse().unwrap();
        let found = lookup(&Host::Zoned(ip, "lo".to_owned()), 7).await.unwrap();
        assert_eq!(found, addresses(&["[fe80::1%1]:7"]));
        let error = lookup(&Host::Zoned(ip, "nosuch0".to_owned()), 7).await.unwrap_err();
        assert!(matches!(error, DialError::UnknownZone { .. }), "{error}");
    }
}
