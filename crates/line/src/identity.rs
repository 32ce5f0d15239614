//! Who a caller is, as a modem shows it.

use std::net::IpAddr;

use carrier::Peer;
use modem::Caller;

use crate::phonebook::Phonebook;

/// A caller's address in its forms, and its listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    address: String,
    digits: String,
    number: String,
    name: String,
}

/// Looks a caller up: the phonebook knows callers by the host that an entry calls.
pub(crate) fn of(peer: &Peer, book: &Phonebook) -> Identity {
    if let Peer::Line(name) = peer {
        let number = book.of_line(name).map(|entry| entry.key.clone()).unwrap_or_default();
        return Identity {
            address: name.clone(),
            name: name.clone(),
            number,
            ..Identity::default()
        };
    }
    let Some(address) = peer.socket_addr() else {
        return Identity { address: peer.to_string(), ..Identity::default() };
    };
    let ip = address.ip().to_canonical();
    let digits = match ip {
        IpAddr::V4(ip) => ip.octets().iter().map(|octet| format!("{octet:03}")).collect(),
        IpAddr::V6(_) => String::new(),
    };
    let mut identity = Identity { address: ip.to_string(), digits, ..Identity::default() };
    for entry in book.of_host(ip) {
        let is_number = !entry.key.chars().any(char::is_alphabetic);
        let field = if is_number { &mut identity.number } else { &mut identity.name };
        if field.is_empty() {
            field.clone_from(&entry.key);
        }
    }
    identity
}

impl Identity {
    pub(crate) fn as_caller(&self) -> Caller<'_> {
        Caller {
            address: &self.address,
            digits: &self.digits,
            number: &self.number,
            name: &self.name,
            ..Caller::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_twelve_digits_and_its_phonebook_number_and_name() {
        let book: Phonebook =
            toml::from_str("\"555-0042\" = \"tcp://10.0.0.7:4001\"\nsite42 = \"10.0.0.7:23\"")
                .unwrap();
        let peer = Peer::from(std::net::SocketAddr::from(([10, 0, 0, 7], 50123)));
        let identity = of(&peer, &book);
        let caller = identity.as_caller();
        assert_eq!((caller.address, caller.digits), ("10.0.0.7", "010000000007"));
        assert_eq!((caller.number, caller.name), ("555-0042", "site42"));
    }
}
