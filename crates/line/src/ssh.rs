//! The `ssh` table of a line or of a phonebook entry: how hosts are called over SSH.

use std::path::PathBuf;
use std::sync::Arc;

use carrier::{Login, SshClient, UnknownHosts};
use serde::Deserialize;
use settings::{Parsed, SecretRef};
use telnet::{TerminalName, WindowSize};

/// How hosts are called over SSH. What an entry of the phonebook leaves out, the line says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SshSettings {
    /// The list of hosts whose keys are known, in OpenSSH's format. Default `~/.ssh/known_hosts`.
    pub known_hosts: Option<PathBuf>,
    /// What becomes of a host that isn't in it: `refuse` (default) or `trust-on-first-use`.
    pub unknown_hosts: Option<Parsed<UnknownHosts>>,
    /// Where the private key to log in with is kept, as `ssh-keygen` writes it.
    pub identity: Option<SecretRef>,
    /// Where the key's passphrase is kept.
    pub passphrase: Option<SecretRef>,
    /// Where the password to log in with is kept.
    pub password: Option<SecretRef>,
    /// What to run on the host; otherwise its shell for us.
    pub command: Option<String>,
    /// Whether to ask for a terminal. Without one, every byte passes unchanged. Default `false`.
    pub pty: Option<bool>,
}

impl SshSettings {
    /// The files that the table names, for who knows what their paths refer to.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let secrets = [&mut self.identity, &mut self.passphrase, &mut self.password];
        let files = secrets.into_iter().flatten().filter_map(|secret| match secret {
            SecretRef::File(path) => Some(path),
            _ => None,
        });
        self.known_hosts.iter_mut().chain(files)
    }

    /// These settings, and those of `line` where there are none.
    pub fn over(&self, line: Option<&Self>) -> Self {
        let Some(line) = line else { return self.clone() };
        // A key of the line's is not tried where the entry has a way in of its own.
        let own = self.identity.is_some() || self.password.is_some();
        let login = if own { self } else { line };
        Self {
            known_hosts: self.known_hosts.clone().or_else(|| line.known_hosts.clone()),
            unknown_hosts: self.unknown_hosts.or(line.unknown_hosts),
            identity: login.identity.clone(),
            passphrase: login.passphrase.clone(),
            password: login.password.clone(),
            command: self.command.clone().or_else(|| line.command.clone()),
            pty: self.pty.or(line.pty),
        }
    }

    /// As carrier wants them. A terminal that is asked for is of this type and size.
    pub fn client(&self, terminal: &TerminalName, size: Option<WindowSize>) -> Arc<SshClient> {
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".ssh/known_hosts"));
        // Hosts' databases of terminals know them in small letters.
        let terminal = terminal.as_str().to_ascii_lowercase().parse().ok();
        Arc::new(SshClient {
            known_hosts: self.known_hosts.clone().or_else(home),
            unknown_hosts: self.unknown_hosts.unwrap_or_default().0,
            login: Login {
                identity: self.identity.clone(),
                passphrase: self.passphrase.clone(),
                password: self.password.clone(),
            },
            command: self.command.clone(),
            terminal: terminal.filter(|_| self.pty == Some(true)),
            size,
            base: PathBuf::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<SshSettings, String> {
        toml::from_str(toml).map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_goes_before_its_line_and_its_way_in_stands_alone() {
        let line = read("known-hosts = 'hosts'\nidentity = 'file:key'\npty = true").unwrap();
        let entry = read("password = 'env:P'\nunknown-hosts = 'trust-on-first-use'").unwrap();
        let both = entry.over(Some(&line));
        assert_eq!(both.known_hosts, Some("hosts".into()));
        assert_eq!((both.identity, both.pty), (None, Some(true)));
        let client = entry.over(Some(&line)).client(&TerminalName::dumb(), None);
        assert_eq!(client.terminal.as_ref().map(TerminalName::as_str), Some("dumb"));
        assert_eq!(client.unknown_hosts, UnknownHosts::TrustOnFirstUse);
        assert_eq!(read("").unwrap().client(&TerminalName::dumb(), None).terminal, None);
    }

    #[test]
    fn mistakes_are_named() {
        for (toml, says) in [
            ("password = 'open sesame'", "file:PATH"),
            ("unknown-hosts = 'accept'", "`trust-on-first-use`"),
            ("key = 'x'", "unknown field `key`"),
        ] {
            let error = read(toml).unwrap_err();
            assert!(error.contains(says), "{toml}: {error}");
        }
    }
}
