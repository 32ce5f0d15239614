//! What a configuration file says of the exchange: `[exchange]` and `[[exchange.listen]]`.

mod account;
mod process;
mod records;
mod safety;
mod ssh;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use carrier::{AccessList, ClientCertificates, TlsIdentity, TlsServer};
use serde::Deserialize;
use settings::Span;

pub(crate) use account::Place;
pub use account::{
    AccountConfig, BuiltIn, CallbackConfig, CallbackLogin, KeptIn, On, OnBreak, OnSecond,
    PasswordConfig, Privileges, Sources,
};
pub use process::{Nice, NoSize, ProcessConfig, Size};
pub use records::{Keep, NoKeep, RecordsConfig, Survive};
pub use safety::{AuditConfig, LockOutConfig, PenaltiesConfig, WhenFull};
pub use ssh::{SshCommands, SshConfig};

/// The `[exchange]` table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExchangeConfig {
    /// The path of the running instance's control socket. Default: none. The exchange itself has no
    /// use for it: the program that embeds the exchange listens there.
    pub control: Option<PathBuf>,
    /// The file of accounts and call records, made if it isn't there. Default: none. The exchange
    /// itself has no use for it: the program that embeds the exchange opens it.
    pub store: Option<PathBuf>,
    /// How long records of calls are kept in the store: `[exchange.records]`.
    pub records: RecordsConfig,
    /// The system user that the whole process becomes once everything is open. Programs of others
    /// are started by a launcher, if there is one, or refused. Default: it stays who it is. The
    /// exchange itself becomes nobody: the program that embeds it does.
    pub user: Option<String>,
    /// The system users, besides `user`, as whom the programs of accounts in the store may run when
    /// a launcher starts them. Default: nobody.
    pub stored_users: Vec<String>,
    /// Where callers arrive: `[[exchange.listen]]`. Default: nowhere.
    pub listen: Vec<ListenConfig>,
    /// What a caller sees and may type before he is known: `[exchange.login]`.
    pub login: LoginConfig,
    /// What callers over SSH meet: `[exchange.ssh]`.
    pub ssh: SshConfig,
    /// How much at once: `[exchange.limits]`.
    pub limits: LimitsConfig,
    /// What mistakes cost a source: `[exchange.penalties]`.
    pub penalties: PenaltiesConfig,
    /// When an account is closed to a source: `[exchange.lock-out]`.
    pub lock_out: LockOutConfig,
    /// The audit log: a path, or a table. Default: none.
    pub audit: Option<AuditConfig>,
    /// The file with the key that machines' secrets are verified with; made if it isn't there.
    /// Default: beside the store, with `.pepper` after its name; without a store there is none.
    pub pepper: Option<PathBuf>,
    /// How programs are ended: `[exchange.hang-up]`.
    pub hang_up: HangUpConfig,
    /// Whether an account's program may run as root: `refuse` (default) or `allow`.
    pub root_programs: RootPrograms,
}

/// Whether an account's program may run as root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootPrograms {
    /// A program that would run as root isn't started; the caller is told that the account isn't
    /// available.
    #[default]
    Refuse,
    /// The owner knows what he does.
    Allow,
}

/// One `[[exchange.listen]]` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListenConfig {
    /// The address and port, such as `0.0.0.0:8023` or `[::]:8023`.
    pub address: SocketAddr,
    /// What callers may speak; they are told apart by their first bytes. Default `["telnet",
    /// "raw"]`.
    #[serde(default = "every_kind")]
    pub accept: Vec<Kind>,
    /// The certificate shown to callers under TLS, and what is asked of theirs.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// What becomes of a telnet caller's wish to drive a serial port (RFC 2217): `refuse` (default)
    /// or `accept`. His DTR then hangs up, and his break is the account's `break`.
    #[serde(default)]
    pub com_port: ComPortWish,
    /// Who calls: `machine` (default) or `human`.
    #[serde(default)]
    pub profile: Profile,
    /// What becomes of the eighth bit during the login: `keep` (default), `strip` for callers that
    /// send seven bits with parity, or `7E1`, `7O1`, `7M1`, `7S1` for those who also expect it of
    /// the prompts. The data after the login go by the account's own `parity`.
    #[serde(default)]
    pub login_parity: Parity,
    /// Who may call, as rules on the caller's address of which the first that matches decides:
    /// `["allow 10.0.0.0/8", "default deny"]`. Default: everybody.
    #[serde(default, deserialize_with = "settings::lines")]
    pub access: AccessList,
    /// Callers of this listener that may be without a login at once; more are turned away unheard.
    /// Default: `unauthenticated` of `[exchange.limits]`, which counts those of all listeners.
    #[serde(default)]
    pub unauthenticated: Option<u32>,
    /// How long a caller may give no sign of life before his call counts as lost: his site has no power, or
    /// the path to it is cut. Default `10m`, because equipment may hold its flow control for that long.
    #[serde(default = "ten_minutes")]
    pub user_timeout: Span,
}

