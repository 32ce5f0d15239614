//! The phonebook: from what was dialled to whom to call.
//!
//! A key is a name or number to be dialled as it stands, or a pattern if it has one of the characters
//! `( ) [ ] { } \ ? | ^ $`, unless it is a number with brackets around its area, such as `(555) 123-4567`. Names are
//! found in any case, numbers however they are punctuated. An exact key wins over a pattern, an earlier pattern over a
//! later one.

#[cfg(feature = "configuration")]
mod pattern;
#[cfg(not(feature = "configuration"))]
#[path = "phonebook/no_pattern.rs"]
mod pattern;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use carrier::{Address, Host};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use self::pattern::Pattern;
use crate::limits;
use crate::ssh::SshSettings;
use crate::tls::TlsSettings;
use settings::{OneOrMany, Parsed, Span, TextOrTable};

/// Everybody whom a line can call by name or number: the `[phonebook]` table.
#[derive(Clone, Debug, Default)]
pub struct Phonebook {
    entries: Vec<Entry>,
}

/// One line of the phonebook.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as the file has it.
    pub key: String,
    /// What is called, and how.
    pub listing: Listing,
    pattern: Option<Pattern>,
}

/// What an entry says of its calls; a string is its `call`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", from = "TextOrTable<String, ListingTable>")]
pub struct Listing {
    /// Whom to call, in the order of trial: URLs, addresses with a port, or other keys.
    pub call: Vec<String>,
    /// Whether the call speaks telnet; otherwise the URL or the line decides.
    pub telnet: Option<telnet::Mode>,
    /// The terminal type told to a telnet server.
    pub terminal: Option<telnet::TerminalName>,
    /// The speed that CONNECT reports, in bit/s; otherwise the DTE's own.
    pub speed: Option<u32>,
    /// How long the far end's first data are kept back after CONNECT.
    pub connect_delay: Option<Span>,
    /// Whom to trust when the call goes under TLS; otherwise the line decides.
    pub tls: Option<TlsSettings>,
    /// The system user who runs a program (`exec:`) that is called.
    pub user: Option<String>,
    /// How the host is called over SSH; what is left out, the line says.
    pub ssh: Option<Box<SshSettings>>,
    /// For people.
    pub note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ListingTable {
    call: OneOrMany<String>,
    telnet: Option<Parsed<telnet::Mode>>,
    terminal: Option<Parsed<telnet::TerminalName>>,
    speed: Option<u32>,
    connect_delay: Option<Span>,
    tls: Option<TlsSettings>,
    user: Option<String>,
    ssh: Option<Box<SshSettings>>,
    note: Option<String>,
}

impl From<TextOrTable<String, ListingTable>> for Listing {
    fn from(text: TextOrTable<String, ListingTable>) -> Self {
        match text {
            TextOrTable::Text(call) => Self { call: vec![call], ..Self::default() },
            TextOrTable::Table(table) => Self {
                call: table.call.0,
                telnet: table.telnet.map(|mode| mode.0),
                terminal: table.terminal.map(|name| name.0),
                speed: table.speed,
                connect_delay: table.connect_delay,
                tls: table.tls,
                user: table.user,
                ssh: table.ssh,
                note: table.note,
            },
        }
    }
}

/// Why an entry can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The key is meant as a pattern and isn't one.
    #[error("the key `{key}` is no pattern: {reason}")]
    Pattern {
        /// The key.
        key: String,
        /// What the pattern's own parser says.
        reason: String,
    },
    /// `call` lists nobody.
    #[error("`{key}` calls nobody; give `call` at least one address")]
    Nobody {
        /// The key.
        key: String,
    },
    /// A target is neither an address nor another key.
    #[error(
        "`{key}` calls `{call}`, which is neither an address ({reason}) nor another key of the phonebook"
    )]
    Call {
        /// The key.
        key: String,
        /// The target.
        call: String,
        /// Why it is no address.
        reason: String,
    },
    /// Two keys are the same once punctuation and case are gone.
    #[error("`{key}` stands twice in the phonebook")]
    Twice {
        /// The second of the keys.
        key: String,
    },
}

/// What the phonebook found: whom to call in which order, and the entry's options.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Addresses in the order of trial.
    pub addresses: Vec<Address>,
}

