//! What registers could mean: every type in every order, and how sane it looks.
//!
//! The same four bytes are a temperature in one order and nonsense in the other three, and nothing on the wire
//! says which is right. Quantities of the field are neither 1e-30 nor 1e30, counters don't count in steps of
//! 65536, and text can be read: that tells the orders apart, as a rule.

use super::{Order, Value, ValueError, ValueType, decode};

/// How sane a reading looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sanity {
    /// Nobody would have written that.
    Unlikely,
    /// It may be so.
    Possible,
    /// It looks like what somebody has measured, counted or written.
    Likely,
}

impl Sanity {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unlikely => "unlikely",
            Self::Possible => "possible",
            Self::Likely => "likely",
        }
    }
}

/// Registers read in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// As which type.
    pub kind: ValueType,
    /// In which orders: those that give the same.
    pub orders: Vec<Order>,
    /// The values, as many as the registers hold.
    pub values: Vec<Value>,
    /// How sane that looks.
    pub sanity: Sanity,
    /// Why.
    pub why: String,
}

/// Every reading of these registers, the sanest first. What takes more registers than there are is left out.
pub fn guess(words: &[u16]) -> Vec<Guess> {
    let text = u8::try_from(words.len()).ok().filter(|count| *count > 0).map(ValueType::Text);
    let types = [
        ValueType::F32,
        ValueType::U16,
        ValueType::I16,
        ValueType::U32,
        ValueType::I32,
        ValueType::F64,
        ValueType::U64,
        ValueType::I64,
        ValueType::Bcd16,
        ValueType::Bcd32,
    ];
    let mut guesses: Vec<Guess> = Vec::new();
    for kind in types.into_iter().chain(text) {
        for order in Order::ALL {
            let Some(guess) = read(words, kind, order) else { continue };
            // What can't be told apart is told once.
            let same = |other: &&mut Guess| {
                other.kind == kind
                    && other.why == guess.why
                    && same_values(&other.values, &guess.values)
            };
            match guesses.iter_mut().find(same) {
                Some(other) => other.orders.push(order),
                None => guesses.push(guess),
            }
        }
    }
    guesses.sort_by_key(|guess| std::cmp::Reverse(guess.sanity));
    guesses
}

/// Whether values print the same; NaN is never equal to itself.
fn same_values(one: &[Value], other: &[Value]) -> bool {
    one.iter().map(Value::to_string).eq(other.iter().map(Value::to_string))
}

fn read(words: &[u16], kind: ValueType, order: Order) -> Option<Guess> {
    let chunks = words.chunks_exact(kind.registers());
    if chunks.len() == 0 {
        return None;
    }
    let read: Result<Vec<Value>, ValueError> =
        chunks.map(|words| decode(words, kind, order)).collect();
    let (values, (sanity, why)) = match read {
        Ok(values) => {
            let verdict = judge(kind, &values);
            (values, verdict)
        }
        Err(error) => (Vec::new(), (Sanity::Unlikely, error.to_string())),
    };
    Some(Guess { kind, orders: vec![order], values, sanity, why })
}

type Verdict = (Sanity, String);

fn judge(kind: ValueType, values: &[Value]) -> Verdict {
    if values.iter().all(|value| value.number() == Some(0.0)) {
        return (Sanity::Possible, "zero says nothing: read it again when it isn't".to_owned());
    }
    // One value that can't be is enough.
    let verdicts = values.iter().map(|value| judge_one(kind, value));
    let worst = verdicts.min_by_key(|(sanity, _)| *sanity);
    worst.unwrap_or((Sanity::Unlikely, "nothing to read".to_owned()))
}

fn judge_one(kind: ValueType, value: &Value) -> Verdict {
    let verdict = |sanity, why: &str| (sanity, why.to_owned());
    match (kind, value) {
        (ValueType::F32 | ValueType::F64, value) => float(value.number().unwrap_or(f64::NAN)),
        (ValueType::Bcd16 | ValueType::Bcd32, _) => {
            verdict(Sanity::Possible, "every digit is a decimal one")
        }
        (ValueType::U16, Value::Unsigned(value)) if *value > 0xf000 => {
            (Sanity::Possible, format!("{value} is close to 65535: rather a negative i16"))
        }
        (ValueType::I16, Value::Signed(-4096..=-1)) => {
            verdict(Sanity::Likely, "a small negative number, and no small positive one as u16")
        }
        (ValueType::I16, Value::Signed(..=-4097)) => {
            verdict(Sanity::Unlikely, "a large negative number: rather u16")
        }
        (ValueType::U16 | ValueType::I16, _) => {
            verdict(Sanity::Possible, "any register is one, and says nothing of orders")
        }
        (_, Value::Unsigned(value)) => count(i128::from(*value)),
        (_, Value::Signed(value)) => count(i128::from(*value)),
        (_, Value::Text(text)) => readable(text),
        (_, Value::Single(_) | Value::Double(_) | Value::Bit(_)) => {
            verdict(Sanity::Possible, "any bit is one")
        }
    }
}

fn float(value: f64) -> Verdict {
    let size = value.abs();
    if !value.is_finite() {
        return (Sanity::Unlikely, "not a number, or an infinite one".to_owned());
    }
    if size == 0.0 {
        return (Sanity::Likely, "zero among quantities of usual size".to_owned());
    }
    if (1e-4..1e7).contains(&size) {
        return (Sanity::Likely, "a quantity of usual size".to_owned());
    }
    if (1e-9..1e12).contains(&size) {
        return (Sanity::Possible, format!("{value:.1e} is rare, but can be measured"));
    }
    let what = if size < 1.0 { "tiny" } else { "huge" };
    (Sanity::Unlikely, format!("{value:.1e} is {what}: nobody measures that"))
}

fn count(value: i128) -> Verdict {
    let size = value.unsigned_abs();
    if size >= 0x1_0000 && size & 0xffff == 0 {
        let why =
            format!("{value} is a multiple of 65536: its words rather stand the other way round");
        return (Sanity::Unlikely, why);
    }
    if value < -0xffff {
        return (Sanity::Unlikely, "a large negative number: no counter".to_owned());
    }
    match size {
        0..0x1_0000 => (
            Sanity::Likely,
            "a small number: the other words are empty, as in a counter".to_owned(),
        ),
        0x1_0000..0x1000_0000 => (Sanity::Possible, "a counter could stand there".to_owned()),
        0x1000_0000..0x1_0000_0000 => {
            (Sanity::Possible, "large for a counter; seconds since 1970 look so".to_owned())
        }
        _ => (Sanity::Unlikely, "larger than counters get".to_owned()),
    }
}

fn readable(text: &str) -> Verdict {
    let letters = text.chars().filter(char::is_ascii_alphanumeric).count();
    if text.len() >= 3 && 3 * letters >= 2 * text.len() {
        return (
            Sanity::Likely,
            "every byte is a character, most are letters and digits".to_owned(),
        );
    }
    (Sanity::Unlikely, "characters, but hardly a word".to_owned())
}
