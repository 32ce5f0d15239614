//! Values to registers.

use super::{Order, Value, ValueError, ValueType};

/// The registers that hold a value as this type, in this order. What doesn't fit is refused, never cut.
///
/// A bit is a register of its own here, which is right only where nothing else stands in it.
pub fn encode(value: &Value, kind: ValueType, order: Order) -> Result<Vec<u16>, ValueError> {
    let nature = ValueError::Nature { kind };
    let range = ValueError::Range { kind };
    let joined = match (kind, value) {
        (ValueType::Text(registers), Value::Text(text)) => {
            let words = characters(text, registers).ok_or(range)??;
            return Ok(order.text(&words));
        }
        (ValueType::F32, Value::Single(value)) => u64::from(value.to_bits()),
        (ValueType::F32, Value::Double(value)) => {
            #[allow(clippy::cast_possible_truncation, reason = "what overflows is refused")]
            let single = *value as f32;
            if single.is_infinite() && value.is_finite() {
                return Err(range);
            }
            u64::from(single.to_bits())
        }
        (ValueType::F64, Value::Double(value)) => value.to_bits(),
        (ValueType::F64, Value::Single(value)) => f64::from(*value).to_bits(),
        (ValueType::Bit(bit), Value::Bit(on)) => u64::from(*on) << bit.min(15),
        (_, Value::Unsigned(value)) => {
            whole(i128::from(*value), kind).ok_or(nature)?.ok_or(range)?
        }
        (_, Value::Signed(value)) => whole(i128::from(*value), kind).ok_or(nature)?.ok_or(range)?,
        _ => return Err(nature),
    };
    let words: Vec<u16> = (0..kind.registers())
        .rev()
        .map(|index| u16::try_from(joined >> (16 * index) & 0xffff).unwrap_or_default())
        .collect();
    Ok(order.number(&words))
}

/// A whole number's bits; nothing at all if the type is none of whole numbers.
fn whole(value: i128, kind: ValueType) -> Option<Option<u64>> {
    let unsigned = |bits: u32| u64::try_from(value).ok().filter(|value| value >> (bits - 1) <= 1);
    let signed = |bits: u32| {
        let most = 1i128 << (bits - 1);
        (-most..most).contains(&value).then(|| {
            let mask = u64::MAX >> (64 - bits);
            // Its lower bits are the two's complement that is wanted.
            u64::try_from(value & i128::from(mask)).unwrap_or_default()
        })
    };
    Some(match kind {
        ValueType::U16 => unsigned(16),
        ValueType::U32 => unsigned(32),
        ValueType::U64 => unsigned(64),
        ValueType::I16 => signed(16),
        ValueType::I32 => signed(32),
        ValueType::I64 => signed(64),
        ValueType::Bcd16 => digits(value, 4),
        ValueType::Bcd32 => digits(value, 8),
        _ => return None,
    })
}

fn digits(value: i128, count: u32) -> Option<u64> {
    let value = u64::try_from(value).ok().filter(|value| *value < 10u64.pow(count))?;
    Some((0..count).fold(0, |joined, at| joined | ((value / 10u64.pow(at) % 10) << (4 * at))))
}

/// Two characters a register, filled up with NUL. Nothing if there are too many.
fn characters(text: &str, registers: u8) -> Option<Result<Vec<u16>, ValueError>> {
    if let Some(&byte) = text.as_bytes().iter().find(|byte| !matches!(byte, b' '..=b'~')) {
        return Some(Err(ValueError::Text { byte }));
    }
    let mut bytes = text.as_bytes().to_vec();
    let room = 2 * usize::from(registers);
    if bytes.len() > room {
        return None;
    }
    bytes.resize(room, 0);
    let (pairs, _) = bytes.as_chunks::<2>();
    Some(Ok(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()))
}
