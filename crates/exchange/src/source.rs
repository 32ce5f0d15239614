//! Sources: what counts as one stranger when there are too many.

use std::net::{IpAddr, SocketAddr};

/// Whoever can be told apart from the rest of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// One address.
    V4([u8; 4]),
    /// A /56: what one subscriber gets, and changes addresses in as he likes.
    V6([u8; 7]),
    /// This machine: a UNIX socket or another part of the process, whom no limit per source applies
    /// to.
    Local,
}

impl From<SocketAddr> for Source {
    fn from(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f, g])
            }
        }
    }
}

#[cfg(test)]
impl Source {
    pub(crate) const fn v4(address: u32) -> Self {
        Self::V4(address.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(address: &str) -> Source {
        Source::from(address.parse::<SocketAddr>().expect("an address"))
    }

    #[test]
    fn ports_and_the_last_bits_of_ipv6_make_no_other_source() {
        assert_eq!(source("192.0.2.1:1"), source("192.0.2.1:2"));
        assert_ne!(source("192.0.2.1:1"), source("192.0.2.2:1"));
        assert_eq!(source("192.0.2.1:1"), source("[::ffff:192.0.2.1]:2"));
        assert_eq!(source("[2001:db8:0:ff::1]:1"), source("[2001:db8:0:1::2]:1"));
        assert_ne!(source("[2001:db8:0:100::1]:1"), source("[2001:db8::1]:1"));
    }
}
