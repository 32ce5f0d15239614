//! How incoming calls are told and answered.

use std::time::Duration;

use super::{Key, choose, number, word};
use crate::persona::{CallerNumber, RingArgument, S0Means};

const MILLISECONDS: &str = "milliseconds, 0 to 60000";

pub(super) const KEYS: &[Key] = &[
    number("ring-on", MILLISECONDS, 60_000, "how long the bell rings", |p, ms| {
        p.incoming.ring_on = Duration::from_millis(u64::from(ms.max(1)));
    }),
    number(
        "ring-off",
        MILLISECONDS,
        60_000,
        "how long it is silent before the next ring",
        |p, ms| p.incoming.ring_off = Duration::from_millis(u64::from(ms.max(1))),
    ),
    number(
        "ring-limit",
        "a number from 1 to 255",
        255,
        "rings before the caller is sent away",
        |p, rings| p.incoming.ring_limit = rings.max(1),
    ),
    word(
        "ring-argument",
        "\"nothing\", \"address\" or \"bell\"",
        "what stands behind RING: the caller's address, or A, B or C",
        |p, word| {
            let words = [
                ("nothing", RingArgument::Nothing),
                ("address", RingArgument::Address),
                ("bell", RingArgument::Bell),
            ];
            choose(&mut p.incoming.ring_argument, word, &words)
        },
    ),
    word(
        "caller-number",
        "\"address\", \"digits\" or \"phonebook\"",
        "what caller identification shows as the number",
        |p, word| {
            let words = [
                ("address", CallerNumber::Address),
                ("digits", CallerNumber::Digits),
                ("phonebook", CallerNumber::Phonebook),
            ];
            choose(&mut p.incoming.caller_number, word, &words)
        },
    ),
    word(
        "s0",
        "\"rings\" or \"switch\"",
        "S0 counts rings, or 0 refuses calls and 1 answers them",
        |p, word| {
            let words = [("rings", S0Means::Rings), ("switch", S0Means::Switch)];
            choose(&mut p.incoming.s0, word, &words)
        },
    ),
    number(
        "answer-delay",
        MILLISECONDS,
        60_000,
        "from the ring that S0 names to the answer",
        |p, ms| p.incoming.answer_delay = Duration::from_millis(u64::from(ms)),
    ),
];
