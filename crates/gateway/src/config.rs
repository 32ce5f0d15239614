//! What a configuration file says of gateways: the `[[gateway]]` tables.

use std::net::SocketAddr;
use std::time::Duration;

use carrier::AccessList;
use modbus::frame::Framing;
use modbus::master::{Doubts, Echo, Settings};
use modbus::{Wide, WideRange};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use settings::{OneOrMany, Parsed, Span};

use crate::limits;
use crate::place::Place;
use crate::serial::{SerialConfig, SwitchError};
use crate::server::{Broadcasts, Manners};

/// One `[[gateway]]` table: Modbus TCP for clients, a bus behind it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GatewayConfig {
    /// What the owner calls it.
    pub name: String,
    /// Where clients connect.
    pub listen: OneOrMany<SocketAddr>,
    /// The bus at a serial port.
    #[serde(default)]
    pub serial: Option<SerialConfig>,
    /// The bus behind a TCP port, `host:port`.
    #[serde(default)]
    pub tcp: Option<String>,
    /// How the bus is spoken to: `rtu` (default), `ascii` or `tcp`.
    #[serde(default)]
    pub framing: FramingConfig,
    /// How long a unit may think before it answers. Default `1s`.
    #[serde(default = "response")]
    pub response: Span,
    /// How often an unanswered request is repeated. Default 1.
    #[serde(default = "retries")]
    pub retries: u8,
    /// The least silence before a request. Default t3.5 on a serial port, none elsewhere.
    #[serde(default)]
    pub silence: Option<Span>,
    /// How long units may take over a broadcast. Default `100ms`.
    #[serde(default = "turn_around")]
    pub turn_around: Span,
    /// Whether the wire gives back what is sent on it: `none` (default) or `local`.
    #[serde(default)]
    pub echo: EchoConfig,
    /// What is done about answers that come too late: `sentinel` (default), or a time to wait for them.
    #[serde(default)]
    pub late_answers: LateAnswers,
    /// Registers of 32 bits under one address, as flow computers of Enron and Daniel have them: `h:7001..8000`, or
    /// `h:7001..8000 unit 3`. Default: none.
    #[serde(default)]
    pub enron: OneOrMany<Parsed<WideRange>>,
    /// What a client hears of a broadcast: nothing (`silent`, default), or that it was said (`confirmed`).
    #[serde(default)]
    pub broadcasts: Broadcasts,
    /// How long a client may ask nothing before it is dropped. Default: for ever.
    #[serde(default)]
    pub idle: Option<Span>,
    /// How many clients it takes. Default 32.
    #[serde(default = "clients", deserialize_with = "few_clients")]
    pub clients: usize,
    /// Who may connect. Default: everybody that the addresses of `listen` let in.
    #[serde(default = "anybody", deserialize_with = "settings::lines")]
    pub access: AccessList,
}

/// How a bus is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FramingConfig {
    /// Binary frames.
    #[default]
    Rtu,
    /// Frames of hexadecimal digits.
    Ascii,
    /// Modbus TCP.
    Tcp,
}

/// Whether the wire gives back what is sent on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EchoConfig {
    /// It doesn't.
    #[default]
    None,
    /// It does, as some adapters of two-wire RS-485 do.
    Local,
}

/// What is done about answers that come too late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LateAnswers {
    /// A request that can't be mistaken asks where the unit is.
    #[default]
    Sentinel,
    /// The unit isn't asked the like for so long.
    Wait(Span),
}

impl<'de> Deserialize<'de> for LateAnswers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "sentinel" {
            return Ok(Self::Sentinel);
        }
        let span = text.parse().map_err(|_| {
            D::Error::custom(format!("`{text}` is neither `sentinel` nor a time like `5s`"))
        })?;
        Ok(Self::Wait(span))
    }
}

const fn response() -> Span {
    Span::secs(1)
}

const fn retries() -> u8 {
    1
}

const fn turn_around() -> Span {
    Span(Duration::from_millis(100))
}

const fn clients() -> usize {
    limits::CLIENTS
}

fn few_clients<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let clients = usize::deserialize(deserializer)?;
    if !(1..=limits::MOST_CLIENTS).contains(&clients) {
        let most = limits::MOST_CLIENTS;
        return Err(D::Error::custom(format!("a gateway takes 1 to {most} clients")));
    }
    Ok(clients)
}

