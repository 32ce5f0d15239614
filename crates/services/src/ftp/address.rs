//! Where a connection for a file is to be made, as both sides write it.

use std::net::SocketAddrV4;

/// The port in the answer to `PASV`: the last two of six numbers, wherever they stand.
pub(super) fn passive_port(text: &[String]) -> Option<u16> {
    let text = text.last()?;
    let mut numbers = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    let six = numbers.find(|word| word.split(',').filter(|n| !n.is_empty()).count() == 6)?;
    let mut six = six.split(',').filter(|n| !n.is_empty()).map(str::parse::<u8>);
    let (high, low) = (six.nth(4)?.ok()?, six.next()?.ok()?);
    Some(u16::from_be_bytes([high, low])).filter(|port| *port != 0)
}

/// RFC 959, 4.1.2.
pub(super) fn port(at: SocketAddrV4) -> String {
    let ([a, b, c, d], [high, low]) = (at.ip().octets(), at.port().to_be_bytes());
    format!("PORT {a},{b},{c},{d},{high},{low}\r\n")
}

/// RFC 2428, 2.
pub(super) fn extended_port(at: SocketAddrV4) -> String {
    format!("EPRT |1|{}|{}|\r\n", at.ip(), at.port())
}
