//! How command lines and dial strings are read.

use std::sync::Arc;

use at::dial::DigitsAreIp;
use at::line::{DeleteKey, PrefixCase};

use super::{Key, Persona, Set, choose, number, switch, word};
use crate::limits::LAST_REGISTER;
use crate::persona::{Ampersand, EmptyDial, Gsm, Overlong, Semicolon, Times, Unknown};
use crate::settings::Settings;
use crate::table;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "settings",
        takes: "a command line of settings, such as \"E0 Q1 S0=1\"",
        help: "what &F restores, where it differs from the table",
        set: Set::Text(settings),
    },
    Key {
        name: "commands",
        takes: "names of commands with spaces between",
        help: "the only commands there are; empty for all",
        set: Set::Text(commands),
    },
    Key {
        name: "registers",
        takes: "registers with spaces between, such as \"50-53 1000\"",
        help: "registers beyond those of the table",
        set: Set::Text(registers),
    },
    word(
        "unknown",
        "\"ok\" or \"error\"",
        "the answer to unknown commands of one letter, with or without prefix",
        |p, word| choose(&mut p.grammar.unknown, word, UNKNOWN),
    ),
    word(
        "unknown-extended",
        "\"ok\" or \"error\"",
        "the answer to unknown commands with +",
        |p, word| choose(&mut p.grammar.unknown_extended, word, UNKNOWN),
    ),
    word(
        "overlong-line",
        "\"error\" or \"silence\"",
        "the answer to a line that is too long",
        |p, word| {
            let words = [("error", Overlong::Error), ("silence", Overlong::Silence)];
            choose(&mut p.grammar.overlong, word, &words)
        },
    ),
    switch("mixed-case-prefix", "At and aT begin a line too", |p, on| {
        p.grammar.prefix = on.choose(PrefixCase::Same, PrefixCase::Any);
    }),
    switch("delete-erases", "DEL erases like S5", |p, on| {
        p.grammar.delete = on.choose(DeleteKey::Ignored, DeleteKey::Erases);
    }),
    switch("gsm", "answer +CPIN, +CREG, +CSQ and +CLIP for cellular scripts", |p, on| {
        p.grammar.gsm = on.choose(Gsm::Unknown, Gsm::Answered);
    }),
    word(
        "ampersand",
        "\"hayes\" or \"usr\"",
        "what &K and &Y are about: flow control and the profile to start with, or nothing",
        |p, word| {
            let words = [("hayes", Ampersand::Hayes), ("usr", Ampersand::Usr)];
            choose(&mut p.grammar.ampersand, word, &words)
        },
    ),
    switch("digits-are-ip", "twelve digits may be an address", |p, on| {
        p.dialling.rules.digits_are_ip = on.choose(DigitsAreIp::No, DigitsAreIp::Yes);
    }),
    Key {
        name: "transports.*",
        takes: "the name of a transport, such as \"udp\"",
        help: "the transport that a character in front of a target asks for",
        set: Set::NamedText(transport),
    },
    word(
        "semicolon",
        "\"auto\", \"gather\", \"call\" or \"nothing\"",
        "what ; at the end of a dial string means: digits are gathered and anything else is called, \
         all is gathered, all is called, nothing is done",
        |p, word| {
            let words = [
                ("auto", Semicolon::Auto),
                ("gather", Semicolon::Gather),
                ("call", Semicolon::Call),
                ("nothing", Semicolon::Nothing),
            ];
            choose(&mut p.dialling.semicolon, word, &words)
        },
    ),
    word(
        "empty-dial",
        "\"default\", \"stored\" or \"nothing\"",
        "what ATD alone calls: the line's default, stored number 0, nothing",
        |p, word| {
            let words = [
                ("default", EmptyDial::Default),
                ("stored", EmptyDial::Stored),
                ("nothing", EmptyDial::Nothing),
            ];
            choose(&mut p.dialling.empty, word, &words)
        },
    ),
    number(
        "destination-register",
        "the number of a register",
        LAST_REGISTER as u32,
        "a register that holds stored number 0 as text",
        |p, number| p.dialling.destination_register = u16::try_from(number).ok(),
    ),
    switch("real-times", "S6, S8 and S11 take their time", |p, on| {
        p.dialling.times = on.choose(Times::Skipped, Times::Real);
    }),
    number(
        "dial-port",
        "a port, 0 for none",
        65_535,
        "the port to call where none was dialled",
        |p, number| p.dialling.dial_port = port(number),
    ),
    number(
        "listen-port",
        "a port, 0 for none",
        65_535,
        "the port such a modem listens on",
        |p, number| p.dialling.listen_port = port(number),
    ),
];

const UNKNOWN: &[(&str, Unknown)] = &[("ok", Unknown::Ok), ("error", Unknown::Error)];

fn port(number: u32) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port > 0)
}

fn settings(persona: &mut Persona, text: &str) -> Result<(), String> {
    // What the equipment can't set can still be set for it.
    let mut whole = persona.clone();
    whole.grammar.only.clear();
    let mut settings = Settings::factory(Arc::new(whole));
    settings.apply(text).map_err(|error| error.to_string())?;
    persona.factory.lay_over(settings.into_changed());
    Ok(())
}

fn commands(persona: &mut Persona, text: &str) -> Result<(), String> {
    let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let known = |name: &String| table::commands().any(|command| command.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no command {name}"));
    }
    persona.grammar.only = names;
    Ok(())
}

fn registers(persona: &mut Persona, text: &str) -> Result<(), String> {
    let mut ranges = Vec::new();
    for word in text.split_whitespace() {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) if first <= last && last <= LAST_REGISTER => {
                ranges.push((first, last));
            }
            _ => return Err(format!("{word} is not a register from 0 to {LAST_REGISTER}")),
        }
    }
    persona.grammar.registers = ranges;
    Ok(())
}

fn transport(persona: &mut Persona, prefix: &str, scheme: &str) -> Result<(), String> {
    let mut chars = prefix.chars();
    let (Some(prefix), None) = (chars.next(), chars.next()) else {
        return Err("the prefix is one character".to_owned());
    };
    let transports = &mut persona.dialling.rules.transports;
    transports.retain(|(known, _)| *known != prefix);
    if !scheme.is_empty() {
        transports.push((prefix, scheme.to_owned()));
    }
    Ok(())
}
