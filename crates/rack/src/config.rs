//! What a configuration file says of real modems: the `[[modem]]` tables.

use std::path::PathBuf;
use std::time::Duration;

use at::client::Manners;
use at::result::Family;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
pub use settings::FlowConfig;
use settings::{OneOrMany, Parsed, Span};

use crate::bell::Bell;
use crate::limits;
use crate::rules::{CallerRule, CallerRules};

/// One `[[modem]]` table: a real modem on a serial port.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModemConfig {
    /// What the owner calls it; unique among modems, lines and groups.
    pub name: String,
    /// The port, best by its stable name under `/dev/serial/by-id`.
    pub device: PathBuf,
    /// Bits per second between here and the modem. Default 38400.
    #[serde(default = "speed")]
    pub speed: u32,
    /// Data bits, parity and stop bits. Default `8N1`.
    #[serde(default)]
    pub format: Parsed<tty::Format>,
    /// Flow control: `rts-cts` (default), `xon-xoff` or `none`.
    #[serde(default)]
    pub flow: FlowConfig,
    /// What makes it ready. Default `["ATQ0V1E0H0", "ATX4S0=0&C1&D2"]`.
    #[serde(default = "init", deserialize_with = "commands")]
    pub init: Vec<String>,
    /// What stands before a number. Default `ATDT`.
    #[serde(default = "dial", deserialize_with = "command")]
    pub dial: String,
    /// What takes a call. Default `ATA`.
    #[serde(default = "answer", deserialize_with = "command")]
    pub answer: String,
    /// What ends a call in command state. Default `ATH0`.
    #[serde(default = "hang_up", deserialize_with = "command")]
    pub hang_up: String,
    /// Which maker's numbers it answers in, if it does: `hayes` (default), `rockwell`, `usr`, `gsm`.
    #[serde(default, deserialize_with = "family")]
    pub codes: Family,
    /// The pause between two characters of a command. Default none.
    #[serde(default)]
    pub pace: Span,
    /// How long it may take to answer a command. Default `5s`.
    #[serde(default = "reply_within")]
    pub reply_within: Span,
    /// The silence before and after `+++`. Default `1200ms`.
    #[serde(default = "guard")]
    pub guard: Span,
    /// How long DTR is off between calls. Default `500ms`.
    #[serde(default = "dtr_off")]
    pub dtr_off: Span,
    /// How often an idle modem is asked whether it is still there. Default `1h`.
    #[serde(default = "an_hour")]
    pub check_every: Span,
    /// How the port is kept from other programs: `shared` (default), `held` or `kernel`.
    #[serde(default)]
    pub lock: LockConfig,
    /// Where the lock files are. Default `/var/lock`.
    #[serde(default = "lock_folder")]
    pub lock_folder: PathBuf,
    /// Whether it is kept for one direction: `incoming` or `outgoing`. Default `none`.
    #[serde(default)]
    pub reserve: Reserve,
    /// Which ring is answered. Default 1, or 2 where it matters who calls: that is told between the two.
    #[serde(default)]
    pub rings: Option<u32>,
    /// How long answering may take. Default `80s`.
    #[serde(default = "answer_within")]
    pub answer_within: Span,
    /// Who is answered, by caller ID. Default: everybody.
    #[serde(default, deserialize_with = "rules")]
    pub callers: CallerRules,
    /// Only a second call is answered, if it comes so soon after one that rang in vain. Default: every call.
    #[serde(default)]
    pub ring_back: Option<Span>,
    /// What a ring that would be answered is: a call to be answered for the exchange (`answer`, default), or for the station
    /// of this process (`station`), or a wish that the station calls its centre (`call-centre`).
    #[serde(default)]
    pub on_ring: OnRing,
    /// While this file exists, the telephone is left to ring.
    #[serde(default)]
    pub busy_file: Option<PathBuf>,
    /// How the end of a call is seen: `auto` (default), `dcd` or `text`.
    #[serde(default)]
    pub loss: LossConfig,
}

/// How a port is kept from other programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockConfig {
    /// By a UUCP lock file while it is in use; while it is idle, others may dial out with it.
    #[default]
    Shared,
    /// By a lock file all the time.
    Held,
    /// By the kernel alone, all the time.
    Kernel,
}

/// For which direction a modem is kept free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reserve {
    /// Neither: it answers and dials.
    #[default]
    None,
    /// It only answers.
    Incoming,
    /// It only dials.
    Outgoing,
}

/// What a ring is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRing {
    /// A call that is answered.
    #[default]
    Answer,
    /// A call that is answered for the station of this process, whatever else there is.
    Station,
    /// A wish that the station of this process calls its centre; the caller is never answered, and pays nothing.
    CallCentre,
}

/// How the end of a call is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossConfig {
    /// By DCD, once it has been on in this call; else by `NO CARRIER`.
    #[default]
    Auto,
    /// By DCD alone: every byte is data.
    Dcd,
    /// By `NO CARRIER` alone.
    Text,
}

