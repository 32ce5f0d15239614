//! Strings of digits and separators: addresses in all their spellings, and telephone numbers.

use std::net::{IpAddr, Ipv4Addr};

use super::target::{address, port};
use super::{DialSyntax, DigitsAreIp, Quoting, Target, is_digits};

/// Fewer digits than this with a letter before or between them are the name of a host: `rt1`.
const DIGITS_WITH_LETTERS_MIN: usize = 3;

/// More groups than this are no address.
const GROUPS_MAX: usize = 6;

/// What a telephone number may be written with.
const SEPARATORS: &str = " -().,@!/";

/// A string of digits with its modifiers off.
struct Digits {
    text: String,
    letters_inside: bool,
}

/// `None`: not a string of digits.
pub(super) fn read(
    text: &str,
    quoting: Quoting,
    digits_are_ip: DigitsAreIp,
) -> Option<Result<Target, DialSyntax>> {
    if text.is_empty() {
        return Some(Ok(Target::Empty));
    }
    let digits = without_modifiers(text, quoting)?;
    if digits.text.is_empty() {
        return Some(Ok(Target::Empty));
    }
    let found = if digits.letters_inside { None } else { ip(&digits.text, digits_are_ip) };
    Some(found.unwrap_or_else(|| telephone(&digits.text)))
}

/// The number to look for in a phonebook: `None` for names and for what is written as an address.
pub(super) fn key(text: &str, quoting: Quoting) -> Option<String> {
    let digits = without_modifiers(text, quoting)?;
    let written_as_address =
        digits.text.contains(':') || matches!(groups(&digits.text), Some(g) if g.is_dotted());
    match telephone(&digits.text) {
        Ok(Target::Number(number)) if !written_as_address => Some(number),
        _ => None,
    }
}

fn without_modifiers(text: &str, quoting: Quoting) -> Option<Digits> {
    let plain = quoting == Quoting::Plain;
    let inner = match quoting {
        Quoting::Plain => text
            .trim_start_matches([',', '@', '!', 'W', 'w', ' '])
            .trim_end_matches([',', '@', '!', 'W', 'w', 'R', 'r', ' ']),
        Quoting::Quoted { .. } => text.trim(),
    };
    let mut letters_inside = false;
    let mut kept = String::with_capacity(inner.len());
    for c in inner.chars() {
        match c {
            '0'..='9' | '*' | '#' | '+' | ':' => kept.push(c),
            _ if SEPARATORS.contains(c) => kept.push(c),
            'W' | 'w' | 'T' | 't' | 'P' | 'p' if plain && !kept.is_empty() => {
                letters_inside = true;
            }
            _ => return None,
        }
    }
    letters_are_modifiers(text, &kept).then_some(Digits { text: kept, letters_inside })
}

/// Whether the letters of `text`, of which `kept` is what isn't a modifier, can't be a name's.
fn letters_are_modifiers(text: &str, kept: &str) -> bool {
    let has_letters = |part: &str| part.contains(char::is_alphabetic);
    let waits_at_end = text.trim_end_matches([' ', ',', 'W', 'w']);
    match kept.bytes().filter(u8::is_ascii_digit).count() {
        _ if !has_letters(text) => true,
        _ if text.contains(['.', ':']) => false,
        0 => text.trim_matches([' ', ',', '@', '!']).eq_ignore_ascii_case("W"),
        DIGITS_WITH_LETTERS_MIN.. => true,
        _ => !has_letters(waits_at_end),
    }
}

fn telephone(text: &str) -> Result<Target, DialSyntax> {
    if text.contains(':') || text.contains('.') && text.contains('/') {
        return Err(DialSyntax::Order);
    }
    let number: String = text
        .char_indices()
        .filter(|&(at, c)| c.is_ascii_digit() || matches!(c, '*' | '#') || c == '+' && at == 0)
        .map(|(_, c)| c)
        .collect();
    if number.trim_start_matches('+').is_empty() {
        return Err(DialSyntax::Order);
    }
    Ok(Target::Number(number))
}

/// Groups of digits, with one separator between each two.
struct Groups<'a> {
    digits: Vec<&'a str>,
    /// One less than the groups. A space where nothing else stands.
    separators: Vec<char>,
}

impl Groups<'_> {
    fn is_dotted(&self) -> bool {
        self.digits.len() >= 4 && self.separators.iter().take(3).all(|&c| c == '.')
    }
}

