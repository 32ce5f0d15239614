//! What a configuration file says of the page: `[web]`, `[[web.token]]` and `[[operator]]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use settings::{OneOrMany, SecretRef, Span};

/// The `[web]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WebConfig {
    /// Where the page is: addresses with ports. Default `127.0.0.1:8080`, this machine only.
    pub listen: OneOrMany<SocketAddr>,
    /// Names by which browsers may reach it, besides addresses and `localhost`. A page that somebody else's name
    /// leads to is refused.
    pub hosts: OneOrMany<String>,
    /// Whether a proxy in front of it does TLS: cookies are for TLS only then, and the last address in
    /// `X-Forwarded-For` is the client's.
    pub behind_proxy: bool,
    /// The certificate with which it is under TLS. Default: none, so that it is not.
    pub tls: Option<TlsConfig>,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// After how long without a hand at the page an operator is logged out. Default `1h`.
    pub idle: Span,
    /// After how long an operator is logged out in any case. Default `12h`.
    pub longest: Span,
    /// Machines that may ask: `[[web.token]]`.
    pub token: Vec<TokenConfig>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: OneOrMany(vec![SocketAddr::from(([127, 0, 0, 1], 8080))]),
            hosts: OneOrMany::default(),
            behind_proxy: false,
            tls: None,
            metrics: MetricsAccess::default(),
            idle: Span::secs(3600),
            longest: Span::secs(12 * 3600),
            token: Vec::new(),
        }
    }
}

/// The `tls` table of the page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsConfig {
    /// A PEM file with the certificate that browsers see, and those that lead to its authority. It is read again at
    /// each reload.
    pub certificate: PathBuf,
    /// A PEM file with its private key.
    pub key: PathBuf,
}

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricsAccess {
    /// Whoever has a token, and operators.
    #[default]
    Token,
    /// Everybody who reaches the page's address.
    Open,
    /// Nobody.
    Off,
}

/// One `[[web.token]]` table: a machine that may ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenConfig {
    /// Its name, for the log.
    pub name: String,
    /// Where its secret is kept: `file:PATH` or `env:NAME`; at least 20 characters.
    pub secret: SecretRef,
    /// What it may do. Default `viewer`.
    #[serde(default)]
    pub role: Role,
}

/// One `[[operator]]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OperatorConfig {
    /// The name that is typed.
    pub name: String,
    /// The password: an argon2id hash, or where it is kept (`file:PATH`, `env:NAME`).
    pub password: SecretRef,
    /// What he may do. Default `viewer`.
    #[serde(default)]
    pub role: Role,
}

/// What somebody may do. Each may do what those before it may.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees lines, calls and failed logins.
    #[default]
    Viewer,
    /// Hangs up, makes lines busy, and sees what passes on a line.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// What makes a page too dangerous to open, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is nowhere.
    #[error("the page is to listen nowhere; leave `listen` out for 127.0.0.1:8080")]
    Nowhere,
    /// The network reaches it, and passwords would travel in the open.
    #[error(
        "{0} can be reached over the network, where passwords would be read on the way: give the page a certificate \
         with tls = {{ certificate = \"…\", key = \"…\" }}, set behind-proxy = true behind a proxy that does TLS, or \
         listen on 127.0.0.1 and come through `ssh -L`"
    )]
    Open(SocketAddr),
    /// The network reaches it, and nobody has a password.
    #[error(
        "{0} can be reached over the network, and there is no [[operator]] yet: `trunkline operator NAME` makes one"
    )]
    Nobody(SocketAddr),
    /// No name of a host.
    #[error(
        "`{0}` is no name of a host; expected one such as trunkline.example.org, without a port"
    )]
    Host(String),
    /// Sessions that end at once.
    #[error("expected at least 1m")]
    TooShort(Limit),
}

/// Which limit of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `idle`.
    Idle,
    /// `longest`.
    Longest,
}

impl Fault {
    /// The key at which it stands.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Nowhere | Self::Open(_) | Self::Nobody(_) => "listen",
            Self::Host(_) => "hosts",
            Self::TooShort(Limit::Idle) => "idle",
            Self::TooShort(Limit::Longest) => "longest",
        }
    }
}

impl WebConfig {
    /// Everything that speaks against opening the page like this, with so many operators.
    pub fn faults(&self, operators: usize) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.listen.0.is_empty() {
            faults.push(Fault::Nowhere);
        }
        for address in self.listen.0.iter().filter(|address| !address.ip().is_loopback()) {
            if !self.behind_proxy && self.tls.is_none() {
                faults.push(Fault::Open(*address));
            }
            if operators == 0 {
                faults.push(Fault::Nobody(*address));
            }
        }
        faults.extend(self.hosts.0.iter().filter(|host| !is_host(host)).cloned().map(Fault::Host));
        for (span, limit) in [(self.idle, Limit::Idle), (self.longest, Limit::Longest)] {
            if span.0 < Span::secs(60).0 {
                faults.push(Fault::TooShort(limit));
            }
        }
        faults
    }
}

fn is_host(text: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| !label.is_empty() && label.chars().all(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, operators: usize) -> Vec<String> {
        let config: WebConfig = toml::from_str(text).unwrap();
        config.faults(operators).iter().map(|fault| format!("{}: {fault}", fault.key())).collect()
    }

    #[test]
    fn on_this_machine_it_needs_nothing() {
        for text in ["", "listen = \"127.0.0.1:0\"", "listen = [\"[::1]:1\", \"127.9.9.9:1\"]"] {
            assert_eq!(faults(text, 0), [""; 0], "{text}");
        }
    }

    #[test]
    fn on_a_network_it_needs_operators_and_something_that_does_tls() {
        let open = faults("listen = \"0.0.0.0:80\"", 0);
        assert!(open[0].contains("behind-proxy = true"), "{open:?}");
        assert!(open[1].contains("trunkline operator"), "{open:?}");
        assert_eq!(faults("listen = \"[::]:80\"\nbehind-proxy = true", 1), [""; 0]);
        let tls = "tls = { certificate = \"c\", key = \"k\" }";
        assert_eq!(faults(&format!("listen = \"[::]:443\"\n{tls}"), 1), [""; 0]);
        assert_eq!(faults("listen = \"10.0.0.1:80\"", 1).len(), 1);
    }

    #[test]
    fn what_is_no_host_or_no_time_is_refused_at_its_key() {
        assert_eq!(faults("hosts = [\"a.b-c.example\"]\nidle = \"1m\"", 0), [""; 0]);
        assert!(faults("hosts = \"https://a\"", 0)[0].starts_with("hosts: `https://a`"));
        assert!(faults("idle = \"59s\"", 0)[0].starts_with("idle: "));
        assert!(faults("longest = \"0s\"", 0)[0].starts_with("longest: "));
        assert!(faults("listen = []", 0)[0].starts_with("listen: "));
    }
}