fn anybody() -> AccessList {
    AccessList::default()
}

/// What doesn't go together in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither place.
    #[error(
        "a gateway needs a bus: `serial = {{ device = \"/dev/ttyS0\" }}` or `tcp = \"host:port\"`"
    )]
    NoBus,
    /// Both places.
    #[error("a gateway has one bus: `serial` or `tcp`, not both")]
    TwoBuses,
    /// No port to connect to.
    #[error("a gateway needs to `listen` somewhere")]
    NoListener,
    /// A framing that needs what a serial port lacks.
    #[error("a serial bus speaks `rtu` or `ascii`; Modbus TCP is for `tcp`")]
    Framing,
    /// Seven bits can't carry binary frames.
    #[error("RTU needs eight data bits; `ascii` goes through seven")]
    Format,
    /// A direction that nobody could turn.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// Clients that are dropped before they can ask.
    #[error("a client needs some time to ask: give `idle` at least 1s, or leave it out")]
    Idle,
}

impl GatewayConfig {
    /// Whether its values go together; the key says which one doesn't.
    pub fn check(&self) -> Result<(), (&'static str, ConfigError)> {
        if self.listen.0.is_empty() {
            return Err(("listen", ConfigError::NoListener));
        }
        if self.idle.is_some_and(|idle| idle.0 < limits::SHORTEST_IDLE) {
            return Err(("idle", ConfigError::Idle));
        }
        self.check_bus()
    }

    /// The same of its bus alone.
    pub(crate) fn check_bus(&self) -> Result<(), (&'static str, ConfigError)> {
        match (&self.serial, &self.tcp) {
            (None, None) => Err(("name", ConfigError::NoBus)),
            (Some(_), Some(_)) => Err(("tcp", ConfigError::TwoBuses)),
            (Some(_), None) if self.framing == FramingConfig::Tcp => {
                Err(("framing", ConfigError::Framing))
            }
            (Some(serial), None)
                if self.framing == FramingConfig::Rtu
                    && serial.format.0.data == tty::DataBits::Seven =>
            {
                Err(("serial", ConfigError::Format))
            }
            (Some(serial), None) => {
                serial.check().map_err(|error| ("serial", ConfigError::Switch(error)))
            }
            (None, Some(_)) => Ok(()),
        }
    }

    /// Where its bus is.
    pub(crate) fn place(&self) -> Option<Place> {
        match (&self.serial, &self.tcp) {
            (Some(serial), _) => Some(serial.place()),
            (None, Some(address)) => Some(Place::Tcp(address.clone())),
            (None, None) => None,
        }
    }

    /// Which registers of its units have 32 bits.
    pub(crate) fn wide(&self) -> Wide {
        self.enron.0.iter().map(|range| range.0).collect()
    }

    /// How its clients are treated.
    pub(crate) fn manners(&self) -> Manners {
        Manners {
            access: self.access.clone(),
            clients: self.clients,
            idle: self.idle.map(|idle| idle.0),
            broadcasts: self.broadcasts,
        }
    }

    /// How its bus is spoken to.
    pub fn settings(&self) -> Settings {
        let timing = self.serial.as_ref().map(SerialConfig::timing);
        let settings = match (self.framing, timing) {
            (FramingConfig::Rtu, Some(timing)) => Settings::rtu(timing),
            (FramingConfig::Ascii, Some(timing)) => Settings::ascii(timing),
            (FramingConfig::Rtu, None) => Settings::rtu_over_a_call(),
            (FramingConfig::Ascii, None) => {
                Settings { framing: Framing::Ascii, ..Settings::rtu_over_a_call() }
            }
            (FramingConfig::Tcp, _) => Settings::tcp(),
        };
        Settings {
            response: self.response.0,
            retries: self.retries,
            silence: self.silence.map_or(settings.silence, |silence| silence.0),
            turn_around: self.turn_around.0,
            echo: match self.echo {
                EchoConfig::None => Echo::None,
                EchoConfig::Local => Echo::Local,
            },
            doubts: match self.late_answers {
                LateAnswers::Sentinel => Doubts::Sentinel,
                LateAnswers::Wait(span) => Doubts::Wait(span.0),
            },
            ..settings
        }
    }
}
