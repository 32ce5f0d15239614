//! Which addresses may be dialled, and which may call: ordered `allow` and `deny` rules.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::limits;

/// Ordered rules over addresses; the first that matches decides, else the default.
///
/// One rule stands on a line (or between commas): `allow` or `deny`, then a network with an optional
/// port or range of ports. `default deny` changes the default, `#` starts a comment.
///
/// ```
/// use carrier::AccessList;
///
/// let list: AccessList = "
///     deny 10.0.0.13
///     allow 10.0.0.0/8:23
///     allow [2001:db8::]/32:8000-8099
///     default deny
/// ".parse()?;
/// assert!(list.check("10.1.2.3:23".parse().unwrap()).is_ok());
/// assert!(list.check("10.1.2.3:22".parse().unwrap()).is_err());
/// assert!(list.check("[::ffff:10.0.0.13]:23".parse().unwrap()).is_err());
/// # Ok::<(), carrier::AccessError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList {
    rules: Vec<Rule>,
    default: Permission,
}

/// What a rule says about those it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// They may.
    Allow,
    /// They may not.
    Deny,
}

/// One rule: `allow 10.0.0.0/8:23`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    permission: Permission,
    places: Places,
    ports: RangeInclusive<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    Any,
    Unix,
    V4 { net: u32, prefix: u8 },
    V6 { net: u128, prefix: u8 },
}

/// The rule that forbids an address; `None` means the list's default does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied(pub Option<Rule>);

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

impl AccessList {
    /// A list without rules.
    pub const fn new(default: Permission) -> Self {
        Self { rules: Vec::new(), default }
    }

    /// Every address is allowed.
    pub const fn allow_all() -> Self {
        Self::new(Permission::Allow)
    }

    /// Adds a rule after the others. Rules beyond [`limits::RULES`] are not taken.
    pub fn push(&mut self, rule: Rule) -> Result<(), TooManyRules> {
        if self.rules.len() >= limits::RULES {
            return Err(TooManyRules);
        }
        self.rules.push(rule);
        Ok(())
    }

    /// Says what happens to those that no rule matches.
    pub fn set_default(&mut self, default: Permission) {
        self.default = default;
    }

    /// May `address` be dialled, or call? IPv4 mapped into IPv6 counts as IPv4.
    pub fn check(&self, address: SocketAddr) -> Result<(), Denied> {
        let ip = address.ip().to_canonical();
        self.decide(|rule| rule.matches(ip, address.port()))
    }

    /// May UNIX sockets be dialled?
    pub fn check_unix(&self) -> Result<(), Denied> {
        self.decide(|rule| rule.places == Places::Unix)
    }

    fn decide(&self, matches: impl Fn(&Rule) -> bool) -> Result<(), Denied> {
        let rule = self.rules.iter().find(|rule| matches(rule));
        match rule.map_or(self.default, |rule| rule.permission) {
            Permission::Allow => Ok(()),
            Permission::Deny => Err(Denied(rule.cloned())),
        }
    }
}

/// The list is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an access list holds at most {max} rules", max = limits::RULES)]
pub struct TooManyRules;

impl Default for AccessList {
    fn default() -> Self {
        Self::allow_all()
    }
}

impl Rule {
    fn matches(&self, ip: IpAddr, port: u16) -> bool {
        let place = match (self.places, ip) {
            (Places::Any, _) => true,
            (Places::V4 { net, prefix }, IpAddr::V4(ip)) => {
                (ip.to_bits() ^ net) & mask4(prefix) == 0
            }
            (Places::V6 { net, prefix }, IpAddr::V6(ip)) => {
                (ip.to_bits() ^ net) & mask6(prefix) == 0
            }
            _ => false,
        };
        place && self.ports.contains(&port)
    }
}

fn mask4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask6(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
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
            Places::V4 { net, prefix } => write!(f, "{}/{prefix}", std::net::Ipv4Addr::from(net))?,
            Places::V6 { net, prefix } => {
                write!(f, "[{}]/{prefix}", std::net::Ipv6Addr::from(net))?
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(list: &str, address: &str) -> bool {
        list.parse::<AccessList>().unwrap().check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let list = "deny 10.0.0.0/24, allow 10.0.0.0/8:20-30, deny any";
        assert!(!check(list, "10.0.0.9:23"));
        assert!(check(list, "10.0.1.9:23"));
        assert!(!check(list, "10.0.1.9:31"));
        assert!(!check(list, "[::1]:23"));
    }

    #[test]
    fn a_mapped_address_does_not_slip_past_an_ipv4_rule() {
        assert!(!check("deny 127.0.0.0/8", "[::ffff:127.0.0.1]:23"));
        assert!(!check("deny [::ffff:127.0.0.0]/104", "127.0.0.1:23"));
        assert!(check("deny ::/0", "127.0.0.1:23"), "IPv4 is not part of IPv6's whole");
    }

    #[test]
    fn unix_sockets_have_rules_of_their_own() {
        let unix = |list: &str| list.parse::<AccessList>().unwrap().check_unix();
        assert_eq!(unix("deny any"), Ok(()));
        assert!(unix("deny unix").is_err());
        assert_eq!(unix("default deny"), Err(Denied(None)));
    }

    #[test]
    fn an_error_points_at_its_place() {
        for (text, at, found) in [
            ("allow 10.0.0.0/8\nforbid any", 17, "forbid"),
            ("allow 10.0.0.0/33", 15, "33"),
            ("allow any, deny 10.0.0.0/8:x", 27, "x"),
            ("deny any:9-1", 9, "9-1"),
            ("deny any:1-70000", 11, "70000"),
            ("allow", 5, ""),
            ("default maybe", 8, "maybe"),
            ("deny 10.0.0.1 twice", 14, "twice"),
            ("deny example.org", 5, "example.org"),
        ] {
            let error = text.parse::<AccessList>().unwrap_err();
            assert_eq!((error.at, error.found.as_str()), (at, found), "{text}: {error}");
        }
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        let list: AccessList = "\n # all but one\n deny 10.0.0.1 # this one\n\n,".parse().unwrap();
        assert_eq!(list.rules.len(), 1);
    }

    proptest! {
        #[test]
        fn a_rule_is_read_as_it_is_shown(v6: u128, prefix in 0u8..=128, low: u16, high: u16, v4: bool) {
            let places = match v4 {
                true => Places::V4 { net: v6 as u32, prefix: prefix / 4 },
                false => Places::V6 { net: v6, prefix },
            };
            let ports = low.min(high)..=low.max(high);
            let rule = Rule { permission: Permission::Deny, places, ports };
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }

        #[test]
        fn a_network_holds_exactly_the_addresses_with_its_prefix(net: u32, ip: u32, prefix in 0u8..=32) {
            let rule: Rule = format!("deny {}/{prefix}", std::net::Ipv4Addr::from(net)).parse().unwrap();
            let same = net.leading_zeros().min(32) == 32 && ip == 0
                || (net ^ ip).leading_zeros() >= u32::from(prefix);
            prop_assert_eq!(rule.matches(IpAddr::V4(ip.into()), 1), same);
        }

        #[test]
        fn no_text_upsets_the_reader(text in "[a-z0-9:./,\\[\\] \n#-]{0,60}") {
            let _ = text.parse::<AccessList>();
        }
    }
}
