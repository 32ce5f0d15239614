//! What a configuration file says of a station: `[station]` and `[[device]]`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use modbus::address::{Address, Range, Table};
use modbus::pdu::{Dialect, PduError};
use modbus::value::{Order, Point, ValueType};
use modbus::{UnitId, Wide, WideRange};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use settings::{OneOrMany, Parsed, SecretRef, Span};

use crate::alarm::Watch;
use crate::calendar::{Calendar, Days, Hours};
use crate::limits;
use crate::shelf::WhenFull;
use crate::time::TimeFrom;

/// The `[station]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StationConfig {
    /// What the centre knows it by.
    pub name: String,
    /// Where samples wait. Default `station.db` beside the file.
    #[serde(default = "store")]
    pub store: PathBuf,
    /// How many may wait. Default a million.
    #[serde(default = "samples", deserialize_with = "some_samples")]
    pub samples: u64,
    /// What happens when there are as many: `drop-oldest` (default) or `stop`.
    #[serde(default)]
    pub when_full: WhenFull,
    /// The centre: addresses, or numbers of the phonebook, in the order of trial.
    pub call: OneOrMany<String>,
    /// What it says at the centre's prompts. Default: nothing, the centre doesn't ask.
    #[serde(default)]
    pub login: Option<LoginConfig>,
    /// Who may ring it up and be served. Default: nobody.
    #[serde(default)]
    pub answer: Option<AnswerConfig>,
    /// How often it calls. Default: only when something happens, or somebody wants it.
    #[serde(default)]
    pub call_every: Option<Span>,
    /// Hours, in UTC, in which scheduled calls may be made: `22:00-06:00`. Default: always.
    #[serde(default)]
    pub call_hours: OneOrMany<Parsed<Hours>>,
    /// Days, in UTC, on which no scheduled calls are made: `sunday`, `12-25`, `2026-12-24..2027-01-06`. Default: none.
    #[serde(default)]
    pub never_on: OneOrMany<Parsed<Days>>,
    /// When alarms may call: `always` (default), or `in-hours` like the schedule.
    #[serde(default)]
    pub alarms: AlarmCalls,
    /// How long it stays on the line after everything is said, or `hold`: for ever. Default `5s`.
    #[serde(default)]
    pub stay: StayConfig,
    /// How long it waits before it calls again, after the first failure, the second, and so on.
    #[serde(default = "retries")]
    pub retries: OneOrMany<Span>,
    /// How long the centre may take to answer. Default `120s`.
    #[serde(default = "dialling")]
    pub dialling: Span,
    /// How often it says that it is still there. Default `60s`.
    #[serde(default = "keep_alive")]
    pub keep_alive: Span,
    /// How often devices are read and stored that don't say otherwise. Default `60s`.
    #[serde(default = "every")]
    pub every: Span,
    /// Whose clock counts: `centre` (default) or `system`.
    #[serde(default)]
    pub time: TimeFrom,
    /// By how much the centre may set a clock that was set before. Default `1h`.
    #[serde(default = "time_step")]
    pub time_step: Span,
    /// What the centre may do besides reading: `writes`, `schedules`, `limits`, `configuration`. Default: nothing.
    #[serde(default)]
    pub allow: OneOrMany<Allow>,
}

/// What a station says at prompts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoginConfig {
    /// At `login:`.
    pub name: String,
    /// At `Password:`.
    pub password: SecretRef,
}

/// How a station answers calls of its centre.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnswerConfig {
    /// What whoever calls must say at `Password:`.
    pub password: SecretRef,
}

/// What the centre may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allow {
    /// Ask units for more than reads.
    Writes,
    /// Change how often is read, stored and called.
    Schedules,
    /// Change what is an alarm.
    Limits,
    /// Change everything that isn't a matter of the machine itself.
    Configuration,
}

/// When alarms may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmCalls {
    /// At any time.
    #[default]
    Always,
    /// When scheduled calls may be made, too.
    InHours,
}

/// How long a station stays on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StayConfig(pub telemetry::Stay);

impl<'de> Deserialize<'de> for StayConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "hold" {
            return Ok(Self(telemetry::Stay::Hold));
        }
        let span: Span = text.parse().map_err(|_| {
            D::Error::custom(format!("`{text}` is neither `hold` nor a time like `5s`"))
        })?;
        Ok(Self(telemetry::Stay::Linger(span.0)))
    }
}

