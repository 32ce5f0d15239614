//! What a configuration file says of callers over SSH: `[exchange.ssh]`.

use std::path::PathBuf;

use serde::Deserialize;
use settings::OneOrMany;

/// The `[exchange.ssh]` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SshConfig {
    /// Files with the private keys by which callers recognise this host, in OpenSSH's format. A file
    /// that isn't there is made, with an ed25519 key. Default `ssh_host_ed25519_key`.
    pub host_keys: OneOrMany<PathBuf>,
    /// What becomes of a command that a caller gives to `ssh`: `ignore` (default), `tell` or
    /// `refuse`.
    pub commands: SshCommands,
}

impl Default for SshConfig {
    fn default() -> Self {
        Self {
            host_keys: OneOrMany(vec!["ssh_host_ed25519_key".into()]),
            commands: SshCommands::default(),
        }
    }
}

/// What becomes of a command that a caller asks for instead of the account's program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshCommands {
    /// He gets the account's program all the same.
    #[default]
    Ignore,
    /// He gets the account's program, which finds the command in `SSH_ORIGINAL_COMMAND`.
    Tell,
    /// He gets nothing.
    Refuse,
}
