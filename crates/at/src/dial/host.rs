//! Host names, and IPv6 with and without brackets.

use std::net::{IpAddr, Ipv6Addr};

use super::target::{address, port};
use super::{DialSyntax, Target, is_digits, url};
use crate::limits::{HOST_MAX, LABEL_MAX};

/// What may stand between a host and its port.
const BEFORE_PORT: [char; 5] = [':', ',', '/', '#', ' '];

/// Brackets, or at least two colons. `None`: not IPv6 at all.
pub(super) fn read_ipv6(text: &str) -> Option<Result<Target, DialSyntax>> {
    if let Some(inside) = text.strip_prefix('[') {
        return Some(in_brackets(inside));
    }
    if text.bytes().filter(|&byte| byte == b':').count() < 2 {
        return None;
    }
    let bare = literal(text, None).or_else(|| {
        // The colons are the address's own, so any other separator is the port's.
        let (host, digits) = text.rsplit_once([',', '/', '#', ' '])?;
        match port(digits.trim()) {
            Ok(port) => literal(host.trim(), Some(port)),
            Err(wrong) => literal(host.trim(), None).map(|_| Err(wrong)),
        }
    });
    // Digits alone may still be 111:22:3:44:56789.
    let lettered = text.contains(|c: char| c.is_ascii_alphabetic()) || text.contains("::");
    bare.or(lettered.then_some(Err(DialSyntax::Ipv6)))
}

fn in_brackets(inside: &str) -> Result<Target, DialSyntax> {
    let (host, after) = inside.split_once(']').ok_or(DialSyntax::Brackets)?;
    let port = match after.trim().strip_prefix(BEFORE_PORT) {
        Some(digits) => Some(port(digits.trim())?),
        None if after.trim().is_empty() => None,
        // The space between bracket and port has just been trimmed.
        None if after.starts_with(' ') => Some(port(after.trim())?),
        None => return Err(DialSyntax::Brackets),
    };
    literal(host.trim(), port).unwrap_or(Err(DialSyntax::Ipv6))
}

fn literal(host: &str, port: Option<u16>) -> Option<Result<Target, DialSyntax>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(address(ip, port));
    }
    let (ip, zone) = host.split_once('%')?;
    let zoned = ip.parse::<Ipv6Addr>().is_ok()
        && !zone.is_empty()
        && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    zoned.then(|| Ok(Target::Host { name: host.to_owned(), port }))
}

/// Everything that is neither digits nor IPv6.
pub(super) fn read(text: &str) -> Result<Target, DialSyntax> {
    let Some((name, after)) = text.split_once(BEFORE_PORT) else {
        return host(text, None);
    };
    let name = name.trim();
    // `host :23`: the space was met first.
    let after = after.trim();
    let after = after.strip_prefix(BEFORE_PORT).map_or(after, str::trim);
    match after.split_once(',') {
        // Tiesse: address, port and protocol.
        Some((digits, scheme)) if url::is_host_scheme(scheme.trim()) => {
            let target = host(name, Some(port(digits.trim())?))?;
            let scheme = scheme.trim().to_ascii_lowercase();
            Ok(Target::Url { scheme, rest: format!("//{target}") })
        }
        _ if text.contains(' ') && !is_digits(after) => Err(DialSyntax::HostName),
        _ => host(name, Some(port(after)?)),
    }
}

fn host(name: &str, port: Option<u16>) -> Result<Target, DialSyntax> {
    let labels = name.strip_suffix('.').unwrap_or(name);
    let fits = labels.len() <= HOST_MAX && labels.split('.').all(is_label);
    if !fits {
        return Err(DialSyntax::HostName);
    }
    Ok(Target::Host { name: name.to_owned(), port })
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.len())
        && !label.starts_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