/// One `[[device]]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeviceConfig {
    /// What the owner calls it.
    pub name: String,
    /// Which `[[bus]]`.
    pub bus: String,
    /// Its number there.
    pub unit: u8,
    /// The number by which the centre asks it. Default: the same.
    #[serde(default, rename = "as")]
    pub seen_as: Option<u8>,
    /// How often its points are stored. Default: the station's.
    #[serde(default)]
    pub every: Option<Span>,
    /// How often it is read, to see alarms between samples. Default: as often as it is stored.
    #[serde(default)]
    pub poll: Option<Span>,
    /// Registers that nobody wants and that are read along, if that saves a request. Default 8.
    #[serde(default = "gap")]
    pub gap: u16,
    /// Registers that it gives at once. Default 125, as the standard has it; many meters give less.
    #[serde(default = "most")]
    pub most: u16,
    /// Registers of 32 bits under one address, as flow computers of Enron and Daniel have them: `h:7001..8000`.
    /// Default: none.
    #[serde(default)]
    pub enron: OneOrMany<Parsed<WideRange>>,
    /// What is read of it.
    #[serde(default)]
    pub points: Vec<PointConfig>,
}

/// One of a device's `points`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PointConfig {
    /// What the owner calls it.
    pub name: String,
    /// Where it stands: `40001`, `h:0`.
    pub address: Parsed<Address>,
    /// What it is. Default `u16`; coils and discrete inputs are bits.
    #[serde(default, rename = "type")]
    pub kind: Option<Parsed<ValueType>>,
    /// In which order its bytes stand. Default `ABCD`.
    #[serde(default)]
    pub order: Option<Parsed<Order>>,
    /// What it is multiplied by. Default 1.
    #[serde(default = "one")]
    pub scale: f64,
    /// What is added then. Default 0.
    #[serde(default)]
    pub offset: f64,
    /// What it is measured in. Default: nothing.
    #[serde(default)]
    pub measure: String,
    /// Below this it is an alarm.
    #[serde(default)]
    pub low: Option<f64>,
    /// Above this it is one.
    #[serde(default)]
    pub high: Option<f64>,
    /// How far back it must be before the alarm is over. Default 0.
    #[serde(default)]
    pub band: f64,
    /// What a change of its state is: `nothing` (default) or `alarm`.
    #[serde(default)]
    pub on_change: OnChange,
}

/// What a change of state is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnChange {
    /// Nothing special.
    #[default]
    Nothing,
    /// An alarm.
    Alarm,
}

fn store() -> PathBuf {
    "station.db".into()
}

const fn samples() -> u64 {
    limits::SAMPLES
}

fn some_samples<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let samples = u64::deserialize(deserializer)?;
    let most = limits::MOST_SAMPLES;
    if !(1..=most).contains(&samples) {
        return Err(D::Error::custom(format!("a station keeps 1 to {most} samples")));
    }
    Ok(samples)
}

fn retries() -> OneOrMany<Span> {
    OneOrMany([30, 120, 600, 1800].map(Span::secs).to_vec())
}

const fn dialling() -> Span {
    Span(limits::DIALLING)
}

const fn keep_alive() -> Span {
    Span(telemetry::limits::KEEP_ALIVE)
}

const fn every() -> Span {
    Span::secs(60)
}

const fn time_step() -> Span {
    Span(limits::TIME_STEP)
}

const fn gap() -> u16 {
    8
}

const fn most() -> u16 {
    modbus::limits::READ_REGISTERS
}

const fn one() -> f64 {
    1.0
}

