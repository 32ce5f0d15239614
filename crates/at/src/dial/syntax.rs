//! What can be wrong with a dial string.

use std::fmt;

use crate::limits::{DIAL_MAX, HOST_MAX, LABEL_MAX};

/// Why a dial string can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialSyntax {
    /// Longer than [`DIAL_MAX`].
    TooLong,
    /// Control characters, or bytes that aren't UTF-8.
    NotText,
    /// A quote without its partner.
    UnclosedQuote,
    /// Something in front of a quoted string that isn't `T` or `P`, or anything behind it.
    MisplacedQuote,
    /// Something behind the `;`.
    AfterSemicolon,
    /// A `[` without `]`, or something behind `]` that isn't a port.
    Brackets,
    /// What looks like IPv6 but isn't.
    Ipv6,
    /// A group of an address above 255.
    Octet,
    /// A port that isn't 1 to 65535.
    Port,
    /// `0.0.0.0` or `::` with a port: nobody's address.
    NobodysAddress,
    /// Digits and separators in no order that makes sense.
    Order,
    /// A host name with characters it can't have, or too long.
    HostName,
}

impl fmt::Display for DialSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::TooLong => return write!(f, "longer than {DIAL_MAX} characters"),
            Self::HostName => {
                return write!(
                    f,
                    "not a host name: letters, digits and '-', {LABEL_MAX} between dots, \
                     {HOST_MAX} in all"
                );
            }
            Self::NotText => "control characters or broken UTF-8",
            Self::UnclosedQuote => "a quote is not closed",
            Self::MisplacedQuote => "a quoted string stands alone, with T or P in front at most",
            Self::AfterSemicolon => "something follows the ';'",
            Self::Brackets => "brackets enclose an IPv6 address, and only a port follows",
            Self::Ipv6 => "not an IPv6 address",
            Self::Octet => "a group of the address is above 255",
            Self::Port => "a port is a number from 1 to 65535",
            Self::NobodysAddress => "this address is nobody's",
            Self::Order => "neither a number nor an address",
        };
        f.write_str(words)
    }
}

impl std::error::Error for DialSyntax {}
