//! The persona's keys `gsm.*`.

use sms::Number;
use std::time::Duration;

use super::charset::NAMES;
use super::facts::{
    CommandList, CpinRead, ErrorWords, Evolved, Facts, Function, Registration, StatusFrom,
    UntilCmee,
};
use super::sim::{Card, Code};
use crate::limits::ENTRIES;
use crate::persona::{Key, Persona, choose, number, switch, text, word};

/// The longest that anything may be set to take: longer than the most patient client waits.
const LONGEST_MS: u32 = 600_000;
/// The text of a name or a long number.
const NAME: usize = 64;
/// The places of the largest cards.
const PLACES: u32 = 255;

pub(crate) const KEYS: &[Key] = &[
    word(
        "gsm.status",
        "\"persona\" or \"module\"",
        "who answers +CSQ, +CREG?, +CGREG?, +CEREG?, +COPS?, +CGATT?, +CGMI, +CGMM, +CGMR, +CGSN, +CIMI and \
         +CCID: this persona, or the real module that the line's `carrier` names",
        |p, word| {
            let words = [("persona", StatusFrom::Persona), ("module", StatusFrom::Module)];
            choose(&mut facts(p).status, word, &words)
        },
    ),
    word("gsm.sim", "\"present\" or \"absent\"", "whether there is a SIM card", |p, word| {
        choose(&mut facts(p).card, word, &[("present", Card::Present), ("absent", Card::Absent)])
    }),
    text(
        "gsm.pin",
        "the card's PIN, asked for at every start; empty: none is asked for",
        |p, text| {
            facts(p).pin = if text.is_empty() { None } else { Some(code(text)?) };
            Ok(())
        },
    ),
    text("gsm.puk", "the card's PUK, asked for after three wrong PINs", |p, text| {
        facts(p).puk = code(text)?;
        Ok(())
    }),
    text("gsm.imsi", "the answer to +CIMI", |p, text| put_digits(&mut facts(p).subscriber, text)),
    text("gsm.iccid", "the answer to +CCID", |p, text| put_digits(&mut facts(p).card_number, text)),
    text(
        "gsm.number",
        "the line's own number, by which messages reach it; empty: none",
        |p, text| put_number(&mut facts(p).number, text),
    ),
    switch("gsm.pin-read-ok", "OK follows the answer to +CPIN?", |p, on| {
        facts(p).cpin_read = on.choose(CpinRead::Bare, CpinRead::WithOk);
    }),
    switch("gsm.cfun-restarts", "+CFUN=1 starts the module anew, as +CFUN=1,1 does", |p, on| {
        facts(p).function = on.choose(Function::Stays, Function::Restarts);
    }),
    word(
        "gsm.registration",
        "\"home\", \"roaming\", \"searching\" or \"denied\"",
        "where the search for a network ends",
        |p, word| {
            let words = [
                ("home", Registration::Home),
                ("roaming", Registration::Roaming),
                ("searching", Registration::Searching),
                ("denied", Registration::Denied),
            ];
            choose(&mut facts(p).registration, word, &words)
        },
    ),
    text("gsm.operator", "the operator's name", |p, text| put_name(&mut facts(p).operator, text)),
    text("gsm.operator-short", "the operator's short name", |p, text| {
        put_name(&mut facts(p).operator_short, text)
    }),
    text("gsm.network", "country and network of the operator, five or six digits", |p, text| {
        put_digits(&mut facts(p).network, text)
    }),
    number(
        "gsm.operator-format",
        "0, 1 or 2",
        2,
        "how +COPS? names the operator at first",
        |p, n| {
            facts(p).operator_format = small(n);
        },
    ),
    number(
        "gsm.bands",
        "a number from 0 to 7",
        7,
        "the bands of the module, as +WMBS numbers them: 5 is 900 and 1800 MHz, 7 all four",
        |p, n| {
            facts(p).bands = small(n);
        },
    ),
    number("gsm.area", "a number up to 65535", 65_535, "the location area", |p, n| {
        facts(p).area = u16::try_from(n).unwrap_or(u16::MAX);
    }),
    number("gsm.cell", "a number up to 65535", 65_535, "the cell", |p, n| {
        facts(p).cell = u16::try_from(n).unwrap_or(u16::MAX);
    }),
    number("gsm.signal", "0 to 31, or 99 for unknown", 99, "the strength of the signal", |p, n| {
        facts(p).signal = if n <= 31 { small(n) } else { 99 };
    }),
    number(
        "gsm.bit-errors",
        "0 to 7, or 99 for unknown",
        99,
        "the errors of the signal",
        |p, n| {
            facts(p).bit_errors = if n <= 7 { small(n) } else { 99 };
        },
    ),
    text("gsm.address", "the address of packet data that +CGPADDR shows", |p, text| {
        put_name(&mut facts(p).address, text)
    }),
    text("gsm.message-centre", "the answer to +CSCA?; empty: none", |p, text| {
        put_number(&mut facts(p).centre, text)
    }),
    text("gsm.time-zone", "quarters of an hour ahead of Greenwich, such as \"+04\"", |p, text| {
        facts(p).zone = text
            .parse()
            .ok()
            .filter(|quarters| (-56..=56).contains(quarters))
            .ok_or("-56 to +56, such as \"+04\"")?;
        Ok(())
    }),
    word("gsm.charset", "a name that +CSCS=? lists", "the character set at first", |p, word| {
        choose(&mut facts(p).charset, word, &NAMES)
    }),
    number(
        "gsm.messages",
        "a number from 1 to 255",
        PLACES,
        "how many messages the card has room for",
        |p, n| {
            facts(p).messages = u16::try_from(n.max(1)).unwrap_or(1);
        },
    ),
    number(
        "gsm.phonebook",
        "a number from 1 to 250",
        ENTRIES as u32,
        "how many telephone numbers the card has room for",
        |p, n| {
            facts(p).entries = u16::try_from(n.max(1)).unwrap_or(1);
        },
    ),
    switch("gsm.eps", "+CEREG is known, and tells what +CGREG does", |p, on| {
        facts(p).evolved = on.choose(Evolved::Absent, Evolved::Present);
    }),
    switch("gsm.error-words", "+CMEE=2 is known", |p, on| {
        facts(p).error_words = on.choose(ErrorWords::Unknown, ErrorWords::Known);
    }),
    switch(
        "gsm.mute-until-cmee",
        "+CPIN?, +CIMI, +CPMS and +CSCA are answered ERROR until +CMEE=1 was sent, as one firmware does",
        |p, on| {
            facts(p).until_cmee = on.choose(UntilCmee::Answers, UntilCmee::Refuses);
        },
    ),
    switch("gsm.command-list", "+CLAC is known", |p, on| {
        facts(p).command_list = on.choose(CommandList::Untold, CommandList::Told);
    }),
    number(
        "gsm.send-fails",
        "a number of +CMS ERROR, 0 for none",
        999,
        "every message that is sent fails with this, to try equipment out",
        |p, n| facts(p).send_failure = u16::try_from(n).ok().filter(|n| *n > 0),
    ),
    switch("gsm.application", "the application of +WOPEN runs at first", |p, on| {
        facts(p).application = on.choose(false, true);
    }),
    number(
        "gsm.restart-ms",
        "milliseconds",
        LONGEST_MS,
        "how long the module is silent after +CFUN=1",
        |p, n| {
            facts(p).restart = span(n);
        },
    ),
    number(
        "gsm.wopen-restart-ms",
        "milliseconds",
        LONGEST_MS,
        "how long it is silent after +WOPEN, 0: no restart",
        |p, n| {
            facts(p).application_restart = span(n);
        },
    ),
    number(
        "gsm.search-ms",
        "milliseconds",
        LONGEST_MS,
        "how long the search for a network takes",
        |p, n| {
            facts(p).search = span(n);
        },
    ),
    number(
        "gsm.attach-ms",
        "milliseconds",
        LONGEST_MS,
        "how long +CGATT and +CGACT take",
        |p, n| {
            facts(p).attach = span(n);
        },
    ),
    number("gsm.scan-ms", "milliseconds", LONGEST_MS, "how long +COPS=? takes", |p, n| {
        facts(p).scan = span(n);
    }),
    number(
        "gsm.send-ms",
        "milliseconds",
        LONGEST_MS,
        "how long it takes to send a message",
        |p, n| {
            facts(p).send = span(n);
        },
    ),
];

fn facts(persona: &mut Persona) -> &mut Facts {
    &mut persona.sets.gsm
}

fn span(milliseconds: u32) -> Duration {
    Duration::from_millis(u64::from(milliseconds))
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn code(text: &str) -> Result<Code, String> {
    // Not with what was given: it is a secret.
    Code::parse(text).ok_or_else(|| "four to eight digits".to_owned())
}

fn put_digits(place: &mut String, text: &str) -> Result<(), String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !(5..=20).contains(&text.len()) {
        return Err("5 to 20 digits".to_owned());
    }
    text.clone_into(place);
    Ok(())
}

fn put_name(place: &mut String, text: &str) -> Result<(), String> {
    if text.len() > NAME || text.contains(|c: char| c.is_control() || c == '"') {
        return Err(format!("at most {NAME} characters, without quotes"));
    }
    text.clone_into(place);
    Ok(())
}

fn put_number(place: &mut Option<Number>, text: &str) -> Result<(), String> {
    *place = match text {
        "" => None,
        text => Some(Number::parse(text).ok_or("a number is + and up to 20 digits")?),
    };
    Ok(())
}