/// What doesn't go together in a station's tables.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A name that would not fit into `device.point`.
    #[error("`{0}` is no name here: use letters, digits, `-` and `_`, 64 of them at most")]
    Name(String),
    /// Nobody to call.
    #[error("a station needs somebody to `call`: `call = \"telnet://centre.example.org:8023\"`")]
    Nobody,
    /// No wait after a failure.
    #[error("`retries` needs at least one wait, such as `60s`")]
    NoRetries,
    /// Something happens too often.
    #[error("{0:?} is too often: every {least:?} at most", least = .1)]
    TooOften(Duration, Duration),
    /// Something never happens.
    #[error("{} is longer than anybody waits: {} at most", Span(*.0), Span(*.1))]
    TooSeldom(Duration, Duration),
    /// Hours and days that leave nothing.
    #[error("with these hours and days there would never be a call")]
    NeverOpen,
    /// A line that is held, and hours.
    #[error("a line that is held has no hours and days: leave them out, or `stay = \"hold\"`")]
    HeldHours,
    /// There is no such bus.
    #[error("there is no [[bus]] named `{0}`")]
    NoBus(String),
    /// The same name twice.
    #[error("`{0}` is there already")]
    Twice(String),
    /// The same unit twice.
    #[error(
        "the centre could not tell two devices with unit {0} apart: give one of them another number with `as`"
    )]
    SameUnit(u8),
    /// A unit nobody can ask.
    #[error("unit 0 is everybody, and answers nothing")]
    Everybody,
    /// A bit that is to be something else.
    #[error("coils and discrete inputs are bits: leave `type`, `order`, `scale` and `offset` out")]
    Bits,
    /// Beyond the last register.
    #[error("the value ends behind the last address")]
    Beyond,
    /// A device is one unit.
    #[error("a device is one unit: leave ` unit` out")]
    OneUnit,
    /// Too short for what stands there.
    #[error(
        "`enron` says that registers have 32 bits there: {0} isn't as long as one or more of them; there are u32, i32, f32, bcd32, u64, i64, f64, and texts of an even number"
    )]
    Narrow(ValueType),
    /// Half in one range, half in another.
    #[error("`enron`: {0}")]
    Widths(PduError),
    /// A scale of nothing.
    #[error(transparent)]
    Scale(#[from] modbus::value::BadPoint),
    /// Limits that every value breaks.
    #[error("`low` must be less than `high`, and `band` less than what lies between them")]
    Limits,
    /// More than a device gives.
    #[error("`most` is 4 to 125 registers")]
    Most,
    /// More points than a station has.
    #[error("a station has {} points at most", telemetry::limits::POINTS)]
    TooManyPoints,
}

/// Where in a device's table something is wrong.
pub type At = (&'static str, Option<(usize, &'static str)>);

impl StationConfig {
    /// Whether its values go together; the key says which one doesn't.
    pub fn check(&self) -> Result<(), (&'static str, ConfigError)> {
        name(&self.name).map_err(|error| ("name", error))?;
        if self.call.0.is_empty() {
            return Err(("call", ConfigError::Nobody));
        }
        if self.retries.0.is_empty() {
            return Err(("retries", ConfigError::NoRetries));
        }
        if !self.calendar().is_always() && self.stay.0 == telemetry::Stay::Hold {
            return Err(("stay", ConfigError::HeldHours));
        }
        if self.calendar().opening(limits::FIRST_MS).is_none() {
            return Err(("never-on", ConfigError::NeverOpen));
        }
        let least = Duration::from_secs(1);
        let spans = [("call-every", self.call_every), ("keep-alive", Some(self.keep_alive))];
        for (key, span) in spans {
            if let Some(Span(span)) = span.filter(|span| span.0 < least) {
                return Err((key, ConfigError::TooOften(span, least)));
            }
        }
        if self.retries.0.iter().any(|span| span.0 < least) {
            return Err(("retries", ConfigError::TooOften(Duration::ZERO, least)));
        }
        self.call_every.map_or(Ok(()), often).map_err(|error| ("call-every", error))?;
        often(self.every).map_err(|error| ("every", error))
    }

    /// When scheduled calls may be made.
    pub(crate) fn calendar(&self) -> Calendar {
        Calendar {
            hours: self.call_hours.0.iter().map(|hours| hours.0).collect(),
            never: self.never_on.0.iter().map(|days| days.0).collect(),
        }
    }

    /// Whether the centre may do this.
    pub(crate) fn allows(&self, what: Allow) -> bool {
        self.allow.0.contains(&what)
    }
}

impl DeviceConfig {
    /// Which of its registers have 32 bits.
    pub(crate) fn wide(&self) -> Wide {
        self.enron.0.iter().map(|range| range.0).collect()
    }

    /// What a point takes up, and how wide that is.
    ///
    /// # Errors
    /// It doesn't go with the width of what stands there; the key says which one doesn't.
    pub(crate) fn extent(
        &self,
        point: &PointConfig,
    ) -> Result<(Range, Dialect), (&'static str, ConfigError)> {
        let (first, words) = (point.address.0, point.registers());
        let widths = |count| self.wide().dialect(UnitId(self.unit), Range { first, count });
        let dialect = widths(1).map_err(|error| ("address", ConfigError::Widths(error)))?;
        let count = words / dialect.words();
        if words % dialect.words() != 0 {
            let kind = point.kind.map_or(ValueType::U16, |kind| kind.0);
            return Err(("address", ConfigError::Narrow(kind)));
        }
        if u32::from(first.number) + u32::from(count) > 0x1_0000 {
            return Err(("address", ConfigError::Beyond));
        }
        widths(count).map_err(|error| ("address", ConfigError::Widths(error)))?;
        Ok((Range { first, count }, dialect))
    }