impl Phonebook {
    /// A phonebook of these entries, in this order.
    ///
    /// # Errors
    /// The first entry that can't be used.
    pub fn new(listings: Vec<(String, Listing)>) -> Result<Self, EntryError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(listings.len());
        for (key, listing) in listings {
            let refers = listing.call.iter().any(|call| call.contains('$'));
            let is_pattern = is_pattern(&key) && (refers || !has_area(&key));
            let pattern = if is_pattern { Some(Pattern::new(&key)?) } else { None };
            if listing.call.is_empty() {
                return Err(EntryError::Nobody { key });
            }
            let same = |entry: &Entry| match (&entry.pattern, &pattern) {
                (None, None) => normal(&entry.key) == normal(&key),
                (Some(_), Some(_)) => entry.key == key,
                _ => false,
            };
            if entries.iter().any(same) {
                return Err(EntryError::Twice { key });
            }
            entries.push(Entry { key, listing, pattern });
        }
        let book = Self { entries };
        book.entries.iter().try_for_each(|entry| book.check(entry))?;
        Ok(book)
    }

    /// The entries, in the file's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Looks up what was dialled, under each of its readings in turn.
    pub fn find<K: AsRef<str>>(&self, keys: &[K]) -> Option<Found<'_>> {
        let exact = keys.iter().find_map(|key| self.exact(key.as_ref()));
        match exact {
            Some(entry) => {
                Some(Found { entry, addresses: self.addresses(entry, str::to_owned, 0) })
            }
            None => keys.iter().find_map(|key| self.matching(key.as_ref())),
        }
    }

    /// The entries that call this host by its address, in the file's order.
    pub fn of_host(&self, ip: IpAddr) -> impl Iterator<Item = &Entry> {
        let calls = move |call: &String| matches!(call.parse(), Ok(Address::Net { host: Host::Ip(listed), .. }) if listed == ip);
        self.entries.iter().filter(move |entry| entry.listing.call.iter().any(calls))
    }

    /// The first entry by whose number this line is called.
    pub(crate) fn of_line(&self, name: &str) -> Option<&Entry> {
        let calls = |call: &String| matches!(call.parse(), Ok(Address::Line(line)) if line == name);
        let number = |entry: &&Entry| !entry.key.chars().any(char::is_alphabetic);
        self.entries.iter().filter(number).find(|entry| entry.listing.call.iter().any(calls))
    }

    fn exact(&self, key: &str) -> Option<&Entry> {
        let key = normal(key);
        self.entries.iter().find(|entry| entry.pattern.is_none() && normal(&entry.key) == key)
    }

    fn matching(&self, key: &str) -> Option<Found<'_>> {
        self.entries.iter().find_map(|entry| {
            let groups = entry.pattern.as_ref()?.groups(key)?;
            let addresses = self.addresses(entry, |call| groups.put_into(call), 0);
            Some(Found { entry, addresses })
        })
    }

    /// A target that is another key is that entry, even if it could be a host name as well.
    fn addresses(
        &self,
        entry: &Entry,
        substitute: impl Fn(&str) -> String,
        depth: usize,
    ) -> Vec<Address> {
        let mut addresses = Vec::new();
        for template in &entry.listing.call {
            // Nothing that was dialled becomes part of a program.
            let call = match is_program(template) {
                true => template.clone(),
                false => substitute(template),
            };
            // Nor does a whole address that only the owner may write.
            if is_owners(&call) && !is_owners(template) {
                continue;
            }
            match self.exact(&call) {
                Some(alias) if depth < limits::ALIAS_DEPTH => {
                    addresses.extend(self.addresses(alias, str::to_owned, depth + 1));
                }
                Some(_) => {}
                None => addresses.extend(call.parse::<Address>()),
            }
        }
        addresses.truncate(limits::ROUTE_ADDRESSES);
        addresses
    }

    /// A pattern's targets are only whole after substitution, so theirs are not checked.
    fn check(&self, entry: &Entry) -> Result<(), EntryError> {
        let whole = |call: &&String| entry.pattern.is_none() || is_program(call);
        for call in entry.listing.call.iter().filter(whole) {
            if let Err(error) = call.parse::<Address>()
                && self.exact(call).is_none()
            {
                return Err(EntryError::Call {
                    key: entry.key.clone(),
                    call: call.clone(),
                    reason: error.to_string(),
                });
            }
        }
        Ok(())
    }
}

fn is_program(call: &str) -> bool {
    has_scheme(call, "exec")
}

/// Programs, and calls by telephone or mobile network, which cost money.
fn is_owners(call: &str) -> bool {
    is_program(call) || has_scheme(call, "modem") || has_scheme(call, "gsm")
}

fn has_scheme(call: &str, name: &str) -> bool {
    call.split_once(':').is_some_and(|(scheme, _)| scheme.trim().eq_ignore_ascii_case(name))
}

impl PartialEq for Phonebook {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<'de> Deserialize<'de> for Phonebook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PhonebookVisitor)
    }
}

struct PhonebookVisitor;

impl<'de> Visitor<'de> for PhonebookVisitor {
    type Value = Phonebook;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of numbers and names with whom they call")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Phonebook, A::Error> {
        let mut listings = Vec::new();
        while let Some(listing) = table.next_entry()? {
            listings.push(listing);
        }
        Phonebook::new(listings).map_err(A::Error::custom)
    }
}

fn is_pattern(key: &str) -> bool {
    key.contains(['(', ')', '[', ']', '{', '}', '\\', '?', '|', '^', '$'])
}

/// Whether this is a telephone number as it stands on paper: `(555) 123-4567`, `+49 (30) 1234`.
fn has_area(key: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups = |text: &str| text.split([' ', '-', '.']).all(digits);
    let Some((country, rest)) = key.trim().split_once('(') else { return false };
    let Some((area, number)) = rest.split_once(')') else { return false };
    let country = country.trim_start_matches('+').trim_end_matches([' ', '-', '.']);
    (country.is_empty() || groups(country))
        && digits(area)
        && groups(number.trim_start_matches([' ', '-', '.']))
}