impl ModemConfig {
    /// A modem of this name on this port, with every default.
    pub fn new(name: impl Into<String>, device: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            device: device.into(),
            speed: speed(),
            format: Parsed::default(),
            flow: FlowConfig::default(),
            init: init(),
            dial: dial(),
            answer: answer(),
            hang_up: hang_up(),
            codes: Family::default(),
            pace: Span::default(),
            reply_within: reply_within(),
            guard: guard(),
            dtr_off: dtr_off(),
            check_every: an_hour(),
            lock: LockConfig::default(),
            lock_folder: lock_folder(),
            reserve: Reserve::default(),
            rings: None,
            answer_within: answer_within(),
            callers: CallerRules::default(),
            ring_back: None,
            on_ring: OnRing::default(),
            busy_file: None,
            loss: LossConfig::default(),
        }
    }

    pub(crate) fn manners(&self) -> Manners {
        Manners {
            init: self.init.clone(),
            dial: self.dial.clone(),
            answer: self.answer.clone(),
            hang_up: self.hang_up.clone(),
            family: self.codes,
            pace: self.pace.0,
            dtr_off: self.dtr_off.0,
            guard: self.guard.0,
            reply_within: self.reply_within.0,
            answer_within: self.answer_within.0,
            ..Manners::default()
        }
    }

    pub(crate) fn bell(&self) -> Bell {
        let usual = if self.callers == CallerRules::default() { 1 } else { 2 };
        let rings = self.rings.unwrap_or(usual);
        Bell::new(rings, self.callers.clone(), self.ring_back.map(|span| span.0))
    }

    pub(crate) fn settings(&self) -> tty::Settings {
        tty::Settings {
            speed: self.speed,
            format: self.format.0,
            flow: match self.flow {
                FlowConfig::None => tty::Flow::None,
                FlowConfig::RtsCts => tty::Flow::RtsCts,
                FlowConfig::XonXoff => tty::Flow::XonXoff,
            },
            ..tty::Settings::default()
        }
    }

    pub(crate) fn lock_policy(&self) -> tty::LockPolicy {
        match self.lock {
            LockConfig::Shared | LockConfig::Held => {
                tty::LockPolicy::Uucp(self.lock_folder.clone())
            }
            LockConfig::Kernel => tty::LockPolicy::KernelOnly,
        }
    }

    /// What programs know the port by: `ttyS0`.
    pub(crate) fn port_name(&self) -> String {
        let name = self.device.strip_prefix("/dev").unwrap_or(&self.device);
        name.to_string_lossy().into_owned()
    }
}

/// A command line: printable, and of a length that a modem takes.
fn checked(text: String) -> Result<String, String> {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    match printable && (1..=limits::COMMAND).contains(&text.len()) {
        true => Ok(text),
        false => Err(format!(
            "`{text}` is no command for a modem; expected 1 to {} printable characters",
            limits::COMMAND
        )),
    }
}

fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn commands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let OneOrMany(texts) = OneOrMany::<String>::deserialize(deserializer)?;
    if texts.len() > limits::INIT_STRINGS {
        let message = format!("at most {} strings are taken", limits::INIT_STRINGS);
        return Err(D::Error::custom(message));
    }
    texts.into_iter().map(checked).collect::<Result<_, _>>().map_err(D::Error::custom)
}

fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CallerRules, D::Error> {
    let OneOrMany(rules) = OneOrMany::<Parsed<CallerRule>>::deserialize(deserializer)?;
    CallerRules::new(rules.into_iter().map(|rule| rule.0).collect()).map_err(D::Error::custom)
}

fn family<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Family, D::Error> {
    let name = String::deserialize(deserializer)?;
    Family::from_name(&name).ok_or_else(|| {
        D::Error::custom(format!(
            "there are no codes `{name}`; expected `hayes`, `rockwell`, `usr` or `gsm`"
        ))
    })
}

const fn speed() -> u32 {
    38_400
}

fn init() -> Vec<String> {
    Manners::default().init
}

fn dial() -> String {
    Manners::default().dial
}

fn answer() -> String {
    Manners::default().answer
}

fn hang_up() -> String {
    Manners::default().hang_up
}

fn reply_within() -> Span {
    Span(Manners::default().reply_within)
}

fn guard() -> Span {
    Span(Manners::default().guard)
}

fn dtr_off() -> Span {
    Span(Manners::default().dtr_off)
}

fn answer_within() -> Span {
    Span(Manners::default().answer_within)
}

const fn an_hour() -> Span {
    Span(Duration::from_secs(3600))
}

fn lock_folder() -> PathBuf {
    PathBuf::from("/var/lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_needs_its_name_and_port_alone() {
        let config: ModemConfig =
            toml::from_str("name = \"rack1\"\ndevice = \"/dev/ttyS0\"").unwrap();
        assert_eq!(config, ModemConfig::new("rack1", "/dev/ttyS0"));
        assert_eq!(config.port_name(), "ttyS0");
        assert_eq!(config.manners(), Manners::default());
    }

    #[test]
    fn a_mistake_is_named_with_what_was_expected() {
        let base = "name = \"a\"\ndevice = \"/dev/ttyS0\"\n";
        for (line, expected) in [
            ("init = [\"AT\\r\"]", "printable"),
            ("dial = \"\"", "printable"),
            ("callers = [\"everybody\"]", "`none` or `all`"),
            ("codes = \"zyxel\"", "`rockwell`"),
            ("lock = \"uucp\"", "`shared`"),
            ("reserve = \"both\"", "`incoming`"),
            ("on-ring = \"pick-up\"", "`station`"),
            ("rigs = 2", "`rings`"),
        ] {
            let error = toml::from_str::<ModemConfig>(&format!("{base}{line}")).unwrap_err();
            assert!(error.to_string().contains(expected), "{line}: {error}");
        }
    }
}