    /// The number by which the centre asks it.
    pub fn unit_at_centre(&self) -> u8 {
        self.seen_as.unwrap_or(self.unit)
    }

    /// Whether its values go together, by itself.
    pub fn check(&self) -> Result<(), (At, ConfigError)> {
        let at = |key: &'static str| move |error: ConfigError| ((key, None), error);
        name(&self.name).map_err(at("name"))?;
        if self.unit == 0 || self.seen_as == Some(0) {
            return Err((("unit", None), ConfigError::Everybody));
        }
        if !(4..=modbus::limits::READ_REGISTERS).contains(&self.most) {
            return Err((("most", None), ConfigError::Most));
        }
        for (key, span) in [("every", self.every), ("poll", self.poll)] {
            span.map_or(Ok(()), often).map_err(at(key))?;
        }
        if self.enron.0.iter().any(|range| range.0.unit.is_some()) {
            return Err((("enron", None), ConfigError::OneUnit));
        }
        let mut names = BTreeSet::new();
        for (n, point) in self.points.iter().enumerate() {
            let wrong =
                |(key, error): (&'static str, ConfigError)| (("points", Some((n, key))), error);
            if !names.insert(point.name.as_str()) {
                return Err(wrong(("name", ConfigError::Twice(point.name.clone()))));
            }
            point.check().map_err(wrong)?;
            self.extent(point).map_err(wrong)?;
        }
        Ok(())
    }
}

impl PointConfig {
    fn check(&self) -> Result<(), (&'static str, ConfigError)> {
        name(&self.name).map_err(|error| ("name", error))?;
        if self.is_bit() && (self.kind.is_some() || self.order.is_some() || !self.is_unscaled()) {
            return Err(("address", ConfigError::Bits));
        }
        self.point().map_err(|error| ("scale", error.into()))?;
        let gap = match (self.low, self.high) {
            (Some(low), Some(high)) => high - low,
            _ => f64::INFINITY,
        };
        let finite = [self.low, self.high].into_iter().flatten().all(f64::is_finite);
        if !finite || gap <= 0.0 || !(0.0..gap).contains(&self.band) {
            return Err(("name", ConfigError::Limits));
        }
        Ok(())
    }

    #[allow(clippy::float_cmp, reason = "exactly what is the default, or somebody wrote")]
    fn is_unscaled(&self) -> bool {
        self.scale == 1.0 && self.offset == 0.0
    }

    /// Whether it stands in a table of bits.
    pub(crate) const fn is_bit(&self) -> bool {
        matches!(self.address.0.table, Table::Coils | Table::DiscreteInputs)
    }

    /// How many words, or bits, it takes.
    pub(crate) fn registers(&self) -> u16 {
        let kind = self.kind.map_or(ValueType::U16, |kind| kind.0);
        if self.is_bit() { 1 } else { u16::try_from(kind.registers()).unwrap_or(u16::MAX) }
    }

    pub(crate) fn point(&self) -> Result<Point, modbus::value::BadPoint> {
        let kind = self.kind.map_or(ValueType::U16, |kind| kind.0);
        let order = self.order.map_or(Order::Big, |order| order.0);
        Point::new(kind, order).scaled(self.scale, self.offset, &self.measure)
    }

    pub(crate) fn watch(&self) -> Watch {
        let change = self.on_change == OnChange::Alarm;
        Watch { low: self.low, high: self.high, band: self.band, change }
    }
}

fn name(text: &str) -> Result<(), ConfigError> {
    let right = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let fits = (1..=telemetry::limits::NAME).contains(&text.len());
    if fits && text.chars().all(right) { Ok(()) } else { Err(ConfigError::Name(text.to_owned())) }
}

pub(crate) fn often(Span(span): Span) -> Result<(), ConfigError> {
    let (least, most) = (limits::FASTEST, limits::SLOWEST);
    match span {
        span if span < least => Err(ConfigError::TooOften(span, least)),
        span if span > most => Err(ConfigError::TooSeldom(span, most)),
        _ => Ok(()),
    }
}
