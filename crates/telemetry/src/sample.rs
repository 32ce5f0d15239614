//! What a station has stored, and how it looks on the wire.

use std::fmt;
use std::sync::Arc;

use crate::limits;
use crate::wire::{BadMessage, Reader, put_text, put_varint, put_zigzag};

/// A station's store: made with it, at random. A store that is made anew is another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreId({self})")
    }
}

/// A point's number in its store. It never becomes another point's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointId(pub u32);

/// What a point is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Definition {
    /// Its device's name.
    pub device: String,
    /// The unit by which the centre asks the device.
    pub unit: u8,
    /// Its own name.
    pub point: String,
    /// What its values are measured in; empty where there is no such thing.
    pub measure: String,
}

/// One value at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its number in the store: each is greater than the one before it, and none is given twice.
    pub seq: u64,
    /// Whose value it is.
    pub point: PointId,
    /// When it was read: milliseconds since 1970, by the station's clock.
    pub at_ms: i64,
    /// Whether that clock was right.
    pub stamp: Stamp,
    /// Why it was stored.
    pub reason: Reason,
    /// Whether there is a value.
    pub quality: Quality,
    /// The value; [`Value::None`] where there is none.
    pub value: Value,
}

/// A sample as the centre gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// What its point is.
    pub definition: Arc<Definition>,
    /// The sample.
    pub sample: Sample,
}

/// Whether the station's clock was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// The centre, or a clock that the owner trusts, had set it.
    Sure,
    /// Nobody had told the station the time since it was started.
    Unsure,
}

/// Why a sample was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It was time.
    Schedule,
    /// Alarm: it fell below its limit.
    Low,
    /// Alarm: it rose above its limit.
    High,
    /// It is within its limits again.
    Normal,
    /// Alarm: it changed its state.
    Change,
}

/// Whether there is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quality {
    /// There is.
    Good,
    /// The device didn't answer, or there was no way to it.
    Silent,
    /// The device refused, with this exception.
    Refused(u8),
    /// What it answered is no such value.
    Unreadable,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    None,
    /// A whole number without a sign.
    Unsigned(u64),
    /// A whole number with a sign.
    Signed(i64),
    /// A number of single precision.
    Single(f32),
    /// A number of double precision.
    Double(f64),
    /// One bit.
    Bit(bool),
    /// Text, of [`limits::TEXT`] bytes at most.
    Text(String),
}

