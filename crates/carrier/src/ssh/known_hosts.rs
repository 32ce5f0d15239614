//! Hosts whose keys are known: a file in OpenSSH's format.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ring::hmac;
use russh::keys::Algorithm;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};

use super::PublicKey;
use crate::limits;

/// A host as a list of known hosts names it: `host`, or `[host]:port` on another port than SSH's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostName(String);

impl HostName {
    pub(super) fn new(host: &str, port: u16) -> Self {
        let host = host.to_ascii_lowercase();
        Self(if port == crate::SSH_PORT { host } else { format!("[{host}]:{port}") })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a list says of a host's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The key is the host's.
    Known,
    /// The list says nothing of the host.
    Unknown,
    /// The host has other keys, the first of them in this line.
    Changed { line: usize },
    /// The key must not be used any more.
    Revoked { line: usize },
}

/// Looks for a host in a list of known hosts. Lines that can't be read are passed over, as OpenSSH does:
/// they name no key of this host.
pub(super) fn standing(list: &str, host: &HostName, key: &PublicKey) -> Standing {
    let mut changed = None;
    let mut known = false;
    for (line, text) in (1..).zip(list.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let Ok(entry) = words(text).parse::<Entry>() else { continue };
        if !names(entry.host_patterns(), host) {
            continue;
        }
        let same = PublicKey(entry.public_key().clone()) == *key;
        match entry.marker() {
            Some(Marker::Revoked) if same => return Standing::Revoked { line },
            // An authority signs certificates, which are not asked for here.
            Some(Marker::Revoked | Marker::CertAuthority) => {}
            None if same => known = true,
            None => changed = changed.or(Some(line)),
        }
    }
    match (known, changed) {
        (true, _) => Standing::Known,
        (false, Some(line)) => Standing::Changed { line },
        (false, None) => Standing::Unknown,
    }
}

/// The kinds of keys that a list has for a host.
pub(super) fn kinds(list: &str, host: &HostName) -> Vec<Algorithm> {
    let entries = list.lines().filter_map(|line| words(line).parse::<Entry>().ok());
    let of_host = |entry: &Entry| entry.marker().is_none() && names(entry.host_patterns(), host);
    entries.filter(of_host).map(|entry| entry.public_key().algorithm()).collect()
}

/// With one blank between the words, however the line was written.
fn words(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn names(patterns: &HostPatterns, host: &HostName) -> bool {
    match patterns {
        HostPatterns::HashedName { salt, hash } => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            hmac::verify(&key, host.0.as_bytes(), hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => {
            let (mut named, mut excluded) = (false, false);
            for pattern in patterns {
                match pattern.strip_prefix('!') {
                    Some(pattern) => excluded |= matches(pattern, &host.0),
                    None => named |= matches(pattern, &host.0),
                }
            }
            named && !excluded
        }
    }
}

/// `*` stands for any number of characters, `?` for one. In steps bounded by the product of the lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase().into_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(same) if same == byte => (p, t) = (p + 1, t + 1),
            _ => match star {
                // One more character goes to the last star.
                Some((at, from)) => {
                    (p, t) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// Reads a list; one that isn't there is empty.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(limits::SSH_KNOWN_HOSTS).read_to_end(&mut text)?;
    // A line that isn't text names nobody; the others do.
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Adds a host to a list, which is made if it isn't there.
pub(super) fn learn(path: &Path, host: &HostName, key: &PublicKey) -> io::Result<()> {
    let options = OpenOptions::new().read(true).append(true).create(true).mode(0o600).to_owned();
    let mut file = options.open(path)?;
    let mut line = String::new();
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            line.push('\n');
        }
    }
    let mut key = key.clone();
    key.0.set_comment("");
    line.push_str(&format!("{host} {key}\n"));
    // In one piece, so that two calls at once leave two lines.
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQtTWVTzd2t27+t0DEHBPW7iOD23TUiYLio";
    const OTHER: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn found(list: &str, host: &str, port: u16) -> Standing {
        standing(list, &HostName::new(host, port), &ONE.parse().unwrap())
    }

    #[test]
    fn a_host_is_known_by_name_port_and_pattern() {
        for (hosts, host, port, known) in [
            ("pump.example", "pump.example", 22, true),
            ("pump.example", "PUMP.example", 22, true),
            ("pump.example", "pump.example", 2222, false),
            ("[pump.example]:2222", "pump.example", 2222, true),
            ("[pump.example]:2222", "pump.example", 22, false),
            ("a,10.0.0.7", "10.0.0.7", 22, true),
            ("*.example", "pump.example", 22, true),
            ("p?mp.*", "pump.example", 22, true),
            ("*.example,!pump.example", "pump.example", 22, false),
            ("!pump.example", "other", 22, false),
        ] {
            let wanted = if known { Standing::Known } else { Standing::Unknown };
            assert_eq!(found(&format!("{hosts} {ONE} comment\n"), host, port), wanted, "{hosts}");
        }
    }

    #[test]
    fn a_hashed_name_is_found() {
        // Made by `ssh-keygen -H` from `localhost`.
        let salt = [7; 20];
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
        let mut hash = [0; 20];
        hash.copy_from_slice(hmac::sign(&key, b"[pump.example]:2222").as_ref());
        let hashed = HostPatterns::HashedName { salt: salt.to_vec(), hash }.to_string();
        assert_eq!(found(&format!("{hashed} {ONE}"), "pump.example", 2222), Standing::Known);
        assert_eq!(found(&format!("{hashed} {ONE}"), "pump.example", 22), Standing::Unknown);
    }

    #[test]
    fn another_key_is_a_changed_one_and_a_revoked_one_is_never_taken() {
        let list = format!("# comment\n\nh {OTHER}\n");
        assert_eq!(found(&list, "h", 22), Standing::Changed { line: 3 });
        // A host may have several keys.
        assert_eq!(found(&format!("{list}h {ONE}\n"), "h", 22), Standing::Known);
        let revoked = format!("h {ONE}\n@revoked * {ONE}\n");
        assert_eq!(found(&revoked, "h", 22), Standing::Revoked { line: 2 });
        assert_eq!(found(&format!("@cert-authority * {ONE}"), "h", 22), Standing::Unknown);
    }

    #[test]
    fn lines_that_can_not_be_read_are_passed_over() {
        let list = format!("nonsense\nh ssh-ed25519 AAAA\nh\t{ONE}\n");
        assert_eq!(found(&list, "h", 22), Standing::Known);
    }

    #[test]
    fn what_was_learnt_is_known_and_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        assert_eq!(read(&path).unwrap(), "");
        std::fs::write(&path, format!("other {OTHER}")).unwrap();
        let host = HostName::new("h", 2222);
        learn(&path, &host, &ONE.parse().unwrap()).unwrap();
        let list = read(&path).unwrap();
        assert_eq!(list, format!("other {OTHER}\n[h]:2222 {ONE}\n"));
        assert_eq!(found(&list, "h", 2222), Standing::Known);
    }

    #[test]
    fn a_pattern_of_stars_takes_no_time() {
        assert!(!matches(&"*a".repeat(100), &"a".repeat(60)));
        assert!(matches(&"*a".repeat(60), &"a".repeat(100)));
    }
}
