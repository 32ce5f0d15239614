//! What a configuration file says of real GSM modules: the `[[gsm]]` tables.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gsm::{Dialect, Flow, Hidden, Messages, Roaming, Session, Setup, Shutdown};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use settings::{OneOrMany, Parsed, SecretError, SecretRef, Span};

use crate::door::ListenConfig;
use crate::limits;
use crate::wake::WakeConfig;

/// One `[[gsm]]` table: a real GSM module on a serial port.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GsmConfig {
    /// What the owner calls it; unique among modules, modems, lines and groups.
    pub name: String,
    /// The port, best by its stable name under `/dev/serial/by-id`.
    pub device: PathBuf,
    /// Bits per second between here and the module. Default 115200.
    #[serde(default = "speed")]
    pub speed: u32,
    /// Data bits, parity and stop bits. Default `8N1`.
    #[serde(default)]
    pub format: Parsed<tty::Format>,
    /// Flow control: `rts-cts` (default) or `none`.
    #[serde(default)]
    pub flow: FlowConfig,
    /// Whose commands it has: `wavecom`, `edsoft`, `simcom`, `quectel`. Default: as it says of itself.
    #[serde(default, deserialize_with = "dialect")]
    pub dialect: Option<&'static Dialect>,
    /// Where the card's PIN is kept: `file:PATH` or `env:NAME`. Default: the card wants none.
    pub pin: Option<SecretRef>,
    /// The access point's name.
    #[serde(default, deserialize_with = "text")]
    pub apn: String,
    /// The name to log in with at the access point.
    #[serde(default, deserialize_with = "text")]
    pub user: String,
    /// Where its password is kept.
    pub password: Option<SecretRef>,
    /// Whether a foreign network is used: `allowed` (default) or `forbidden`.
    #[serde(default)]
    pub roaming: RoamingConfig,
    /// When there is a data session: `kept` (default) or `per-call`.
    #[serde(default)]
    pub session: SessionConfig,
    /// How long it may take to find a network. Default `2m`.
    #[serde(default = "register_within")]
    pub register_within: Span,
    /// How long a data session may take to come up. Default `150s`.
    #[serde(default = "session_within")]
    pub session_within: Span,
    /// How long the far end may take to answer. Default `90s`.
    #[serde(default = "open_within")]
    pub open_within: Span,
    /// The silence before and after `+++`. Default `1200ms`.
    #[serde(default = "guard")]
    pub guard: Span,
    /// How long it needs to come up after a reset. Default `20s`.
    #[serde(default = "boot")]
    pub boot: Span,
    /// How often it is looked at while it has no call. Default `1m`.
    #[serde(default = "watch")]
    pub watch: Span,
    /// How long it may take for a command that does nothing but set or tell something. Default `10s`.
    #[serde(default = "answer_within")]
    pub answer_within: Span,
    /// How old an answer may be that equipment gets to `AT+CSQ` and the like while the module has a call.
    /// Default `10m`.
    #[serde(default = "status_age")]
    pub status_age: Span,
    /// What stands in front of the `SHUTDOWN` by which a Wavecom module tells of a far end that has closed: `etx` (default),
    /// `nothing`.
    #[serde(default)]
    pub shutdown: ShutdownConfig,
    /// More commands that make it ready.
    #[serde(default, deserialize_with = "commands")]
    pub init: Vec<String>,
    /// A program, with its arguments, that switches its power off and on again.
    #[serde(default)]
    pub power: Power,
    /// Which messages wake a line, and whom it calls then.
    pub wake: Option<Box<WakeConfig>>,
    /// Where the module listens, and which line rings then.
    pub listen: Option<Box<ListenConfig>>,
    /// How the port is kept from other programs: `held` (default), by a UUCP lock file, or `kernel`.
    #[serde(default)]
    pub lock: LockConfig,
    /// Where the lock files are. Default `/var/lock`.
    #[serde(default = "lock_folder")]
    pub lock_folder: PathBuf,
}

/// Flow control between here and a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowConfig {
    /// RTS/CTS, by wire; the module is told so.
    #[default]
    RtsCts,
    /// None: what comes too fast is lost in the module.
    None,
}

/// Whether a foreign network is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoamingConfig {
    /// It is.
    #[default]
    Allowed,
    /// It isn't.
    Forbidden,
}

