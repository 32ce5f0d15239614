//! Our own questions: why, what, and how.

use std::time::Duration;

use crate::call::Direction;
use crate::core::Core;
use crate::memory::CallRecord;
use crate::table::{Asked, Told};

/// `AT@REASON`
pub(crate) fn reason(asked: &Asked<'_>) -> Told {
    let core = asked.core;
    let text = match core.memory.calls().next() {
        Some(call) => format!("@REASON: {}, {}", call.cause.code(), call.cause.words()),
        None => "@REASON: none".to_owned(),
    };
    Told::Lines(vec![text])
}

/// `AT@CALLS`
pub(crate) fn calls(asked: &Asked<'_>) -> Told {
    let core = asked.core;
    let lines: Vec<String> =
        core.memory.calls().map(|call| format!("@CALLS: {}", record(call))).collect();
    if lines.is_empty() { Told::Lines(vec!["@CALLS: none".to_owned()]) } else { Told::Lines(lines) }
}

/// `ATI6`
pub(crate) fn last_call(core: &Core) -> Vec<String> {
    match core.memory.calls().next() {
        Some(call) => vec![format!("LAST CALL: {}", record(call))],
        None => vec!["LAST CALL: none".to_owned()],
    }
}

/// `ATI9`: whom the present call is with.
pub(crate) fn peer(asked: &Asked<'_>) -> String {
    match asked.state.call_record() {
        Some(call) if !call.party.is_empty() => call.party.to_string(),
        _ => "NO CALL".to_owned(),
    }
}

/// `AT@LINE`
pub(crate) fn line(asked: &Asked<'_>) -> Told {
    let core = asked.core;
    let on = |is_on: bool| if is_on { "on" } else { "off" };
    Told::Lines(vec![
        format!("@LINE: state {}", asked.state.name().words()),
        format!(
            "@LINE: DTR {} RTS {} DCD {} DSR {} RI {} CTS {}",
            on(core.dte().dtr),
            on(core.dte().rts),
            on(core.dce.dcd),
            on(core.dce.dsr),
            on(core.dce.ri),
            on(core.dce.cts),
        ),
        format!("@LINE: rate {}", core.rate),
    ])
}

/// `AT@PERSONA`
pub(crate) fn persona(asked: &Asked<'_>) -> Told {
    let core = asked.core;
    Told::Lines(vec![format!("@PERSONA: {}", core.persona().name())])
}

fn record(call: &CallRecord) -> String {
    let direction = match call.direction {
        Direction::Dialled => "to",
        Direction::Answered => "from",
        Direction::Looped => "loop",
    };
    let party = if call.party.is_empty() { "?" } else { &call.party };
    let lasted = match call.lasted {
        Some(lasted) => {
            format!("{}, {} sent, {} received", clock_time(lasted), call.sent, call.received)
        }
        None => "not established".to_owned(),
    };
    format!("{direction} {party}, {lasted}, {}", call.cause.code())
}

fn clock_time(span: Duration) -> String {
    let seconds = span.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
