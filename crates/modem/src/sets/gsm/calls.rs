//! Calls, and what a network does for them: `+CLCC`, `+CCWA`, `+CUSD`.

use at::body::{ExtendedAct, Value};
use sms::Number;

use super::error::{self, Refusal};
use super::{Done, Part, Reply, Turn};
use crate::call::Direction;
use crate::state::StateName;

/// `+CUSD`: the network does nothing with such strings.
const NOT_SUPPORTED: &str = "+CUSD: 4";

/// Voice, data and fax.
const CLASSES: u32 = 7;
/// The greatest sum of classes: 3GPP TS 27.007, 7.11.
const ALL_CLASSES: u32 = 255;

/// What the equipment wants of the network's services.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Services {
    /// `+CCWA`: whether a waiting call would be told,
    waiting_told: u32,
    /// and which classes of calls may wait.
    waiting: u32,
    /// `+CUSD`: whether the network's answers are told.
    strings_told: u32,
}

/// `+CLCC`: there is one call at a time, and it carries data.
pub(super) fn list(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Execute => Ok(Done::Lines(current(turn).into_iter().collect())),
        ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Read | ExtendedAct::Set(_) => Err(Refusal::Syntax),
    }
}

fn current(turn: &Turn<'_, '_>) -> Option<String> {
    let state = turn.state?;
    let call = state.call_record()?;
    let from_far = u8::from(call.direction == Direction::Answered);
    let status = if state.name() == StateName::Ringing { 4 } else { 0 };
    let number = Number::parse(&call.party)
        .map(|number| format!(",\"{number}\",{}", number.kind()))
        .unwrap_or_default();
    Some(format!("+CLCC: 1,{from_far},{status},1,0{number}"))
}

/// `+CCWA`
pub(super) fn waiting(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            Ok(Done::Lines(vec![format!("+CCWA: {}", part.services.waiting_told)]))
        }
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CCWA: (0,1)".to_owned()])),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let number = |place: usize, usual: u32| match values.get(place) {
                None | Some(Value::Omitted) => Ok(usual),
                Some(value) => value.number().ok_or(Refusal::Syntax),
            };
            let told = number(0, part.services.waiting_told)?;
            let classes = number(2, CLASSES)?;
            if values.len() > 3 || told > 1 || !(1..=ALL_CLASSES).contains(&classes) {
                return Err(error::NOT_ALLOWED);
            }
            let done = match values.get(1) {
                None | Some(Value::Omitted) => Done::Ok,
                Some(Value::Number(mode)) => {
                    part.service()?;
                    let waiting = &mut part.services.waiting;
                    match mode {
                        0 => *waiting &= !classes,
                        1 => *waiting |= classes,
                        2 => return Ok(Done::Lines(vec![asked(*waiting & classes, classes)])),
                        _ => return Err(error::NOT_ALLOWED),
                    }
                    Done::Ok
                }
                Some(_) => return Err(Refusal::Syntax),
            };
            part.services.waiting_told = told;
            Ok(done)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

fn asked(waiting: u32, classes: u32) -> String {
    match waiting {
        0 => format!("+CCWA: 0,{classes}"),
        waiting => format!("+CCWA: 1,{waiting}"),
    }
}

/// `+CUSD`
pub(super) fn strings(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            Ok(Done::Lines(vec![format!("+CUSD: {}", part.services.strings_told)]))
        }
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CUSD: (0-2)".to_owned()])),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let told = match values.first() {
                Some(Value::Omitted) | None => part.services.strings_told,
                Some(Value::Number(told @ 0..=2)) => *told,
                Some(Value::Number(_)) => return Err(error::NOT_ALLOWED),
                Some(_) => return Err(Refusal::Syntax),
            };
            if values.len() > 3 {
                return Err(Refusal::Syntax);
            }
            let is_string = values.get(1).is_some_and(|value| *value != Value::Omitted);
            if is_string {
                part.service()?;
            }
            // 2 ends a session, and there is none.
            if told < 2 {
                part.services.strings_told = told;
            }
            if is_string && told == 1 {
                turn.indicate(NOT_SUPPORTED.to_owned());
            }
            Ok(Done::Ok)
        }
        // It would end a session.
        ExtendedAct::Execute => Ok(Done::Ok),
    }
}
