//! Values between registers, people and the store.

use modbus::value::{Order, Value, ValueType, encode};
use store::SampleValue;

/// Up to here a double holds every whole number.
const EXACT: u64 = 1 << 53;

/// A value as it is kept; nothing if it is none: an answer of "not a number" must not become a number.
pub(crate) fn kept(value: &Value) -> SampleValue {
    match value {
        Value::Text(text) => SampleValue::Text(text.clone()),
        Value::Unsigned(whole) if *whole > EXACT => SampleValue::Text(whole.to_string()),
        Value::Signed(whole) if whole.unsigned_abs() > EXACT => {
            SampleValue::Text(whole.to_string())
        }
        // As it prints: 1.1 of single precision is no 1.10000002384.
        Value::Single(single) if single.is_finite() => {
            let printed = single.to_string().parse();
            SampleValue::Number(printed.unwrap_or_else(|_| f64::from(*single)))
        }
        value => match value.number().filter(|number| number.is_finite()) {
            Some(number) => SampleValue::Number(number),
            None => SampleValue::None,
        },
    }
}

/// A value as somebody has written it.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn written(text: &str, kind: ValueType) -> Result<Value, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is no value of {kind}");
    Ok(match kind {
        ValueType::Text(_) => Value::Text(text.to_owned()),
        ValueType::Bit(_) => match text {
            "1" | "on" | "true" => Value::Bit(true),
            "0" | "off" | "false" => Value::Bit(false),
            _ => return Err(format!("`{text}` is neither on nor off")),
        },
        ValueType::F32 | ValueType::F64 => {
            let number: f64 = text.parse().map_err(|_| wrong())?;
            if !number.is_finite() {
                return Err(wrong());
            }
            Value::Double(number)
        }
        _ => match (text.parse::<u64>(), text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _, _) => Value::Unsigned(whole),
            (_, Ok(whole), _) => Value::Signed(whole),
            // For points with a scale.
            (_, _, Ok(number)) if number.is_finite() => Value::Double(number),
            _ => return Err(wrong()),
        },
    })
}

/// The registers of a value.
pub(crate) fn registers(value: &Value, kind: ValueType, order: Order) -> Result<Vec<u16>, String> {
    encode(value, kind, order).map_err(|error| error.to_string())
}
