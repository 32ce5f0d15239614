//! What a configuration file says of those who misbehave, and of the log that tells.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use settings::{Span, TextOrTable};

use super::Sources;

/// The `[exchange.penalties]` table. Each mistake adds to what its source owes, and time pays it
/// off; a source that owes too much is turned away unheard for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PenaltiesConfig {
    /// What a wrong name or password costs. Default `3s`; `0s` costs nothing, as with the others.
    pub failed_login: Span,
    /// What a call costs that ends without a login. Default `1s`.
    pub no_login: Span,
    /// What a call costs that speaks something that isn't accepted, or gives no name. Default `20s`.
    pub probe: Span,
    /// What a source may owe. Default `1m`.
    pub allowance: Span,
    /// For how long a source is turned away the first time; each further time it is twice as long.
    /// Default `1m`.
    pub first: Span,
    /// The longest that a source is turned away, and the quiet time after which its earlier times
    /// are forgotten. Default `1h`.
    pub longest: Span,
    /// Sources without penalties and lock-outs. Default: this machine.
    pub exempt: Sources,
}

impl Default for PenaltiesConfig {
    fn default() -> Self {
        Self {
            failed_login: Span::secs(3),
            no_login: Span::secs(1),
            probe: Span::secs(20),
            allowance: Span::secs(60),
            first: Span::secs(60),
            longest: Span::secs(3600),
            exempt: Sources::loopback(),
        }
    }
}

/// The `[exchange.lock-out]` table: an account is closed to a source that keeps giving wrong
/// passwords for it. To all others it stays open.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LockOutConfig {
    /// Wrong passwords for one account from one source before it is closed. Default 10; 0 never.
    pub tries: u32,
    /// The time over which they count. Default `10m`.
    pub within: Span,
    /// For how long the account is closed the first time; each further time it is twice as long.
    /// Default `5m`.
    pub first: Span,
    /// The longest. Default `24h`.
    pub longest: Span,
}

impl Default for LockOutConfig {
    fn default() -> Self {
        Self {
            tries: 10,
            within: Span::secs(600),
            first: Span::secs(300),
            longest: Span::secs(24 * 3600),
        }
    }
}

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// Its file; lines are only ever added to it.
    pub file: PathBuf,
    /// What happens while it can't be written.
    pub when_full: WhenFull,
}

/// What happens while the audit log can't be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// Logins go on; how many events were lost is written as soon as it can be.
    #[default]
    Continue,
    /// Nobody logs in: what can't be told later doesn't happen.
    Refuse,
}

/// The long form of `audit`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AuditTable {
    file: PathBuf,
    #[serde(default)]
    when_full: WhenFull,
}

impl<'de> Deserialize<'de> for AuditConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match TextOrTable::<PathBuf, AuditTable>::deserialize(deserializer)? {
            TextOrTable::Text(file) => Self { file, when_full: WhenFull::default() },
            TextOrTable::Table(AuditTable { file, when_full }) => Self { file, when_full },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ExchangeConfig;
    use super::*;

    #[test]
    fn the_audit_log_is_written_short_or_long() {
        let read = |text: &str| toml::from_str::<ExchangeConfig>(text).expect("read").audit;
        let short = read("audit = '/var/log/a'").expect("one");
        assert_eq!(
            (short.file.as_path(), short.when_full),
            (Path::new("/var/log/a"), WhenFull::Continue)
        );
        let long = read("audit = { file = 'a', when-full = 'refuse' }").expect("one");
        assert_eq!(long.when_full, WhenFull::Refuse);
        assert_eq!(read(""), None);
    }

    #[test]
    fn penalties_are_on_unless_they_cost_nothing() {
        let config: ExchangeConfig =
            toml::from_str("penalties = { no-login = '0s' }").expect("read");
        assert_eq!(config.penalties.no_login, Span::secs(0));
        assert_eq!(config.penalties.failed_login, Span::secs(3));
        assert_eq!(config.lock_out, LockOutConfig::default());
    }
}
