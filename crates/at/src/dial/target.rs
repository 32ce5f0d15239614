//! What a dial string calls.

use std::fmt;
use std::net::IpAddr;

use super::{DialSyntax, Quoting, Recall, host, numeric, url};

/// What a dial string calls, read as it stands.
///
/// [`Display`](fmt::Display) writes it in one standard form, which reads back, in quotes, as the
/// same target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing was dialled, or `0.0.0.0`: the default destination if there is one.
    Empty,
    /// Another number: the last one, or a stored one.
    Recall(Recall),
    /// A URL: the scheme names the transport.
    Url {
        /// In lower case.
        scheme: String,
        /// Everything behind `scheme:`, slashes included.
        rest: String,
    },
    /// An address in figures.
    Address {
        /// The address.
        ip: IpAddr,
        /// The port, if one was given.
        port: Option<u16>,
    },
    /// A host to be looked up, or an IPv6 address with a zone.
    Host {
        /// As it was typed.
        name: String,
        /// The port, if one was given.
        port: Option<u16>,
    },
    /// A telephone number: digits, `*`, `#`, and `+` in front. Only a phonebook can know it.
    Number(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port_of = |port: &Option<u16>| port.map_or_else(String::new, |port| format!(":{port}"));
        match self {
            Self::Empty => Ok(()),
            Self::Recall(Recall::Last) => f.write_str("L"),
            Self::Recall(Recall::ShowLast) => f.write_str("L?"),
            Self::Recall(Recall::Stored(slot)) => write!(f, "S={slot}"),
            Self::Url { scheme, rest } => write!(f, "{scheme}:{rest}"),
            Self::Address { ip: IpAddr::V4(ip), port } => write!(f, "{ip}{}", port_of(port)),
            Self::Address { ip: IpAddr::V6(ip), port } => write!(f, "[{ip}]{}", port_of(port)),
            Self::Host { name, port } if name.contains(':') => {
                write!(f, "[{name}]{}", port_of(port))
            }
            Self::Host { name, port } => write!(f, "{name}{}", port_of(port)),
            Self::Number(number) => f.write_str(number),
        }
    }
}

/// A profile's say in how dial strings are read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DialRules {
    /// Whether plain digits may be an address.
    pub digits_are_ip: DigitsAreIp,
    /// Characters in front of a target that name its transport, such as `P` and `udp`, or `+` and
    /// `telnet`. `T` and `P` are taken off in any case.
    pub transports: Vec<(char, String)>,
}

impl DialRules {
    pub(super) fn scheme(&self, prefix: char) -> Option<&str> {
        let same = |own: &char| own.eq_ignore_ascii_case(&prefix);
        self.transports.iter().find(|(own, _)| same(own)).map(|(_, scheme)| scheme.as_str())
    }
}

/// Whether `192168001010` may be 192.168.1.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DigitsAreIp {
    /// Yes, if each group fits.
    #[default]
    Yes,
    /// Only dots, or a `:` before the port, make an address: real telephone numbers have 12 digits
    /// too.
    No,
}

pub(super) fn read(text: &str, quoting: Quoting, rules: &DialRules) -> Result<Target, DialSyntax> {
    if let Some(target) = url::read(text) {
        return target;
    }
    if let Some(target) = host::read_ipv6(text) {
        return target;
    }
    match numeric::read(text, quoting, rules.digits_are_ip) {
        Some(target) => target,
        None => host::read(text),
    }
}

/// Nobody has the unspecified address, and to connect to it reaches this very machine.
pub(super) fn address(ip: IpAddr, port: Option<u16>) -> Result<Target, DialSyntax> {
    match port {
        _ if !ip.to_canonical().is_unspecified() => Ok(Target::Address { ip, port }),
        None if ip.is_ipv4() => Ok(Target::Empty),
        _ => Err(DialSyntax::NobodysAddress),
    }
}

pub(super) fn port(digits: &str) -> Result<u16, DialSyntax> {
    if digits.is_empty() || !super::is_digits(digits) {
        return Err(DialSyntax::Port);
    }
    digits.parse().ok().filter(|&port| port != 0).ok_or(DialSyntax::Port)
}
