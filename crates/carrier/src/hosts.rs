//! How hosts are called over SSH: plain facts, which every build knows.

use std::path::PathBuf;
use std::str::FromStr;

use settings::SecretRef;
use telnet::{TerminalName, WindowSize};

use crate::Host;

/// How hosts are called over SSH.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SshClient {
    /// The list of hosts whose keys are known, in OpenSSH's format. Without one, none is.
    pub known_hosts: Option<PathBuf>,
    /// What becomes of a host that isn't in it.
    pub unknown_hosts: UnknownHosts,
    /// How we show who we are.
    pub login: Login,
    /// What to run there; otherwise what the host gives to whoever says nothing.
    pub command: Option<String>,
    /// The type of the terminal to ask for. Without one the call is clean for eight bits.
    pub terminal: Option<TerminalName>,
    /// The terminal's size.
    pub size: Option<WindowSize>,
    /// Where relative paths of secrets start.
    pub base: PathBuf,
}

/// How we show who we are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Login {
    /// Where the private key is kept, in a format that `ssh-keygen` writes.
    pub identity: Option<SecretRef>,
    /// Where the key's passphrase is kept.
    pub passphrase: Option<SecretRef>,
    /// Where the password is kept.
    pub password: Option<SecretRef>,
}

/// What becomes of a host whose key is in no list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownHosts {
    /// It isn't called. Whoever answers there could be anybody.
    #[default]
    Refuse,
    /// It is called, and its key kept: whoever answers first is believed, and nobody else after him.
    TrustOnFirstUse,
}

/// Not a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `refuse` or `trust-on-first-use`")]
pub struct NoSuchPolicy;

impl FromStr for UnknownHosts {
    type Err = NoSuchPolicy;

    fn from_str(text: &str) -> Result<Self, NoSuchPolicy> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "trust-on-first-use" => Ok(Self::TrustOnFirstUse),
            _ => Err(NoSuchPolicy),
        }
    }
}

/// Whom to call.
#[cfg_attr(not(feature = "ssh"), expect(dead_code, reason = "nobody is called then"))]
pub(crate) struct Target<'a> {
    /// The name to log in with.
    pub(crate) user: &'a str,
    /// The host.
    pub(crate) host: &'a Host,
    /// Its port.
    pub(crate) port: u16,
}
