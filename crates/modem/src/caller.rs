//! Who calls: caller identification, distinctive ring and what stands behind `RING`.

use at::result::ResultCode;

use crate::call::Direction;
use crate::core::Core;
use crate::input::{Bell, Caller, WallTime};
use crate::limits::PARTY;
use crate::persona::{CallerNumber, RingArgument};
use crate::port::Port;
use crate::sets;
use crate::settings::Settings;
use crate::table::{CALLER_ID, CALLING_LINE, DISTINCTIVE_RING};

/// What is known about a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallerText {
    address: Box<str>,
    digits: Box<str>,
    number: Box<str>,
    name: Box<str>,
    time: Option<WallTime>,
    bell: Bell,
}

impl CallerText {
    pub(crate) fn new(caller: &Caller<'_>) -> Self {
        let bounded = |text: &str| text.chars().take(PARTY).collect();
        Self {
            address: bounded(caller.address),
            digits: bounded(caller.digits),
            number: bounded(caller.number),
            name: bounded(caller.name),
            time: caller.time,
            bell: caller.bell,
        }
    }

    /// How the call list names the caller.
    pub(crate) fn party(&self) -> &str {
        &self.address
    }

    /// What is shown as the number: `O` if nothing is known, as for a call from outside the area.
    fn shown_number(&self, as_: CallerNumber) -> &str {
        let shown = match as_ {
            CallerNumber::Address => &self.address,
            CallerNumber::Digits if !self.digits.is_empty() => &self.digits,
            CallerNumber::Phonebook if !self.number.is_empty() => &self.number,
            CallerNumber::Digits | CallerNumber::Phonebook => &self.address,
        };
        if shown.is_empty() { "O" } else { shown }
    }
}

/// Sends the lines before `RING`, `RING` itself, and at the first ring the caller's identification.
pub(crate) fn ring(core: &Core, caller: &CallerText, port: &mut Port<'_>) {
    let say = |text: &str, port: &mut Port<'_>| {
        core.call_line(text, ResultCode::Ring, Direction::Answered, port);
    };
    if core.settings.number(DISTINCTIVE_RING) == 1 {
        for line in distinctive_ring(caller.bell) {
            say(line, port);
        }
    }
    let argument = match core.persona().incoming.ring_argument {
        RingArgument::Nothing => String::new(),
        RingArgument::Address if caller.address.is_empty() => String::new(),
        RingArgument::Address => format!(" {}", caller.address),
        RingArgument::Bell => match caller.bell {
            Bell::Plain => String::new(),
            Bell::A => " A".to_owned(),
            Bell::B => " B".to_owned(),
            Bell::C => " C".to_owned(),
        },
    };
    match sets::ring(core) {
        Some(words) => say(words, port),
        None => core.call_result(ResultCode::Ring, &argument, Direction::Answered, port),
    }
    if core.settings.number(CALLING_LINE) == 1 {
        let number = caller.shown_number(core.persona().incoming.caller_number);
        // 129: the kind of number is unknown.
        say(&format!("+CLIP: \"{number}\",129,\"\",,\"{}\",0", caller.name), port);
    }
    if core.rings == 1 {
        for line in identification_lines(core, caller) {
            say(&line, port);
        }
    }
}

/// Tenths of a second of sound and silence. The ordinary cadence is one pair; others ring twice or
/// three times in the same time.
fn distinctive_ring(bell: Bell) -> &'static [&'static str] {
    match bell {
        Bell::Plain => &["DRON=20", "DROF=40"],
        Bell::A => &["DRON=8", "DROF=4", "DRON=8", "DROF=40"],
        Bell::B => &["DRON=4", "DROF=2", "DRON=4", "DROF=2", "DRON=8", "DROF=40"],
        Bell::C => &["DRON=3", "DROF=2", "DRON=10", "DROF=2", "DRON=3", "DROF=40"],
    }
}

/// The caller's identification as `+VCID` asks for it; none if it does not.
fn identification_lines(core: &Core, caller: &CallerText) -> Vec<String> {
    match core.settings.number(CALLER_ID) {
        0 => Vec::new(),
        1 => lines(core, caller),
        _ => vec![format!("MESG = {}", message(core, caller))],
    }
}

/// The identification of the last caller, whether it was asked for or not.
pub(crate) fn last(core: &Core) -> Vec<String> {
    match core.memory.get().and_then(|known| known.last_caller.as_ref()) {
        Some(caller) => lines(core, caller),
        None => Vec::new(),
    }
}

fn lines(core: &Core, caller: &CallerText) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(time) = caller.time {
        lines.push(format!("DATE = {:02}{:02}", time.month, time.day));
        lines.push(format!("TIME = {:02}{:02}", time.hour, time.minute));
    }
    let number = caller.shown_number(core.persona().incoming.caller_number);
    lines.push(format!("NMBR = {number}"));
    if !caller.name.is_empty() {
        lines.push(format!("NAME = {}", caller.name));
    }
    lines
}

/// The multiple data message format: type 80h, then parameters 01h (time), 02h (number) or 04h (no
/// number) and 07h (name), each with its length, and a checksum, all in hexadecimal.
fn message(core: &Core, caller: &CallerText) -> String {
    let mut body = Vec::new();
    let mut parameter = |kind: u8, text: &str| {
        let text = text.as_bytes();
        let text = text.get(..PARTY).unwrap_or(text);
        body.extend([kind, text.len() as u8]);
        body.extend_from_slice(text);
    };
    if let Some(time) = caller.time {
        let WallTime { month, day, hour, minute } = time;
        parameter(0x01, &format!("{month:02}{day:02}{hour:02}{minute:02}"));
    }
    match caller.shown_number(core.persona().incoming.caller_number) {
        "O" => parameter(0x04, "O"),
        number => parameter(0x02, number),
    }
    if !caller.name.is_empty() {
        parameter(0x07, &caller.name);
    }
    // Four parameters of at most PARTY bytes each don't reach 255.
    let mut bytes = vec![0x80, body.len() as u8];
    bytes.append(&mut body);
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.push(sum.wrapping_neg());
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `#CID` is another name for `+VCID`.
pub(crate) fn set_identification(settings: &mut Settings, number: u32) {
    settings.set(CALLER_ID, number);
}

/// `#CID` as the setting reads.
pub(crate) fn identification(settings: &Settings) -> u32 {
    settings.number(CALLER_ID)
}
