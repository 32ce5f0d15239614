//! Points: what a site measures, and where it stands.

use modbus::UnitId;
use modbus::address::{Address, Range, Table};
use modbus::pdu::{Dialect, PduError};
use modbus::value::{Order, Point as Meaning, ValueType};
use serde::Deserialize;
use settings::Parsed;

use crate::limits;
use crate::site::PointAbout;
use crate::text::Pattern;

/// A `[[site.point]]` table, or a row of a list of points.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PointConfig {
    /// What the owner calls it; unique in its site.
    pub name: String,
    /// Which of the site's `devices` has it.
    #[serde(default)]
    pub device: Option<String>,
    /// Which unit has it, where `device` doesn't say so. Default 1.
    #[serde(default)]
    pub unit: Option<u8>,
    /// Where it stands: `h:100`, `40101`, `c:7` …; nothing where the site pushes lines, whose field it is.
    #[serde(default)]
    pub address: Option<Parsed<Address>>,
    /// What stands there. Default `u16`; a coil or a discrete input is a bit.
    #[serde(default, rename = "type")]
    pub kind: Option<Parsed<ValueType>>,
    /// In which order its bytes stand. Default `ABCD`.
    #[serde(default)]
    pub order: Option<Parsed<Order>>,
    /// What the number is multiplied by. Default 1.
    #[serde(default)]
    pub scale: Option<f64>,
    /// What is added then. Default 0.
    #[serde(default)]
    pub offset: Option<f64>,
    /// The unit of measure.
    #[serde(default)]
    pub measure: String,
    /// Below it there is an alarm.
    #[serde(default)]
    pub low: Option<f64>,
    /// Above it there is an alarm.
    #[serde(default)]
    pub high: Option<f64>,
}

/// What is wrong with a point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointFault {
    /// Its name can't be.
    #[error(
        "a name has 1 to {} letters, digits and `._-/#`, and doesn't look like an address",
        limits::NAME
    )]
    Name,
    /// The device isn't there.
    #[error("the site has no device `{0}`; name it in `devices`, such as devices = {{ {0} = 1 }}")]
    Device(String),
    /// Two answers to one question.
    #[error("`device` says which unit it is, so `unit` must not")]
    DeviceAndUnit,
    /// Nobody knows where it stands.
    #[error("it needs an `address`, such as h:100")]
    NoAddress,
    /// No line says anything of it.
    #[error("no pattern of `lines` has a field of this name that is a number")]
    NoField,
    /// It comes as it is.
    #[error("a field of a line has `name`, `measure`, `low` and `high`, and nothing else")]
    Field,
    /// Nobody answers as 0.
    #[error("unit 0 is everybody, and nobody answers that; units are 1 to 247")]
    Unit,
    /// Too short for what stands there.
    #[error(
        "`enron` says that registers have 32 bits there: {0} isn't as long as one or more of them; there are u32, i32, f32, bcd32, u64, i64, f64, and texts of an even number"
    )]
    Narrow(ValueType),
    /// Half in one range, half in another.
    #[error("`enron`: {0}")]
    Widths(PduError),
    /// A coil is a bit and nothing else.
    #[error("coils and discrete inputs are bits: leave `type` out")]
    Bit,
    /// Beyond the last address.
    #[error("its last register would be beyond 65535")]
    Beyond,
    /// The scale makes nothing of it.
    #[error("a scale is a number other than zero, an offset a number; texts and bits have neither")]
    Scale,
    /// Nothing could be between them.
    #[error("`low` is above `high`")]
    Limits,
}

impl PointConfig {
    /// Checks a point that is a field of a line.
    pub(crate) fn check_field(&self, lines: &[Parsed<Pattern>]) -> Result<(), PointFault> {
        let Self { device, unit, address, kind, order, scale, offset, .. } = self;
        let placed = device.is_some() || unit.is_some() || address.is_some() || kind.is_some();
        if placed || scale.is_some() || offset.is_some() || order.is_some() {
            return Err(PointFault::Field);
        }
        if !lines.iter().any(|pattern| pattern.0.measures(&self.name)) {
            return Err(PointFault::NoField);
        }
        self.check_limits()
    }

    fn check_limits(&self) -> Result<(), PointFault> {
        match self.low.zip(self.high).is_some_and(|(low, high)| low > high) {
            true => Err(PointFault::Limits),
            false => Ok(()),
        }
    }
}

impl PointFault {
    /// In which column of a list it is wrong.
    pub(crate) const fn column(&self) -> &'static str {
        match self {
            Self::Name | Self::NoField | Self::Field => "name",
            Self::Device(_) => "device",
            Self::DeviceAndUnit | Self::Unit => "unit",
            Self::Bit => "type",
            Self::Beyond | Self::NoAddress | Self::Widths(_) => "address",
            Self::Narrow(_) => "type",
            Self::Scale => "scale",
            Self::Limits => "low",
        }
    }
}

