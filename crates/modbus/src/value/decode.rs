//! Registers to values.

use super::{Order, Value, ValueError, ValueType};

/// The value of this type in registers of this order.
pub fn decode(words: &[u16], kind: ValueType, order: Order) -> Result<Value, ValueError> {
    let (count, needed) = (words.len(), kind.registers());
    if count != needed {
        return Err(ValueError::Registers { kind, needed, count });
    }
    let words = match kind {
        ValueType::Text(_) => order.text(words),
        _ => order.number(words),
    };
    let joined = words.iter().fold(0u64, |joined, word| joined << 16 | u64::from(*word));
    Ok(match kind {
        ValueType::U16 | ValueType::U32 | ValueType::U64 => Value::Unsigned(joined),
        ValueType::I16 | ValueType::I32 | ValueType::I64 => {
            // The sign is the highest bit of what is there.
            let unused = u32::try_from(64 - 16 * needed).unwrap_or_default();
            Value::Signed((joined << unused).cast_signed() >> unused)
        }
        ValueType::F32 => {
            let bits = u32::try_from(joined).unwrap_or_default();
            Value::Single(f32::from_bits(bits))
        }
        ValueType::F64 => Value::Double(f64::from_bits(joined)),
        ValueType::Bcd16 | ValueType::Bcd32 => words
            .iter()
            .try_fold(0, |sum, word| Ok(sum * 10_000 + bcd(*word)?))
            .map(Value::Unsigned)?,
        ValueType::Bit(bit) => Value::Bit(joined >> bit & 1 == 1),
        ValueType::Text(_) => text(&words).map(Value::Text)?,
    })
}

fn bcd(word: u16) -> Result<u64, ValueError> {
    [12, 8, 4, 0].into_iter().try_fold(0, |sum, shift| match word >> shift & 0x0f {
        digit @ 0..=9 => Ok(sum * 10 + u64::from(digit)),
        _ => Err(ValueError::Bcd { word }),
    })
}

/// Printable ASCII; NUL and blanks at its end only fill it up.
fn text(words: &[u16]) -> Result<String, ValueError> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
    let said = bytes.get(..end).unwrap_or_default();
    match said.iter().find(|byte| !matches!(byte, b' '..=b'~')) {
        Some(&byte) => Err(ValueError::Text { byte }),
        None => Ok(String::from_utf8_lossy(said).into_owned()),
    }
}
