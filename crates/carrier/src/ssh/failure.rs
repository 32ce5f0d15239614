//! Why a host gives no session.

use std::io;
use std::path::PathBuf;

use at::result::Cause;
use settings::SecretError;

use crate::cause_of;

/// Why no session came about.
#[derive(Debug, thiserror::Error)]
pub enum SshFailure {
    /// The host's key is in no list.
    #[error(
        "its key is not known: {key}. If it is the right one, add this line to {list}: {line} — or set unknown-hosts = \"trust-on-first-use\""
    )]
    UnknownHost {
        /// Kind and fingerprint.
        key: String,
        /// The list.
        list: String,
        /// What to add to it.
        line: String,
    },
    /// The list has another key for the host.
    #[error(
        "its key has changed: {key} is not what line {line} of {} says. Somebody may be listening in; if the host was set up anew, remove that line", list.display()
    )]
    HostKeyChanged {
        /// Kind and fingerprint.
        key: String,
        /// The list.
        list: PathBuf,
        /// The line with the key that was expected.
        line: usize,
    },
    /// The list says that the key must not be used.
    #[error("its key {key} is revoked by line {line} of {}", list.display())]
    HostKeyRevoked {
        /// Kind and fingerprint.
        key: String,
        /// The list.
        list: PathBuf,
        /// The line.
        line: usize,
    },
    /// The host's key is of no use.
    #[error("its key proves nothing: {0}")]
    HostKeyWeak(String),
    /// The list can't be read, or a host not added to it.
    #[error("the list of known hosts {} can't be used: {source}", list.display())]
    KnownHosts {
        /// The list.
        list: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing says how to log in.
    #[error("there is neither an `identity` nor a `password` to log in with")]
    NothingToShow,
    /// A secret can't be fetched.
    #[error("the secret to log in with is not at hand: {0}")]
    Secret(SecretError),
    /// The identity is no private key, or its passphrase is wrong or missing.
    #[error(
        "the identity is no private key that can be used, or `passphrase` is not its passphrase"
    )]
    Identity,
    /// The host lets us in with nothing that we have.
    #[error("it refuses the login; it takes {0}")]
    LoginRefused(String),
    /// The host gives no session.
    #[error("it gives no session")]
    NoSession,
    /// The host gives no terminal.
    #[error("it gives no terminal; leave out `terminal`, or call without one")]
    NoTerminal,
    /// The host runs neither a shell nor the command.
    #[error("it refuses to run {0}")]
    NotRun(&'static str),
    /// The host and this program have no secure method in common.
    #[error("it knows no secure method that this program knows")]
    NothingInCommon,
    /// The host broke the protocol, or doesn't speak it.
    #[error("it does not speak SSH as it should ({0})")]
    Protocol(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
}

impl SshFailure {
    /// The cause to tell the equipment.
    pub fn cause(&self) -> Cause {
        match self {
            Self::UnknownHost { .. } => Cause::HostKeyUnknown,
            Self::HostKeyChanged { .. } | Self::HostKeyRevoked { .. } => Cause::HostKeyChanged,
            Self::LoginRefused(_) | Self::NothingToShow | Self::Secret(_) | Self::Identity => {
                Cause::LoginFailed
            }
            Self::Broken(source) => cause_of(source),
            Self::HostKeyWeak(_)
            | Self::KnownHosts { .. }
            | Self::NoSession
            | Self::NoTerminal
            | Self::NotRun(_)
            | Self::NothingInCommon
            | Self::Protocol(_) => Cause::SshFailed,
        }
    }
}