impl ListenConfig {
    /// The defaults at `address`.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            accept: every_kind(),
            tls: None,
            com_port: ComPortWish::default(),
            profile: Profile::default(),
            login_parity: Parity::default(),
            access: AccessList::allow_all(),
            unauthenticated: None,
            user_timeout: ten_minutes(),
        }
    }
}

const fn ten_minutes() -> Span {
    Span(Duration::from_secs(600))
}

/// What a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Telnet, recognised by a negotiation among the first bytes.
    Telnet,
    /// Bytes as they are.
    Raw,
    /// Telnet or plain bytes under TLS.
    Tls,
    /// SSH, which asks by itself who is there.
    Ssh,
}

/// What becomes of a telnet caller's wish to drive a serial port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComPortWish {
    /// The option is refused.
    #[default]
    Refuse,
    /// He drives one that exists only here.
    Accept,
}

/// The `tls` table of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsConfig {
    /// A PEM file with the certificate that callers see, and those that lead to its authority. It is
    /// read again at each reload.
    pub certificate: PathBuf,
    /// A PEM file with its private key.
    pub key: PathBuf,
    /// A PEM file with the authorities that issue callers' certificates. Without it any certificate
    /// is taken, and only its fingerprint says whose it is.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Whether callers show certificates: `optional` (default with `client-ca`) or `required`.
    /// Default without `client-ca`: they aren't asked to.
    #[serde(default)]
    pub client_certificates: Option<AskCertificates>,
}

/// Whether callers show certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskCertificates {
    /// They may, and log in otherwise.
    Optional,
    /// Who shows none is turned away.
    Required,
}

impl TlsConfig {
    /// The files that the table names, for who knows what their paths refer to.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.certificate, &mut self.key].into_iter().chain(&mut self.client_ca)
    }

    pub(crate) fn server(&self) -> TlsServer {
        let identity = TlsIdentity { certificate: self.certificate.clone(), key: self.key.clone() };
        let client_certificates = match (self.client_certificates, &self.client_ca) {
            (Some(AskCertificates::Required), _) => ClientCertificates::Required,
            (Some(AskCertificates::Optional), _) | (None, Some(_)) => ClientCertificates::Optional,
            (None, None) => ClientCertificates::Unasked,
        };
        TlsServer { identity, client_authorities: self.client_ca.clone(), client_certificates }
    }
}

/// Who calls at a listener, which decides who begins to negotiate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Field equipment: telnet is spoken only to a caller who shows it first, others see the banner
    /// alone.
    #[default]
    Machine,
    /// People at terminals: telnet is offered at once, with terminal type and window size.
    Human,
}

/// What becomes of the eighth bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    /// It belongs to the character.
    #[default]
    Keep,
    /// It is parity and is taken off; what the caller gets has none.
    Strip,
    /// Seven bits and even parity, both ways.
    #[serde(rename = "7E1")]
    Even,
    /// Seven bits and odd parity, both ways.
    #[serde(rename = "7O1")]
    Odd,
    /// Seven bits and a one, both ways.
    #[serde(rename = "7M1")]
    Mark,
    /// Seven bits and a zero, both ways.
    #[serde(rename = "7S1")]
    Space,
}

impl Parity {
    /// Whether bytes pass as they are.
    pub(crate) fn keeps(self) -> bool {
        self == Self::Keep
    }

    /// Takes the parity off what has come.
    pub(crate) fn take_off(self, bytes: &mut [u8]) {
        if !self.keeps() {
            bytes.iter_mut().for_each(|byte| *byte &= 0x7F);
        }
    }

    /// Puts parity on what goes out.
    pub(crate) fn put_on(self, bytes: &mut [u8]) {
        if !matches!(self, Self::Keep | Self::Strip) {
            bytes.iter_mut().for_each(|byte| *byte = self.on(*byte));
        }
    }

    fn on(self, byte: u8) -> u8 {
        let plain = byte & 0x7F;
        let odd_ones = u8::from(plain.count_ones() % 2 == 1) << 7;
        match self {
            Self::Keep => byte,
            Self::Strip | Self::Space => plain,
            Self::Even => plain | odd_ones,
            Self::Odd => plain | (odd_ones ^ 0x80),
            Self::Mark => plain | 0x80,
        }
    }
}

