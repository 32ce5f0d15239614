//! Access lists as people write them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{AccessList, Denied, Permission, Places, Rule};

/// A text that is not an access list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected at byte {at}, found `{found}`")]
pub struct AccessError {
    /// Where in the text, counted in bytes from zero.
    pub at: usize,
    /// What would have been right there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

impl FromStr for AccessList {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let mut list = Self::allow_all();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let code = line.split('#').next().unwrap_or("");
            for (offset, part) in pieces(code, ',') {
                list.add(part, at + offset)?;
            }
            at += line.len();
        }
        Ok(list)
    }
}

impl AccessList {
    fn add(&mut self, part: &str, at: usize) -> Result<(), AccessError> {
        let mut words = pieces(part, ' ').filter(|(_, word)| !word.is_empty());
        let Some((first_at, first)) = words.next() else { return Ok(()) };
        if first.eq_ignore_ascii_case("default") {
            let (word_at, word) = words.next().unwrap_or((part.len(), ""));
            self.default = permission(word, at + word_at)?;
            return nothing_more(words.next(), at);
        }
        let rule = rule_at(part, at)?;
        self.push(rule).map_err(|_| wrong(at + first_at, "no more than 4096 rules", first))
    }
}

impl FromStr for Rule {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        rule_at(text, 0)
    }
}

fn rule_at(text: &str, at: usize) -> Result<Rule, AccessError> {
    let mut words = pieces(text, ' ').filter(|(_, word)| !word.is_empty());
    let (word_at, word) = words.next().unwrap_or((0, ""));
    let permission = permission(word, at + word_at)?;
    let (place_at, place) = words.next().unwrap_or((text.len(), ""));
    let (places, ports) = places(place, at + place_at)?;
    nothing_more(words.next(), at)?;
    Ok(Rule { permission, places, ports })
}

fn nothing_more(word: Option<(usize, &str)>, at: usize) -> Result<(), AccessError> {
    match word {
        Some((offset, word)) => Err(wrong(at + offset, "nothing more", word)),
        None => Ok(()),
    }
}

fn permission(word: &str, at: usize) -> Result<Permission, AccessError> {
    match word.to_ascii_lowercase().as_str() {
        "allow" => Ok(Permission::Allow),
        "deny" => Ok(Permission::Deny),
        _ => Err(wrong(at, "`allow` or `deny`", word)),
    }
}

const NETWORK: &str = "a network such as 10.0.0.0/8, [2001:db8::]/32, any or unix";

fn places(text: &str, at: usize) -> Result<(Places, RangeInclusive<u16>), AccessError> {
    if text.eq_ignore_ascii_case("unix") {
        return Ok((Places::Unix, 0..=u16::MAX));
    }
    let (net, ports) = split_ports(text);
    let range = match ports {
        Some((offset, ports)) => port_range(ports, at + offset)?,
        None => 0..=u16::MAX,
    };
    if net.eq_ignore_ascii_case("any") {
        return Ok((Places::Any, range));
    }
    let (ip, prefix) = match net.split_once('/') {
        Some((ip, prefix)) => (ip, Some(prefix)),
        None => (net, None),
    };
    // Both `[2001:db8::]/32` and `[2001:db8::/32]` are written; `split_ports` leaves the brackets.
    let ip = ip.trim_start_matches('[').trim_end_matches(']');
    let parsed: IpAddr = ip.parse().map_err(|_| wrong(at, NETWORK, text))?;
    let width: u8 = if parsed.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix.map(|prefix| prefix.trim_end_matches(']')) {
        Some(written) => match written.parse::<u8>() {
            Ok(prefix) if prefix <= width => prefix,
            _ => return Err(wrong(at + net.len() - written.len(), "a prefix length", written)),
        },
        None => width,
    };
    Ok((network(parsed, prefix), range))
}

/// An IPv4 network written as IPv6 is the IPv4 network, as its addresses are.
fn network(ip: IpAddr, prefix: u8) -> Places {
    match (ip, ip.to_canonical()) {
        (IpAddr::V6(_), IpAddr::V4(ip)) if prefix >= 96 => {
            Places::V4 { net: ip.to_bits(), prefix: prefix - 96 }
        }
        (IpAddr::V4(ip), _) => Places::V4 { net: ip.to_bits(), prefix },
        (IpAddr::V6(ip), _) => Places::V6 { net: ip.to_bits(), prefix },
    }
}

/// Separates `:23` from the network, which may hold colons itself.
fn split_ports(text: &str) -> (&str, Option<(usize, &str)>) {
    let from = match (text.rfind(']'), text.find(':')) {
        (Some(bracket), _) => text[bracket..].find(':').map(|colon| bracket + colon),
        (None, Some(colon)) if !text[colon + 1..].contains(':') => Some(colon),
        _ => None,
    };
    match from {
        Some(colon) => (&text[..colon], Some((colon + 1, &text[colon + 1..]))),
        None => (text, None),
    }
}

fn port_range(text: &str, at: usize) -> Result<RangeInclusive<u16>, AccessError> {
    let port = |text: &str, at| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>()
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| wrong(at, "a port from 0 to 65535", text))
    };
    let Some((first, last)) = text.split_once('-') else {
        let only = port(text, at)?;
        return Ok(only..=only);
    };
    let range = port(first, at)?..=port(last, at + first.len() + 1)?;
    if range.is_empty() {
        return Err(wrong(at, "a range of ports that rises", text));
    }
    Ok(range)
}

/// `text` cut at `separator` and white space around each piece removed, with the pieces' places.
fn pieces(text: &str, separator: char) -> impl Iterator<Item = (usize, &str)> {
    let cut = move |byte: char| byte == separator || (separator == ' ' && byte.is_whitespace());
    let mut at = 0;
    text.split(cut).map(move |piece| {
        let start = at + piece.len() - piece.trim_start().len();
        at += piece.len() + 1;
        (start, piece.trim())
    })
}

fn wrong(at: usize, expected: &'static str, found: &str) -> AccessError {
    AccessError { at, expected, found: found.to_owned() }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.permission)?;
        match self.places {
            Places::Any => f.write_str("any")?,
            Places::Unix => f.write_str("unix")?,
            Places::V4 { net, prefix } => write!(f, "{}/{prefix}", Ipv4Addr::from(net))?,
            Places::V6 { net, prefix } => write!(f, "[{}]/{prefix}", Ipv6Addr::from(net))?,
        }
        match (*self.ports.start(), *self.ports.end()) {
            (0, u16::MAX) => Ok(()),
            (first, last) if first == last => write!(f, ":{first}"),
            (first, last) => write!(f, ":{first}-{last}"),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(rule) => write!(f, "rule `{rule}`"),
            None => f.write_str("the access list's default"),
        }
    }
}
