//! What is answered.

use std::time::Duration;

use at::result::{Codes, Family, ResultCode, XLevel};

use super::{Key, Persona, Set, choose, number, word};
use crate::persona::{AnswerWithoutCall, DtrResult, HangUpResult, Q2Hides, WithoutCall};

const RESULT: &str = "the name of a result code, such as \"no-carrier\"";

pub(super) const KEYS: &[Key] = &[
    word(
        "codes",
        "\"hayes\", \"rockwell\", \"usr\" or \"gsm\"",
        "whose numbers result codes have; numbers and texts come after it",
        |p, word| {
            p.results.codes = Codes::new(Family::from_name(word)?);
            Some(())
        },
    ),
    Key {
        name: "numbers.*",
        takes: "a number from 0 to 999",
        help: "the number of one result code, or of CONNECT with one rate",
        set: Set::NamedNumber(999, code_number),
    },
    Key {
        name: "texts.*",
        takes: "a string",
        help: "the words of one result code",
        set: Set::NamedText(code_text),
    },
    word("results.refused", RESULT, "refused, busy, in use", |p, word| {
        result(&mut p.results.causes.refused, word)
    }),
    word("results.timed-out", RESULT, "nobody answered in time", |p, word| {
        result(&mut p.results.causes.timed_out, word)
    }),
    word("results.no-network", RESULT, "no route, no name server", |p, word| {
        result(&mut p.results.causes.no_network, word)
    }),
    word("results.unknown", RESULT, "unknown host or number", |p, word| {
        result(&mut p.results.causes.unknown, word)
    }),
    word("results.nothing-dialled", RESULT, "an empty dial string without a default", |p, word| {
        result(&mut p.results.causes.nothing_dialled, word)
    }),
    word("results.denied", RESULT, "forbidden by an access list", |p, word| {
        result(&mut p.results.causes.denied, word)
    }),
    word("results.aborted", RESULT, "stopped by a character", |p, word| {
        result(&mut p.results.causes.aborted, word)
    }),
    number(
        "results.no-answer-from",
        "a level of X, 0 to 7",
        7,
        "the least X that shows NO ANSWER",
        |p, level| {
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            p.results.causes.no_answer_from = XLevel::new(level);
        },
    ),
    word(
        "hang-up-result",
        "\"ok\", \"no-carrier\" or \"both\"",
        "the answer to ATH with a call",
        |p, word| {
            let words = [
                ("ok", HangUpResult::Ok),
                ("no-carrier", HangUpResult::NoCarrier),
                ("both", HangUpResult::Both),
            ];
            choose(&mut p.results.hang_up, word, &words)
        },
    ),
    word(
        "dtr-result",
        "\"no-carrier\" or \"ok\"",
        "what is said when DTR ends a call",
        |p, word| {
            let words = [("no-carrier", DtrResult::NoCarrier), ("ok", DtrResult::Ok)];
            choose(&mut p.results.dtr, word, &words)
        },
    ),
    word(
        "q2-hides",
        "\"answered\" or \"connect\"",
        "what Q2 hides: all about answered calls, or CONNECT",
        |p, word| {
            let words = [("answered", Q2Hides::Answered), ("connect", Q2Hides::Connect)];
            choose(&mut p.results.q2, word, &words)
        },
    ),
    word(
        "online-without-call",
        "\"no-carrier\" or \"error\"",
        "the answer to ATO without a call",
        |p, word| {
            let words = [("no-carrier", WithoutCall::NoCarrier), ("error", WithoutCall::Error)];
            choose(&mut p.results.online_without_call, word, &words)
        },
    ),
    word(
        "answer-without-call",
        "\"no-carrier\", \"error\" or \"wait\"",
        "what ATA does when nobody calls; wait: for a caller, for the time of S7 or answer-wait",
        |p, word| {
            let limit = match p.results.answer_without_call {
                AnswerWithoutCall::Wait(limit) => limit,
                AnswerWithoutCall::NoCarrier | AnswerWithoutCall::Error => None,
            };
            let words = [
                ("no-carrier", AnswerWithoutCall::NoCarrier),
                ("error", AnswerWithoutCall::Error),
                ("wait", AnswerWithoutCall::Wait(limit)),
            ];
            choose(&mut p.results.answer_without_call, word, &words)
        },
    ),
    number(
        "answer-wait",
        "seconds, 1 to 3600",
        3600,
        "ATA waits this long for a caller",
        |p, seconds| {
            let limit = Duration::from_secs(u64::from(seconds.max(1)));
            p.results.answer_without_call = AnswerWithoutCall::Wait(Some(limit));
        },
    ),
];

fn result(place: &mut ResultCode, word: &str) -> Option<()> {
    *place = ResultCode::from_name(word)?;
    Some(())
}

fn code(name: &str) -> Result<ResultCode, String> {
    if let Ok(rate) = name.parse() {
        return Ok(ResultCode::Connect(Some(rate)));
    }
    ResultCode::from_name(name).ok_or_else(|| format!("{name} is neither a result code nor a rate"))
}

fn code_number(persona: &mut Persona, name: &str, number: u32) -> Result<(), String> {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    persona.results.codes.set_number(code(name)?, number).map_err(|error| error.to_string())
}

fn code_text(persona: &mut Persona, name: &str, text: &str) -> Result<(), String> {
    persona.results.codes.set_text(code(name)?, text).map_err(|error| error.to_string())
}
