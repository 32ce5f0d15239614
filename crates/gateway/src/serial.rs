//! What a configuration file says of the serial port of a bus.

use std::path::PathBuf;
use std::time::Duration;

use modbus::SerialTiming;
use serde::Deserialize;
use settings::{Parsed, Span};
use tty::Rs485;

use crate::limits;
use crate::place::Place;
use crate::turn::{Direction, Turn, With};

/// The serial port of a bus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SerialConfig {
    /// The device, best by its stable name under `/dev/serial/by-id`.
    pub device: PathBuf,
    /// Bits per second. Default 19200, as the standard has it.
    #[serde(default = "speed")]
    pub speed: u32,
    /// Data bits, parity and stop bits. Default `8E1`, as the standard has it.
    #[serde(default = "format")]
    pub format: Parsed<tty::Format>,
    /// Has an RS-485 transmitter switched on while it sends.
    #[serde(default)]
    pub rs485: Option<Rs485Config>,
}

/// How an RS-485 transmitter is switched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Rs485Config {
    /// Who does it: the port's `driver` by RTS (default), `trunkline` by RTS, or trunkline by a `file`.
    pub by: Switch,
    /// The file that takes `1` and `0`, such as `/sys/class/gpio/gpio17/value`.
    pub file: Option<PathBuf>,
    /// What RTS or the file shows while sending: `high` (default) or `low`.
    pub rts: Level,
    /// How long before the first bit. Default none.
    pub before: Span,
    /// How long after the last one. Default none.
    pub after: Span,
}

/// Who switches an RS-485 transmitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// The port's driver, by RTS: to the bit.
    #[default]
    Driver,
    /// We, by RTS: for drivers that can't.
    Trunkline,
    /// We, by a file.
    File,
}

/// The level of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Raised.
    #[default]
    High,
    /// Lowered.
    Low,
}

/// Why nobody could switch a transmitter so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// Which file, nobody says.
    #[error("`by = \"file\"` needs the `file`, such as \"/sys/class/gpio/gpio17/value\"")]
    NoFile,
    /// A file that depends on where we were started.
    #[error("give the whole path of the `file`, from `/` on")]
    Relative,
    /// A file that nobody writes to.
    #[error("`file` is for `by = \"file\"`")]
    File,
    /// The bus would wait for nothing.
    #[error(
        "`before` and `after` are {}ms at most: a transmitter needs microseconds, a slow one a few milliseconds",
        .0.as_millis()
    )]
    Slow(Duration),
}

const fn speed() -> u32 {
    19_200
}

fn format() -> Parsed<tty::Format> {
    let (data, parity) = (tty::DataBits::Eight, tty::Parity::Even);
    Parsed(tty::Format { data, parity, stop: tty::StopBits::One })
}

impl SerialConfig {
    /// This device, set as the standard has it.
    pub fn new(device: PathBuf) -> Self {
        Self { device, speed: speed(), format: format(), rs485: None }
    }

    /// How long its characters take.
    pub fn timing(&self) -> SerialTiming {
        let tty::Format { data, parity, stop } = self.format.0;
        let data = if data == tty::DataBits::Seven { 7 } else { 8 };
        let parity = u32::from(parity != tty::Parity::None);
        let stop = if stop == tty::StopBits::One { 1 } else { 2 };
        SerialTiming::with_bits(self.speed, 1 + data + parity + stop)
    }

    /// Whether its values go together.
    pub(crate) fn check(&self) -> Result<(), SwitchError> {
        match &self.rs485 {
            Some(rs485) if rs485.before.0.max(rs485.after.0) > rs485.longest() => {
                Err(SwitchError::Slow(rs485.longest()))
            }
            Some(Rs485Config { by: Switch::File, file: None, .. }) => Err(SwitchError::NoFile),
            Some(Rs485Config { by, file: Some(_), .. }) if *by != Switch::File => {
                Err(SwitchError::File)
            }
            Some(Rs485Config { file: Some(file), .. }) if !file.is_absolute() => {
                Err(SwitchError::Relative)
            }
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        let settings =
            tty::Settings { speed: self.speed, format: self.format.0, ..tty::Settings::default() };
        let direction = self.rs485.as_ref().map_or(Direction::Untouched, Rs485Config::direction);
        Place::Serial { device: self.device.clone(), settings, direction }
    }
}

impl Rs485Config {
    /// How long the transmitter may be on before and after a frame.
    const fn longest(&self) -> Duration {
        match self.by {
            Switch::Driver => limits::TURN_BY_DRIVER,
            Switch::Trunkline | Switch::File => limits::TURN,
        }
    }

    fn direction(&self) -> Direction {
        let sending = match self.rts {
            Level::High => tty::RtsLevel::High,
            Level::Low => tty::RtsLevel::Low,
        };
        let (before, after) = (self.before.0, self.after.0);
        let ours = |with| Direction::Ours(Turn { with, sending, before, after });
        match (self.by, &self.file) {
            (Switch::Driver, _) => {
                Direction::Driver(Rs485 { rts_while_sending: sending, before, after })
            }
            (Switch::File, Some(file)) => ours(With::File(file.clone())),
            (Switch::Trunkline | Switch::File, _) => ours(With::Rts),
        }
    }
}