fn groups(text: &str) -> Option<Groups<'_>> {
    let mut found = Groups { digits: Vec::new(), separators: Vec::new() };
    let mut rest = text;
    loop {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at_checked(length)?;
        if digits.is_empty() || found.digits.len() == GROUPS_MAX {
            return None;
        }
        found.digits.push(digits);
        if after.is_empty() {
            return Some(found);
        }
        let trimmed = after.trim_start();
        let separator = trimmed.chars().next().filter(|c| !c.is_ascii_digit());
        found.separators.push(separator.unwrap_or(' '));
        rest = trimmed.get(separator.map_or(0, char::len_utf8)..)?.trim_start();
    }
}

/// `None`: these digits are a telephone number.
fn ip(text: &str, digits_are_ip: DigitsAreIp) -> Option<Result<Target, DialSyntax>> {
    if text.contains(['+', '(', ')', '@', '!']) {
        return None;
    }
    let groups = groups(text)?;
    match (groups.digits.as_slice(), groups.separators.as_slice()) {
        ([run], []) => run_of_digits(run, digits_are_ip),
        ([run, behind], [separator]) if run.len() == 12 => {
            let explicit = *separator == ':';
            if !explicit && (digits_are_ip == DigitsAreIp::No || !":#,/ ".contains(*separator)) {
                return None;
            }
            match (triples(run), port(behind)) {
                (Some(ip), Ok(port)) => Some(address(ip, Some(port))),
                (None, _) if explicit => Some(Err(DialSyntax::Octet)),
                (_, Err(wrong)) if explicit => Some(Err(wrong)),
                _ => None,
            }
        }
        ([a, b, c, d, more @ ..], separators) => {
            let quad = [*a, *b, *c, *d];
            let typed_as_quad = groups.is_dotted() && quad.iter().all(|group| group.len() <= 3);
            let behind = separators.get(3..).unwrap_or_default();
            let found = if typed_as_quad { dotted(quad, more, behind) } else { None };
            if found.is_some() {
                return found;
            }
            match digits_are_ip {
                DigitsAreIp::Yes => separated(quad, more, separators),
                DigitsAreIp::No => None,
            }
        }
        _ => None,
    }
}

/// `10.0.0.5`, and a port behind any separator but a fourth dot.
fn dotted(
    quad: [&str; 4],
    more: &[&str],
    separators: &[char],
) -> Option<Result<Target, DialSyntax>> {
    let ip = octets(quad).ok_or(DialSyntax::Octet);
    match (more, separators) {
        ([], []) => Some(ip.and_then(|ip| address(ip, None))),
        ([behind], [':' | ',' | '/' | '#' | ' ']) => {
            Some(ip.and_then(|ip| address(ip, Some(port(behind)?))))
        }
        ([_, _, ..], [':' | ',' | '/' | '#', ..]) => Some(Err(DialSyntax::Order)),
        _ => None,
    }
}

/// Four or five groups between any separators.
fn separated(
    quad: [&str; 4],
    more: &[&str],
    separators: &[char],
) -> Option<Result<Target, DialSyntax>> {
    let instead_of_dots = separators.iter().take(3).all(|&c| c == ',')
        || separators.iter().take(3).all(|&c| c == '*');
    let padded = |group: &&str| group.len() == 2 && group.starts_with('0');
    if !instead_of_dots && quad.iter().chain(more).any(padded) {
        return None;
    }
    let ip = octets(quad)?;
    match more {
        [] => Some(address(ip, None)),
        [behind] => Some(address(ip, Some(port(behind).ok()?))),
        _ => None,
    }
}

/// 12 digits, and up to five more for a port.
fn run_of_digits(run: &str, digits_are_ip: DigitsAreIp) -> Option<Result<Target, DialSyntax>> {
    if digits_are_ip == DigitsAreIp::No {
        return None;
    }
    let (host, behind) = run.split_at_checked(12)?;
    let ip = triples(host)?;
    match behind.len() {
        0 => Some(address(ip, None)),
        1..=5 => Some(address(ip, Some(port(behind).ok()?))),
        _ => None,
    }
}

fn triples(run: &str) -> Option<IpAddr> {
    let (ab, cd) = run.split_at_checked(6)?;
    let (a, b) = ab.split_at_checked(3)?;
    let (c, d) = cd.split_at_checked(3)?;
    octets([a, b, c, d])
}

fn octets(quad: [&str; 4]) -> Option<IpAddr> {
    let mut octets = [0; 4];
    for (octet, group) in octets.iter_mut().zip(quad) {
        let fits = group.len() <= 3 && is_digits(group);
        *octet = fits.then(|| group.parse().ok()).flatten()?;
    }
    Some(IpAddr::V4(Ipv4Addr::from(octets)))
}
