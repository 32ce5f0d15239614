//! The keys of a persona that are about its command sets.

use std::time::Duration;

use super::Set;
use crate::persona::{Key, Persona, ValueSetter, number, switch};

pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "sets",
        takes: "\"wip\", \"edsoft\" and \"gsm\" with a space between",
        help: "command sets beside the table: TCP/IP by +WIP… or by #…, a GSM module",
        set: ValueSetter::Text(sets),
    },
    switch(
        "accept-lf",
        "a line feed ends a line too, for equipment that sends no return",
        |p, on| {
            p.sets.feed_ends = on.choose(false, true);
        },
    ),
    number(
        "echo-lf",
        "milliseconds, 0 to 1000",
        1000,
        "a line waits so long for its line feed, which is echoed in front of the answer, and is no data \
         behind it; 0: it is not echoed",
        |p, ms| p.sets.feed_wait = Duration::from_millis(u64::from(ms)),
    ),
];

fn sets(persona: &mut Persona, text: &str) -> Result<(), String> {
    let mut on = Vec::new();
    for word in text.split_whitespace() {
        let found = Set::ALL.into_iter().find(|set| set.word() == word);
        on.push(found.ok_or_else(|| format!("there is no command set {word}"))?);
    }
    persona.sets.on = on;
    Ok(())
}
