//! How to log in over SSH, by flags and by habit.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use carrier::UnknownHosts;
use line::SshSettings;
use settings::{Parsed, SecretRef};

use crate::cli::{Flag, Matches, Usage};
use crate::place::absolute;

pub(super) const IDENTITY: Flag = Flag {
    name: "identity",
    value: Some("FILE"),
    help: "Over SSH, log in with this private key (default: the first of yours in ~/.ssh)",
};
pub(super) const UNKNOWN_HOSTS: Flag = Flag {
    name: "unknown-hosts",
    value: Some("POLICY"),
    help: "Over SSH, what becomes of a host that isn't in the list of known ones: refuse or trust-on-first-use",
};

/// The names that `ssh` and `ssh-keygen` give to keys.
const USUAL: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// What the flags say, then what the phonebook says, then what `ssh` would do.
pub(super) fn settings(matches: &Matches, usual: SshSettings) -> Result<SshSettings, Usage> {
    let mut settings = usual;
    if let Some(policy) = matches.parse::<UnknownHosts>(&UNKNOWN_HOSTS)? {
        settings.unknown_hosts = Some(Parsed(policy));
    }
    if let Some(file) = matches.value(&IDENTITY) {
        settings.identity = Some(SecretRef::File(absolute(Path::new(file))));
        settings.passphrase = None;
    }
    if settings.identity.is_none() && settings.password.is_none() {
        settings.identity = own_key().map(SecretRef::File);
    }
    // A person wants a prompt; a program wants its bytes.
    let person = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    settings.pty = settings.pty.or(person.then_some(true));
    Ok(settings)
}

fn own_key() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("HOME")?).join(".ssh");
    USUAL.into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}