impl Value {
    /// As a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match *self {
            #[allow(clippy::cast_precision_loss, reason = "charts are drawn in double precision")]
            Self::Unsigned(value) => Some(value as f64),
            #[allow(clippy::cast_precision_loss, reason = "charts are drawn in double precision")]
            Self::Signed(value) => Some(value as f64),
            Self::Single(value) => Some(f64::from(value)),
            Self::Double(value) => Some(value),
            Self::Bit(value) => Some(f64::from(u8::from(value))),
            Self::None | Self::Text(_) => None,
        }
    }

    /// As bytes: what a store keeps, and what goes over the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => out.push(0),
            Self::Unsigned(value) => {
                out.push(1);
                put_varint(out, *value);
            }
            Self::Signed(value) => {
                out.push(2);
                put_zigzag(out, *value);
            }
            Self::Single(value) => {
                out.push(3);
                out.extend(value.to_be_bytes());
            }
            Self::Double(value) => {
                out.push(4);
                out.extend(value.to_be_bytes());
            }
            Self::Bit(false) => out.push(5),
            Self::Bit(true) => out.push(6),
            Self::Text(text) => {
                out.push(7);
                put_text(out, text, limits::TEXT);
            }
        }
    }

    /// The value in these bytes, which are all of it.
    ///
    /// # Errors
    /// They are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadMessage> {
        let mut reader = Reader(bytes);
        let value = Self::read(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, BadMessage> {
        Ok(match reader.u8()? {
            0 => Self::None,
            1 => Self::Unsigned(reader.varint()?),
            2 => Self::Signed(reader.zigzag()?),
            3 => Self::Single(f32::from_be_bytes(reader.array()?)),
            4 => Self::Double(f64::from_be_bytes(reader.array()?)),
            5 => Self::Bit(false),
            6 => Self::Bit(true),
            7 => Self::Text(reader.text(limits::TEXT)?),
            kind => return Err(BadMessage::Unknown("value", kind)),
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("-"),
            Self::Unsigned(value) => value.fmt(f),
            Self::Signed(value) => value.fmt(f),
            Self::Single(value) => value.fmt(f),
            Self::Double(value) => value.fmt(f),
            Self::Bit(value) => u8::from(*value).fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Reason {
    /// Whether somebody should come running.
    pub const fn is_alarm(self) -> bool {
        matches!(self, Self::Low | Self::High | Self::Change)
    }

    /// Its number, for stores and wires: never changes.
    pub const fn code(self) -> u8 {
        match self {
            Self::Schedule => 0,
            Self::Low => 1,
            Self::High => 2,
            Self::Normal => 3,
            Self::Change => 4,
        }
    }

    /// The reason of this number.
    pub const fn of(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Schedule,
            1 => Self::Low,
            2 => Self::High,
            3 => Self::Normal,
            4 => Self::Change,
            _ => return None,
        })
    }
}

impl Quality {
    /// Its number, for stores and wires: never changes. Exceptions have theirs, from 1 on.
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Silent => 0xff,
            Self::Unreadable => 0xfe,
            // Modbus has no such codes, and a device that says so all the same refuses somehow.
            Self::Refused(0 | 0xfe..) => 0xfd,
            Self::Refused(code) => code,
        }
    }

    /// The quality of this number.
    pub const fn of(code: u8) -> Self {
        match code {
            0 => Self::Good,
            0xff => Self::Silent,
            0xfe => Self::Unreadable,
            code => Self::Refused(code),
        }
    }
}

impl Definition {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_text(out, &self.device, limits::NAME);
        out.push(self.unit);
        put_text(out, &self.point, limits::NAME);
        put_text(out, &self.measure, limits::NAME);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, BadMessage> {
        Ok(Self {
            device: reader.text(limits::NAME)?,
            unit: reader.u8()?,
            point: reader.text(limits::NAME)?,
            measure: reader.text(limits::NAME)?,
        })
    }
}

/// What the next sample of a batch is told apart from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) seq: u64,
    pub(crate) at_ms: i64,
}

/// The stamp stands in the highest bit of the byte that has the reason.
const UNSURE: u8 = 0x80;

impl Sample {
    /// Appends it as the difference to the one before.
    pub(crate) fn encode(&self, before: &mut Before, out: &mut Vec<u8>) {
        put_varint(out, self.seq.saturating_sub(before.seq));
        put_varint(out, self.point.0.into());
        put_zigzag(out, self.at_ms.wrapping_sub(before.at_ms));
        let stamp = if self.stamp == Stamp::Unsure { UNSURE } else { 0 };
        out.extend([self.reason.code() | stamp, self.quality.code()]);
        self.value.encode(out);
        *before = Before { seq: self.seq, at_ms: self.at_ms };
    }

    pub(crate) fn read(reader: &mut Reader<'_>, before: &mut Before) -> Result<Self, BadMessage> {
        let step = reader.varint()?;
        let seq = before.seq.checked_add(step).filter(|_| step > 0);
        let seq = seq.ok_or(BadMessage::Beyond("a sample's number"))?;
        let point = u32::try_from(reader.varint()?).map_err(|_| BadMessage::Beyond("a point"))?;
        let at_ms = before.at_ms.wrapping_add(reader.zigzag()?);
        let reason = reader.u8()?;
        let stamp = if reason & UNSURE == 0 { Stamp::Sure } else { Stamp::Unsure };
        let reason = reason & !UNSURE;
        let reason = Reason::of(reason).ok_or(BadMessage::Unknown("reason", reason))?;
        let quality = Quality::of(reader.u8()?);
        let value = Value::read(reader)?;
        *before = Before { seq, at_ms };
        Ok(Self { seq, point: PointId(point), at_ms, stamp, reason, quality, value })
    }
}
