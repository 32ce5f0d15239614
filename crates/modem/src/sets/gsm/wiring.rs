//! The port as these modules have it: `+ICF`, `+IFC`. What they hold is the table's.

use at::body::{ExtendedAct, Value};

use super::error;
use super::{Done, Part, Reply, Turn};

/// `+ICF`: the formats that the test answer names; 0, which finds out, is taken though it doesn't.
pub(super) fn format(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Test => Ok(Done::Lines(vec!["+ICF: (1-6),(0-4)".to_owned()])),
        _ => Ok(Done::Table),
    }
}

/// `+IFC`: circuits or nothing. These modules have no XON and XOFF.
pub(super) fn flow(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let has = |value: &Value<'_>| matches!(value, Value::Number(0 | 2) | Value::Omitted);
    match turn.named.act {
        ExtendedAct::Test => Ok(Done::Lines(vec!["+IFC: (0,2),(0,2)".to_owned()])),
        ExtendedAct::Set(values) if !values.iter().all(|value| has(&value)) => {
            Err(error::NOT_ALLOWED)
        }
        _ => Ok(Done::Table),
    }
}