/// How wide registers are.
pub(crate) type Widths<'a> = &'a dyn Fn(UnitId, Range) -> Result<Dialect, PduError>;

/// A point that is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) unit: UnitId,
    pub(crate) address: Address,
    /// How wide the registers there are.
    pub(crate) dialect: Dialect,
    pub(crate) kind: ValueType,
    pub(crate) order: Order,
    pub(crate) meaning: Meaning,
    pub(crate) measure: String,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

impl Point {
    /// What a table says, if that can be; `unit_of` knows the devices, `widths` their registers.
    pub(crate) fn new(
        config: &PointConfig,
        unit_of: impl Fn(&str) -> Option<u8>,
        widths: Widths<'_>,
    ) -> Result<Self, PointFault> {
        if !is_name(&config.name) {
            return Err(PointFault::Name);
        }
        let unit = match (&config.device, config.unit) {
            (Some(_), Some(_)) => return Err(PointFault::DeviceAndUnit),
            (Some(device), None) => {
                unit_of(device).ok_or_else(|| PointFault::Device(device.clone()))?
            }
            (None, unit) => unit.unwrap_or(1),
        };
        if unit == 0 {
            return Err(PointFault::Unit);
        }
        let address = config.address.as_ref().ok_or(PointFault::NoAddress)?.0;
        let kind = match (is_bits(address.table), config.kind) {
            (true, None) => ValueType::Bit(0),
            (true, Some(_)) => return Err(PointFault::Bit),
            (false, kind) => kind.map_or(ValueType::U16, |kind| kind.0),
        };
        let unit = UnitId(unit);
        let dialect = width(unit, address, kind, widths)?;
        let order = config.order.unwrap_or_default().0;
        let scaled = config.scale.is_some() || config.offset.is_some();
        if scaled && matches!(kind, ValueType::Bit(_) | ValueType::Text(_)) {
            return Err(PointFault::Scale);
        }
        let (scale, offset) = (config.scale.unwrap_or(1.0), config.offset.unwrap_or(0.0));
        let meaning = Meaning::new(kind, order)
            .scaled(scale, offset, &config.measure)
            .map_err(|_| PointFault::Scale)?;
        config.check_limits()?;
        Ok(Self {
            name: config.name.clone(),
            unit,
            address,
            dialect,
            kind,
            order,
            meaning,
            measure: config.measure.clone(),
            low: config.low,
            high: config.high,
        })
    }

    /// What there is to know of it.
    pub(crate) fn about(&self) -> PointAbout {
        let kind = match is_bits(self.address.table) {
            true => String::new(),
            false if self.kind.registers() < 2 => self.kind.to_string(),
            false => format!("{} {}", self.kind, self.order),
        };
        PointAbout {
            name: self.name.clone(),
            measure: self.measure.clone(),
            unit: Some(self.unit.0),
            address: format!("{}:{}", self.address.table.letter(), self.address.number),
            kind,
        }
    }

    /// Addresses that it takes.
    pub(crate) fn width(&self) -> u16 {
        self.words() / self.dialect.words()
    }

    /// Words that it takes.
    pub(crate) fn words(&self) -> u16 {
        u16::try_from(self.kind.registers()).unwrap_or(u16::MAX)
    }
}

/// How wide the registers are in which such a value stands.
fn width(
    unit: UnitId,
    first: Address,
    kind: ValueType,
    widths: Widths<'_>,
) -> Result<Dialect, PointFault> {
    let dialect = widths(unit, Range { first, count: 1 }).map_err(PointFault::Widths)?;
    let words = u16::try_from(kind.registers()).unwrap_or(u16::MAX);
    if words % dialect.words() != 0 {
        return Err(PointFault::Narrow(kind));
    }
    let count = words / dialect.words();
    if u32::from(first.number) + u32::from(count) > 0x1_0000 {
        return Err(PointFault::Beyond);
    }
    widths(unit, Range { first, count }).map_err(PointFault::Widths)
}

/// Whether a table holds bits.
pub(crate) const fn is_bits(table: Table) -> bool {
    matches!(table, Table::Coils | Table::DiscreteInputs)
}

/// Whether a site or a point can be called this: it must be told from an address, and fit into a path of the page.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "._-/#".contains(c);
    !text.is_empty()
        && text.chars().count() <= limits::NAME
        && text.chars().all(plain)
        && text.parse::<modbus::address::Range>().is_err()
}
