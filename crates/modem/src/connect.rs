//! What is said when a call is established: the lines before `CONNECT`, and `CONNECT`.

use at::result::ResultCode;

use crate::call::{Call, Direction};
use crate::core::Core;
use crate::input::Connected;
use crate::port::Port;
use crate::table::{
    CARRIER, CONNECT_RATE, RELIABLE_TEXT, REPORT_CARRIER, REPORT_COMPRESSION, REPORT_ERROR_CONTROL,
    REPORT_PORT, S95,
};

/// S95, bit by bit.
const LINE_RATE_IN_CONNECT: u32 = 1;
const CARRIER_LINE: u32 = 4;
const PROTOCOL_LINE: u32 = 8;
const COMPRESSION_LINE: u32 = 32;

/// The number behind `CONNECT`.
pub(crate) fn rate(connected: &Connected, core: &Core) -> u32 {
    let of_line = core.settings.number(CONNECT_RATE) == 2
        || core.settings.number(S95) & LINE_RATE_IN_CONNECT != 0;
    let invented = core.persona().online.carrier_rate.filter(|_| of_line);
    connected.rate.or(invented).unwrap_or(core.rate)
}

/// Says that the call is up: the lines that were asked for, then `CONNECT`.
pub(crate) fn say(call: &Call, core: &Core, port: &mut Port<'_>) {
    let connect = ResultCode::Connect(call.rate).under(core.x(), &core.persona().results.causes);
    for line in lines_before(call, core) {
        core.call_line(&line, connect, call.direction, port);
    }
    say_again(call, core, port);
}

/// `CONNECT` alone, as `O` says it.
pub(crate) fn say_again(call: &Call, core: &Core, port: &mut Port<'_>) {
    let connect = ResultCode::Connect(call.rate).under(core.x(), &core.persona().results.causes);
    let shows_more = connect != ResultCode::Connect(None) && call.direction != Direction::Looped;
    let behind = match core.settings.number(RELIABLE_TEXT) {
        0 => "",
        // The network corrects errors and compresses nothing.
        _ if shows_more => "/ARQ",
        _ => "",
    };
    core.call_result(connect, behind, call.direction, port);
}

fn lines_before(call: &Call, core: &Core) -> Vec<String> {
    let is_set = |cell| core.settings.number(cell) == 1;
    let carrier_rate = core.persona().online.carrier_rate.or(call.rate).unwrap_or(core.rate);
    let mut lines = Vec::new();
    let asked = match core.settings.number(CONNECT_RATE) {
        1 => CARRIER_LINE | PROTOCOL_LINE | COMPRESSION_LINE,
        _ => core.settings.number(S95),
    };
    if asked & CARRIER_LINE != 0 {
        lines.push(format!("CARRIER {carrier_rate}"));
    }
    if asked & PROTOCOL_LINE != 0 {
        lines.push("PROTOCOL: NONE".to_owned());
    }
    if asked & COMPRESSION_LINE != 0 {
        lines.push("COMPRESSION: NONE".to_owned());
    }
    if is_set(REPORT_CARRIER) {
        let mut carrier = String::new();
        CARRIER.show(core.settings.number(CARRIER), &mut carrier);
        lines.push(format!("+MCR: {carrier}"));
        lines.push(format!("+MRR: {carrier_rate}"));
    }
    if is_set(REPORT_ERROR_CONTROL) {
        lines.push("+ER: NONE".to_owned());
    }
    if is_set(REPORT_COMPRESSION) {
        lines.push("+DR: NONE".to_owned());
    }
    if is_set(REPORT_PORT) {
        lines.push(format!("+ILRR: {}", core.rate));
    }
    lines
}