/// A key without what people put in for the eye: case, and the punctuation of telephone numbers.
fn normal(key: &str) -> String {
    if key.chars().any(char::is_alphabetic) {
        return key.trim().to_lowercase();
    }
    // The dots of an address are not punctuation.
    let dots = key.parse::<IpAddr>().is_ok() || key.parse::<SocketAddr>().is_ok();
    key.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')') && (dots || *c != '.')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn book(toml: &str) -> Result<Phonebook, toml::de::Error> {
        toml::from_str(toml)
    }

    pub(super) fn called(book: &Phonebook, key: &str) -> Vec<String> {
        let found = book.find(&[key]);
        found
            .map(|found| found.addresses.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_number_is_found_however_it_is_punctuated() {
        let book = book(r#""555-1212" = "telnet://h.example:8023""#).unwrap();
        assert_eq!(called(&book, "(555) 1212"), ["telnet://h.example:8023"]);
        assert_eq!(called(&book, "555.1212"), ["telnet://h.example:8023"]);
        assert_eq!(called(&book, "5551213"), Vec::<String>::new());
    }

    #[test]
    fn a_number_with_brackets_around_its_area_is_no_pattern() {
        for key in ["(555) 123-4567", "(555)1234567", "1 (555) 123.4567", "+1-(555)-123-4567"] {
            let book = book(&format!("\"{key}\" = \"tcp://a:1\"")).unwrap();
            assert_eq!(called(&book, key), ["tcp://a:1"]);
            let plain: String = key.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            assert_eq!(called(&book, &plain), ["tcp://a:1"], "{key}");
        }
        for (key, dialled) in [("(5)", "5"), ("(0)1..", "0123"), ("9?(55)12", "5512")] {
            let book = book(&format!("\"{key}\" = \"tcp://a:1\"")).unwrap();
            assert_eq!(called(&book, dialled), ["tcp://a:1"]);
        }
        let book = book("\"(555)1212\" = \"tcp://h:$1\"").unwrap();
        assert_eq!(called(&book, "5551212"), ["tcp://h:555"], "it is meant as one");
    }

    #[test]
    fn a_name_is_found_in_any_case() {
        let book = book(r#"Main = "tcp://10.0.0.7:8023""#).unwrap();
        assert_eq!(called(&book, "MAIN"), ["tcp://10.0.0.7:8023"]);
    }

    #[test]
    fn an_address_with_a_port_is_not_another_one_without_its_dots() {
        let book = book("\"1.11.1.1:23\" = \"tcp://10.0.0.7:8023\"").unwrap();
        assert_eq!(called(&book, "1.11.1.1:23"), ["tcp://10.0.0.7:8023"]);
        assert_eq!(called(&book, "11.1.1.1:23"), Vec::<String>::new());
    }

    #[test]
    fn fail_over_keeps_its_order_and_follows_aliases() {
        let book = book(
            "a = { call = [\"tcp://x:1\", \"b\"], connect-delay = \"100ms\" }\nb = \"tcp://y:2\"",
        )
        .unwrap();
        assert_eq!(called(&book, "a"), ["tcp://x:1", "tcp://y:2"]);
    }

    #[cfg(feature = "configuration")]
    #[test]
    fn nothing_that_is_dialled_becomes_part_of_a_program() {
        let book = book("'(.*)' = '$1'").unwrap();
        assert_eq!(called(&book, "exec:/bin/sh"), Vec::<String>::new());
        assert_eq!(called(&book, "EXEC:/bin/sh"), Vec::<String>::new());
        assert_eq!(called(&book, "modem:rack/0900"), Vec::<String>::new());
        assert_eq!(called(&book, "gsm:north/h:1"), Vec::<String>::new());
        assert_eq!(called(&book, "tcp://h:1"), ["tcp://h:1"]);
        let book = super::tests::book("'7(.*)' = \"exec:/bin/echo '$1'\"").unwrap();
        assert_eq!(called(&book, "7;rm"), ["exec:/bin/echo '$1'"]);
    }

    #[test]
    fn aliases_in_a_circle_end() {
        let book = book("a = [\"b\"]\nb = \"a\"");
        assert!(book.is_err(), "a list is no entry");
        let book = super::tests::book("a = \"b\"\nb = \"a\"").unwrap();
        assert!(called(&book, "a").is_empty());
    }

    #[test]
    fn mistakes_are_named() {
        for (toml, says) in [
            ("\"(5\" = \"tcp://a:1\"", "no pattern"),
            ("a = { call = [] }", "calls nobody"),
            ("'(5)' = 'exec:relative'", "whole path is needed"),
            ("a = \"nonsense here\"", "neither an address"),
            ("a = { call = \"tcp://a:1\", sped = 3 }", "unknown field `sped`"),
            ("\"55\" = \"tcp://a:1\"\n\"5-5\" = \"tcp://a:1\"", "stands twice"),
        ] {
            let error = book(toml).unwrap_err().to_string();
            assert!(error.contains(says), "{toml}: {error}");
        }
    }
}
