//! Which addresses may be dialled, and which may call: ordered `allow` and `deny` rules.

mod text;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use crate::limits;
pub use text::AccessError;

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
            let same = (net ^ ip).leading_zeros() >= u32::from(prefix);
            prop_assert_eq!(rule.matches(IpAddr::V4(ip.into()), 1), same);
        }

        #[test]
        fn no_text_upsets_the_reader(text in "[a-z0-9:./,\\[\\] \n#-]{0,60}") {
            let _ = text.parse::<AccessList>();
        }
    }
}
