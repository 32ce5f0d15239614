//! The host's own addresses, as a bearer shows them.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use modem::wip::Addresses;

/// What is sent here leaves by the default route, and is never sent: an address for documentation.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The addresses as they are now. A host without a way out still has itself.
pub(super) fn addresses() -> Addresses {
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let resolver = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    Addresses {
        local: local().unwrap_or(Ipv4Addr::LOCALHOST),
        gateway: gateway(&routes).unwrap_or(Ipv4Addr::UNSPECIFIED),
        name_servers: name_servers(&resolver),
    }
}

fn local() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

/// The gateway of the default route in the kernel's table: hexadecimal in the host's byte order.
fn gateway(routes: &str) -> Option<Ipv4Addr> {
    routes.lines().skip(1).find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (to, by) = (words.next()?, words.next()?);
        let by = u32::from_str_radix(by, 16).ok()?;
        (to == "00000000").then(|| Ipv4Addr::from(by.to_ne_bytes()))
    })
}

fn name_servers(resolver: &str) -> [Ipv4Addr; 2] {
    let mut servers = resolver
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<Ipv4Addr>().ok());
    [(); 2].map(|()| servers.next().unwrap_or(Ipv4Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_routes_gateway_is_read_from_the_kernels_table() {
        let order = u32::from_ne_bytes([192, 168, 1, 254]);
        let table = format!(
            "Iface\tDestination\tGateway\nlo\t0000007F\t00000000\neth0\t00000000\t{order:08X}\t3\n"
        );
        assert_eq!(gateway(&table), Some(Ipv4Addr::new(192, 168, 1, 254)));
        assert_eq!(gateway("Iface\n"), None);
        assert_eq!(gateway(""), None);
    }

    #[test]
    fn name_servers_are_the_first_two_of_ipv4() {
        let text =
            "# none\nsearch example\nnameserver ::1\nnameserver 10.0.0.53\n nameserver  1.1.1.1\n";
        assert_eq!(name_servers(text), [Ipv4Addr::new(10, 0, 0, 53), Ipv4Addr::new(1, 1, 1, 1)]);
        assert_eq!(name_servers(""), [Ipv4Addr::UNSPECIFIED; 2]);
    }
}