/// The `[exchange.login]` table. Line ends in texts (`\n`) are sent as CR LF.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LoginConfig {
    /// What a caller sees before the first prompt. Default: nothing.
    pub banner: String,
    /// The prompt for the name. Default `login: `.
    pub name_prompt: String,
    /// The prompt for the password. Default `Password: `.
    pub password_prompt: String,
    /// What a caller sees after a wrong name or password. Default `Login incorrect`.
    pub refusal: String,
    /// What a caller sees after the right ones, before the program's first byte. Default: nothing.
    pub welcome: String,
    /// What a caller sees when his tries are used up. Default: nothing.
    pub goodbye: String,
    /// What a caller sees when the deadline has passed. Default `Login timed out`.
    pub timed_out: String,
    /// What a caller sees when too much is going on, altogether or on his account. Default `BUSY`.
    pub busy: String,
    /// What a caller sees before he is hung up on to be called back. Default `Calling back`.
    pub calling_back: String,
    /// What a caller sees when the account's program can't be started. Default `Service
    /// unavailable`.
    pub unavailable: String,
    /// Whether the name is echoed: `on` (default, also written `auto`), as a getty does, or `off`.
    /// A password is never echoed. Telnet callers are asked to leave the echo to us either way.
    pub echo: Echo,
    /// Characters a name may have besides letters and digits. Default `._-+@`.
    pub name_characters: String,
    /// Wrong passwords before the call is ended. Default 3.
    pub tries: u32,
    /// How long a caller may take for the whole login. Default `60s`.
    pub deadline: Span,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            banner: String::new(),
            name_prompt: "login: ".into(),
            password_prompt: "Password: ".into(),
            refusal: "Login incorrect".into(),
            welcome: String::new(),
            goodbye: String::new(),
            timed_out: "Login timed out".into(),
            busy: "BUSY".into(),
            calling_back: "Calling back".into(),
            unavailable: "Service unavailable".into(),
            echo: Echo::default(),
            name_characters: "._-+@".into(),
            tries: 3,
            deadline: Span::secs(60),
        }
    }
}

/// Whether the name is echoed as it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Echo {
    /// To every caller, as a getty does.
    #[default]
    #[serde(alias = "auto")]
    On,
    /// Never: for machines that are confused by their own words.
    Off,
}

/// The `[exchange.limits]` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitsConfig {
    /// Calls at once, with and without a login. Default 4096.
    pub calls: u32,
    /// Calls at once from one source: an IPv4 address, or an IPv6 /56. Default 256.
    pub calls_per_source: u32,
    /// Callers without a login at once. Default 512.
    pub unauthenticated: u32,
    /// Callers without a login at once from one source. Default 32.
    pub unauthenticated_per_source: u32,
    /// Passwords checked at the same time, each on its own thread with about 20 MB. Default: one
    /// less than the processors, at least 1.
    pub password_threads: u32,
    /// Callers waiting for their password to be checked; more see the busy text. Default 64.
    pub password_queue: u32,
    /// Wrong passwords from one source in a minute, in the long run; more see the busy text before
    /// any of them is checked. Right ones don't count, so that a fleet behind one address can
    /// redial. Default 30.
    pub wrong_passwords_per_minute: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
        Self {
            calls: 4096,
            calls_per_source: 256,
            unauthenticated: 512,
            unauthenticated_per_source: 32,
            password_threads: u32::try_from(processors.saturating_sub(1)).unwrap_or(1).max(1),
            password_queue: 64,
            wrong_passwords_per_minute: 30,
        }
    }
}

/// The `[exchange.hang-up]` table: how a program is ended when its caller has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HangUpConfig {
    /// From SIGHUP to SIGTERM. Default `5s`.
    pub term_after: Span,
    /// From SIGTERM to SIGKILL. Default `5s`.
    pub kill_after: Span,
}

impl Default for HangUpConfig {
    fn default() -> Self {
        Self { term_after: Span::secs(5), kill_after: Span::secs(5) }
    }
}

fn every_kind() -> Vec<Kind> {
    vec![Kind::Telnet, Kind::Raw]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_a_whole_configuration() {
        let config: ExchangeConfig = toml::from_str("").expect("read");
        assert_eq!(config.login, LoginConfig::default());
        assert_eq!(config.limits, LimitsConfig::default());
        assert_eq!(config.root_programs, RootPrograms::Refuse);
    }

    #[test]
    fn a_listener_needs_its_address_alone() {
        let config: ListenConfig = toml::from_str("address = \"[::]:8023\"").expect("read");
        assert_eq!(config, ListenConfig::at("[::]:8023".parse().expect("an address")));
        assert_eq!(config.accept, [Kind::Telnet, Kind::Raw]);
    }

    #[test]
    fn parity_is_put_on_what_goes_out_and_taken_off_what_comes() {
        for (parity, sent) in [
            (Parity::Keep, [0x41, 0x43, 0xFF]),
            (Parity::Strip, [0x41, 0x43, 0xFF]),
            (Parity::Even, [0x41, 0xC3, 0xFF]),
            (Parity::Odd, [0xC1, 0x43, 0x7F]),
            (Parity::Mark, [0xC1, 0xC3, 0xFF]),
            (Parity::Space, [0x41, 0x43, 0x7F]),
        ] {
            let mut bytes = [0x41, 0x43, 0xFF];
            parity.put_on(&mut bytes);
            assert_eq!(bytes, sent, "{parity:?}");
            parity.take_off(&mut bytes);
            assert_eq!(bytes, if parity.keeps() { sent } else { [0x41, 0x43, 0x7F] });
        }
    }
}