/// What stands in front of `SHUTDOWN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShutdownConfig {
    /// An ETX.
    #[default]
    Etx,
    /// Nothing: it is an end if nothing follows.
    Nothing,
}

/// When there is a data session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionConfig {
    /// From the beginning.
    #[default]
    Kept,
    /// For the time of a call.
    PerCall,
}

/// How a port is kept from other programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockConfig {
    /// By a lock file.
    #[default]
    Held,
    /// By the kernel alone.
    Kernel,
}

/// A program that switches a module's power off and on; without one, DTR is the last resort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Power(pub(crate) Vec<String>);

impl TryFrom<Vec<String>> for Power {
    type Error = String;

    fn try_from(argv: Vec<String>) -> Result<Self, String> {
        match argv.first().is_some_and(|file| file.starts_with('/')) {
            true => Ok(Self(argv)),
            false => Err("a program and its arguments are needed, with the program's whole path: [\"/usr/local/sbin/module-power\"]".to_owned()),
        }
    }
}

impl GsmConfig {
    /// A module of this name on this port, with every default.
    pub fn new(name: impl Into<String>, device: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            device: device.into(),
            speed: speed(),
            format: Parsed::default(),
            flow: FlowConfig::default(),
            dialect: None,
            pin: None,
            apn: String::new(),
            user: String::new(),
            password: None,
            roaming: RoamingConfig::default(),
            session: SessionConfig::default(),
            shutdown: ShutdownConfig::default(),
            register_within: register_within(),
            session_within: session_within(),
            open_within: open_within(),
            guard: guard(),
            boot: boot(),
            watch: watch(),
            answer_within: answer_within(),
            status_age: status_age(),
            init: Vec::new(),
            power: Power::default(),
            wake: None,
            listen: None,
            lock: LockConfig::default(),
            lock_folder: lock_folder(),
        }
    }

    /// The same, with its paths seen from `folder`.
    pub fn seen_from(mut self, whole: impl Fn(&Path) -> PathBuf) -> Self {
        self.device = whole(&self.device);
        self.lock_folder = whole(&self.lock_folder);
        let wake = self.wake.as_mut().map(|wake| &mut wake.secret);
        for secret in self.pin.iter_mut().chain(&mut self.password).chain(wake) {
            if let SecretRef::File(path) = secret {
                *path = whole(path);
            }
        }
        self
    }

    /// What the module is to be, with the secrets fetched.
    ///
    /// # Errors
    /// A secret can't be had.
    pub fn setup(&self) -> Result<Setup, SecretError> {
        let fetch = |secret: &Option<SecretRef>| -> Result<Option<Hidden>, SecretError> {
            let Some(secret) = secret else { return Ok(None) };
            let secret = secret.resolve(Path::new("/"))?;
            Ok(Some(Hidden::new(String::from_utf8_lossy(secret.expose()).trim())))
        };
        Ok(Setup {
            dialect: self.dialect,
            pin: fetch(&self.pin)?,
            apn: self.apn.clone(),
            user: self.user.clone(),
            password: fetch(&self.password)?,
            roaming: match self.roaming {
                RoamingConfig::Allowed => Roaming::Allowed,
                RoamingConfig::Forbidden => Roaming::Forbidden,
            },
            session: match self.session {
                SessionConfig::Kept => Session::Kept,
                SessionConfig::PerCall => Session::PerCall,
            },
            register_within: self.register_within.0,
            session_within: self.session_within.0,
            open_within: self.open_within.0,
            guard: self.guard.0,
            boot: self.boot.0,
            watch: self.watch.0,
            answer_within: self.answer_within.0,
            status_age: self.status_age.0,
            messages: match self.wake {
                Some(_) => Messages::Read,
                None => Messages::Ignored,
            },
            listen: self.listen.as_ref().map(|listen| listen.port.0),
            init: self.init.clone(),
            shutdown: match self.shutdown {
                ShutdownConfig::Etx => Shutdown::BehindEtx,
                ShutdownConfig::Nothing => Shutdown::Alone,
            },
            flow: match self.flow {
                FlowConfig::RtsCts => Flow::RtsCts,
                FlowConfig::None => Flow::None,
            },
        })
    }

    /// How the port is set.
    pub fn settings(&self) -> tty::Settings {
        tty::Settings {
            speed: self.speed,
            format: self.format.0,
            flow: match self.flow {
                FlowConfig::None => tty::Flow::None,
                FlowConfig::RtsCts => tty::Flow::RtsCts,
            },
            ..tty::Settings::default()
        }
    }

    /// How it is kept from other programs.
    pub fn lock_policy(&self) -> tty::LockPolicy {
        match self.lock {
            LockConfig::Held => tty::LockPolicy::Uucp(self.lock_folder.clone()),
            LockConfig::Kernel => tty::LockPolicy::KernelOnly,
        }
    }
}

