//! A bus that is asked by ourselves and served to nobody: the `[[bus]]` tables.

use modbus::master::{Repeats, Settings};
use serde::Deserialize;
use settings::{OneOrMany, Span};

use crate::config::{EchoConfig, FramingConfig, LateAnswers};
use crate::serial::SerialConfig;
use crate::{Broadcasts, Bus, ConfigError, GatewayConfig, limits};

/// One `[[bus]]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BusConfig {
    /// What the owner calls it.
    pub name: String,
    /// At a serial port.
    #[serde(default)]
    pub serial: Option<SerialConfig>,
    /// Behind a TCP port, `host:port`.
    #[serde(default)]
    pub tcp: Option<String>,
    /// How it is spoken to: `rtu` (default), `ascii` or `tcp`.
    #[serde(default)]
    pub framing: FramingConfig,
    /// How long a unit may think before it answers. Default `1s`.
    #[serde(default = "response")]
    pub response: Span,
    /// How often an unanswered request is repeated that only reads; a write is said once. Default 1.
    #[serde(default = "retries")]
    pub retries: u8,
    /// The least silence before a request. Default t3.5 on a serial port, none elsewhere.
    #[serde(default)]
    pub silence: Option<Span>,
    /// Whether the wire gives back what is sent on it: `none` (default) or `local`.
    #[serde(default)]
    pub echo: EchoConfig,
    /// What is done about answers that come too late: `sentinel` (default), or a time to wait for them.
    #[serde(default)]
    pub late_answers: LateAnswers,
}

const fn response() -> Span {
    Span::secs(1)
}

const fn retries() -> u8 {
    1
}

impl BusConfig {
    /// Whether its values go together; the key says which one doesn't.
    pub fn check(&self) -> Result<(), (&'static str, ConfigError)> {
        self.as_gateway().check_bus()
    }

    /// The bus, which is opened as soon as it can be. Must be called inside the runtime that is to carry it.
    pub fn open(&self) -> Option<Bus> {
        let gateway = self.as_gateway();
        // Whoever has a station write keeps account of what has become of it.
        let settings = Settings { repeats: Repeats::Reads, ..gateway.settings() };
        Some(Bus::lazy(gateway.place()?, settings))
    }

    /// A gateway that nobody can reach, for what both have.
    fn as_gateway(&self) -> GatewayConfig {
        GatewayConfig {
            name: self.name.clone(),
            listen: OneOrMany(Vec::new()),
            serial: self.serial.clone(),
            tcp: self.tcp.clone(),
            framing: self.framing,
            response: self.response,
            retries: self.retries,
            silence: self.silence,
            // A station never speaks to everybody.
            turn_around: Span::default(),
            echo: self.echo,
            late_answers: self.late_answers,
            // Who asks says how wide what it asks for is.
            enron: OneOrMany::default(),
            broadcasts: Broadcasts::Silent,
            idle: None,
            clients: limits::CLIENTS,
            access: carrier::AccessList::default(),
        }
    }
}
