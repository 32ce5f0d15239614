//! A value of a device: its type, and how its number becomes a quantity.

use std::fmt;

use thiserror::Error;

use super::{Order, Value, ValueError, ValueType, decode, encode};

/// A scale that makes nothing of every value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a scale must be a finite number other than zero, an offset a finite number")]
pub struct BadPoint;

/// What stands in registers, and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    kind: ValueType,
    order: Order,
    scale: f64,
    offset: f64,
    unit: String,
}

/// What a point says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The value, scaled.
    pub value: Value,
    /// Its unit; empty where there is none.
    pub unit: String,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blank = if self.unit.is_empty() { "" } else { " " };
        write!(f, "{}{blank}{}", self.value, self.unit)
    }
}

impl Point {
    /// A value as it stands there.
    pub const fn new(kind: ValueType, order: Order) -> Self {
        Self { kind, order, scale: 1.0, offset: 0.0, unit: String::new() }
    }

    /// A quantity: what stands there times `scale`, plus `offset`, in `unit`.
    pub fn scaled(self, scale: f64, offset: f64, unit: &str) -> Result<Self, BadPoint> {
        if !scale.is_normal() || !offset.is_finite() {
            return Err(BadPoint);
        }
        Ok(Self { scale, offset, unit: unit.to_owned(), ..self })
    }

    /// Its type.
    pub const fn kind(&self) -> ValueType {
        self.kind
    }

    /// What these registers say.
    pub fn read(&self, words: &[u16]) -> Result<Reading, ValueError> {
        let value = decode(words, self.kind, self.order)?;
        let value = match value.number() {
            // What isn't scaled stays exact: a double can't hold every 64-bit number.
            Some(number) if !self.is_plain() => {
                Value::Double(tidy(number * self.scale + self.offset))
            }
            _ => value,
        };
        Ok(Reading { value, unit: self.unit.clone() })
    }

    /// The registers that make it say this.
    pub fn write(&self, value: &Value) -> Result<Vec<u16>, ValueError> {
        let kind = self.kind;
        if self.is_plain() && !matches!(value, Value::Single(_) | Value::Double(_)) {
            return encode(value, kind, self.order);
        }
        let number = value.number().ok_or(ValueError::Nature { kind })?;
        let raw = (number - self.offset) / self.scale;
        if matches!(kind, ValueType::F32 | ValueType::F64) {
            return encode(&Value::Double(raw), kind, self.order);
        }
        // Beyond 2^53 a double has no room for the number itself any more.
        let whole = raw.round();
        if !whole.is_finite() || whole.abs() > 9_007_199_254_740_992.0 {
            return Err(ValueError::Range { kind });
        }
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
        let whole = whole as i64;
        encode(&Value::Signed(whole), kind, self.order)
    }

    #[allow(clippy::float_cmp, reason = "exactly what `new` has set, or somebody wrote")]
    fn is_plain(&self) -> bool {
        self.scale == 1.0 && self.offset == 0.0
    }
}

/// Without what a scale of 0.1, which no double is, leaves in the sixteenth digit.
fn tidy(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}