fn dialect<'de, D: Deserializer<'de>>(d: D) -> Result<Option<&'static Dialect>, D::Error> {
    let name = String::deserialize(d)?;
    let known = || gsm::dialect::ALL.iter().map(|dialect| dialect.name).collect::<Vec<_>>();
    match Dialect::named(&name) {
        Some(dialect) => Ok(Some(dialect)),
        None => Err(D::Error::custom(format!(
            "there is no dialect `{name}`; expected one of `{}`",
            known().join("`, `")
        ))),
    }
}

/// What stands between quotes in a command.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let plain = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && byte != b'"';
    match text.bytes().all(plain) && text.len() <= limits::COMMAND {
        true => Ok(text),
        false => Err(D::Error::custom("a module can be told printable ASCII without quotes alone")),
    }
}

fn commands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let OneOrMany(texts) = OneOrMany::<String>::deserialize(deserializer)?;
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let right =
        |text: &String| (1..=limits::COMMAND).contains(&text.len()) && text.bytes().all(plain);
    match texts.len() <= limits::INIT_STRINGS && texts.iter().all(right) {
        true => Ok(texts),
        false => Err(D::Error::custom(format!(
            "expected at most {} commands of 1 to {} printable characters",
            limits::INIT_STRINGS,
            limits::COMMAND
        ))),
    }
}

const fn speed() -> u32 {
    115_200
}

const fn register_within() -> Span {
    Span(Duration::from_secs(120))
}

const fn session_within() -> Span {
    Span(Duration::from_secs(150))
}

const fn open_within() -> Span {
    Span(Duration::from_secs(90))
}

const fn guard() -> Span {
    Span(Duration::from_millis(1200))
}

const fn boot() -> Span {
    Span(Duration::from_secs(20))
}

const fn watch() -> Span {
    Span(Duration::from_secs(60))
}

const fn answer_within() -> Span {
    Span(gsm::limits::REPLY)
}

const fn status_age() -> Span {
    Span(Duration::from_secs(600))
}

fn lock_folder() -> PathBuf {
    PathBuf::from("/var/lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_needs_its_name_and_port_alone() {
        let config: GsmConfig =
            toml::from_str("name = \"north\"\ndevice = \"/dev/ttyS0\"").unwrap();
        assert_eq!(config, GsmConfig::new("north", "/dev/ttyS0"));
        let setup = Setup { flow: Flow::RtsCts, ..Setup::default() };
        assert_eq!(config.setup().unwrap(), setup);
    }

    #[test]
    fn a_mistake_is_named_with_what_was_expected() {
        let base = "name = \"a\"\ndevice = \"/dev/ttyS0\"\n";
        for (line, expected) in [
            ("dialect = \"telit\"", "`simcom`"),
            ("apn = 'a\"b'", "without quotes"),
            ("pin = \"1234\"", "file:PATH"),
            ("init = [\"\"]", "printable"),
            ("power = [\"switch\"]", "whole path"),
            ("flow = \"xon-xoff\"", "`rts-cts`"),
            ("listen = { port = 0, line = \"a\" }", "1 to 65535"),
            ("listen = { port = 1, line = \"a\", call = \"x\" }", "10.0.0.7:8023"),
            ("roaming = \"no\"", "`forbidden`"),
            ("apm = \"x\"", "`apn`"),
        ] {
            let error = toml::from_str::<GsmConfig>(&format!("{base}{line}")).unwrap_err();
            assert!(error.to_string().contains(expected), "{line}: {error}");
            assert!(!error.message().contains("1234"), "{error}");
        }
    }
}
