//! The keys of a persona: one table that setting, checking and error messages go through.

use std::sync::Arc;
use std::time::Duration;

use at::dial::DigitsAreIp;
use at::line::{DeleteKey, PrefixCase};
use at::parity::Parity;
use at::result::{Codes, Family, ResultCode, XLevel};

use super::{
    AnswerWithoutCall, CallerNumber, CommandParity, DataEcho, DataParity, DtrResult, DtrUse,
    EmptyDial, EscapeBy, Gsm, HangUpResult, HoldBack, Overlong, PathLoss, Persona, PersonaError,
    Q2Hides, RingArgument, S0Means, Semicolon, Times, Unknown, Value, WithoutCall,
};
use crate::limits::{LAST_REGISTER, PERSONA_TEXT};
use crate::settings::Settings;

/// One key of a persona, for checking and for documentation.
#[derive(Debug)]
pub struct Key {
    /// As it stands in a TOML file; nested tables are written `table.key`, and `*` stands for any
    /// last part.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What it is for.
    pub help: &'static str,
    set: Set,
}

/// How a key's value gets into the persona.
enum Set {
    /// Any text.
    Text(fn(&mut Persona, &str) -> Result<(), String>),
    /// Any text, under a name of its own.
    NamedText(fn(&mut Persona, &str, &str) -> Result<(), String>),
    /// A whole number up to a limit.
    Number(u32, fn(&mut Persona, u32)),
    /// A whole number, under a name of its own.
    NamedNumber(u32, fn(&mut Persona, &str, u32) -> Result<(), String>),
    /// True or false.
    Switch(fn(&mut Persona, Switch)),
    /// One of a few words.
    Word(fn(&mut Persona, &str) -> bool),
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) | Self::NamedText(_) => "Text",
            Self::Number(..) | Self::NamedNumber(..) => "Number",
            Self::Switch(_) => "Switch",
            Self::Word(_) => "Word",
        })
    }
}

/// A value that is true or false.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    Off,
    On,
}

impl Switch {
    fn choose<T>(self, off: T, on: T) -> T {
        match self {
            Self::Off => off,
            Self::On => on,
        }
    }
}

const TEXT: &str = "a string";
const SWITCH: &str = "true or false";
const MILLISECONDS: &str = "milliseconds, 0 to 60000";
const RESULT: &str = "the name of a result code, such as \"no-carrier\"";
const MINUTE_MS: u32 = 60_000;

/// All keys, in the order of the documentation.
pub fn keys() -> &'static [Key] {
    KEYS
}

/// Sets a key of a persona.
pub(super) fn set(persona: &mut Persona, key: &str, value: Value<'_>) -> Result<(), PersonaError> {
    let (known, rest) =
        find(key).ok_or_else(|| PersonaError::UnknownKey { key: key.to_owned() })?;
    let wrong_kind =
        || PersonaError::WrongKind { key: known.name, expected: known.takes, found: value.kind() };
    let refused = |given: String, reason: String| PersonaError::Refused {
        key: known.name,
        expected: known.takes,
        given,
        reason,
    };
    match (&known.set, value) {
        (Set::Text(_) | Set::NamedText(_) | Set::Word(_), Value::Text(text))
            if text.len() > PERSONA_TEXT =>
        {
            Err(refused(format!("{} bytes", text.len()), format!("at most {PERSONA_TEXT} bytes")))
        }
        (Set::Text(set), Value::Text(text)) => {
            set(persona, text).map_err(|reason| refused(text.to_owned(), reason))
        }
        (Set::NamedText(set), Value::Text(text)) => {
            set(persona, rest, text).map_err(|reason| refused(text.to_owned(), reason))
        }
        (Set::Word(set), Value::Text(text)) => {
            if set(persona, text) {
                Ok(())
            } else {
                Err(refused(text.to_owned(), String::new()))
            }
        }
        (Set::Number(last, set), Value::Integer(number)) => {
            let number = bounded(number, *last)
                .ok_or_else(|| refused(number.to_string(), format!("at most {last}")))?;
            set(persona, number);
            Ok(())
        }
        (Set::NamedNumber(last, set), Value::Integer(number)) => {
            let number = bounded(number, *last)
                .ok_or_else(|| refused(number.to_string(), format!("at most {last}")))?;
            set(persona, rest, number).map_err(|reason| refused(number.to_string(), reason))
        }
        (Set::Switch(set), Value::Boolean(on)) => {
            set(persona, if on { Switch::On } else { Switch::Off });
            Ok(())
        }
        _ => Err(wrong_kind()),
    }
}

/// The key of this name, and the part of the name that `*` stands for.
fn find(name: &str) -> Option<(&'static Key, &str)> {
    KEYS.iter().find_map(|key| match key.name.strip_suffix('*') {
        None => (key.name == name).then_some((key, "")),
        Some(table) => Some((key, name.strip_prefix(table).filter(|rest| !rest.is_empty())?)),
    })
}

fn bounded(number: i64, last: u32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number <= last)
}

/// Puts the value that belongs to a word; `false` if there is none.
fn choose<T: Copy>(place: &mut T, word: &str, words: &[(&str, T)]) -> bool {
    match words.iter().find(|(known, _)| *known == word) {
        Some((_, value)) => {
            *place = *value;
            true
        }
        None => false,
    }
}

fn milliseconds(number: u32) -> Duration {
    Duration::from_millis(u64::from(number))
}

fn result_code(place: &mut ResultCode, word: &str) -> bool {
    match ResultCode::from_name(word) {
        Some(code) => {
            *place = code;
            true
        }
        None => false,
    }
}

fn parity(word: &str) -> Option<Parity> {
    Parity::from_name(word)
}

fn settings(persona: &mut Persona, text: &str) -> Result<(), String> {
    let mut settings = Settings::factory(Arc::new(persona.clone()));
    settings.apply(text).map_err(|error| error.to_string())?;
    persona.factory.lay_over(settings.into_changed());
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

fn commands(persona: &mut Persona, text: &str) -> Result<(), String> {
    let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let known = |name: &String| crate::table::commands().any(|command| command.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no command {name}"));
    }
    persona.grammar.only = names;
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

fn code(name: &str) -> Result<ResultCode, String> {
    match name.parse() {
        Ok(rate) => Ok(ResultCode::Connect(Some(rate))),
        Err(_) => ResultCode::from_name(name)
            .ok_or_else(|| format!("{name} is neither a result code nor a rate")),
    }
}

const KEYS: &[Key] = &[
    Key {
        name: "base",
        takes: TEXT,
        help: "the persona to start from; the loader has done so before",
        set: Set::Text(|_, _| Ok(())),
    },
    Key {
        name: "name",
        takes: TEXT,
        help: "what it is called",
        set: Set::Text(|p, text| {
            p.name = text.to_owned();
            Ok(())
        }),
    },
    // What it says about itself.
    Key {
        name: "maker",
        takes: TEXT,
        help: "+GMI",
        set: Set::Text(|p, text| {
            p.identity.maker = text.to_owned();
            Ok(())
        }),
    },
    Key {
        name: "model",
        takes: TEXT,
        help: "+GMM",
        set: Set::Text(|p, text| {
            p.identity.model = text.to_owned();
            Ok(())
        }),
    },
    Key {
        name: "revision",
        takes: TEXT,
        help: "+GMR",
        set: Set::Text(|p, text| {
            p.identity.revision = text.to_owned();
            Ok(())
        }),
    },
    Key {
        name: "serial",
        takes: TEXT,
        help: "+GSN",
        set: Set::Text(|p, text| {
            p.identity.serial = text.to_owned();
            Ok(())
        }),
    },
    Key {
        name: "object",
        takes: TEXT,
        help: "+GOI",
        set: Set::Text(|p, text| {
            p.identity.object = text.to_owned();
            Ok(())
        }),
    },
    Key {
        name: "capabilities",
        takes: TEXT,
        help: "+GCAP",
        set: Set::Text(|p, text| {
            p.identity.capabilities = text.to_owned();
            Ok(())
        }),
    },
    Key {
        name: "information.*",
        takes: TEXT,
        help: "the answer to ATI with this number; \"OK\" for only that, \"ERROR\" to refuse",
        set: Set::NamedText(|p, number, text| {
            let number = number.parse().map_err(|_| format!("{number} is not a number"))?;
            p.identity.information.insert(number, text.to_owned());
            Ok(())
        }),
    },
    // Commands.
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
    Key {
        name: "unknown",
        takes: "\"ok\" or \"error\"",
        help: "the answer to unknown commands of one letter, with or without prefix",
        set: Set::Word(|p, word| choose(&mut p.grammar.unknown, word, UNKNOWN)),
    },
    Key {
        name: "unknown-extended",
        takes: "\"ok\" or \"error\"",
        help: "the answer to unknown commands with +",
        set: Set::Word(|p, word| choose(&mut p.grammar.unknown_extended, word, UNKNOWN)),
    },
    Key {
        name: "overlong-line",
        takes: "\"error\" or \"silence\"",
        help: "the answer to a line that is too long",
        set: Set::Word(|p, word| {
            choose(
                &mut p.grammar.overlong,
                word,
                &[("error", Overlong::Error), ("silence", Overlong::Silence)],
            )
        }),
    },
    Key {
        name: "mixed-case-prefix",
        takes: SWITCH,
        help: "At and aT begin a line too",
        set: Set::Switch(|p, on| p.grammar.prefix = on.choose(PrefixCase::Same, PrefixCase::Any)),
    },
    Key {
        name: "delete-erases",
        takes: SWITCH,
        help: "DEL erases like S5",
        set: Set::Switch(|p, on| {
            p.grammar.delete = on.choose(DeleteKey::Ignored, DeleteKey::Erases)
        }),
    },
    Key {
        name: "gsm",
        takes: SWITCH,
        help: "answer +CPIN, +CREG, +CSQ and +CLIP for cellular scripts",
        set: Set::Switch(|p, on| p.grammar.gsm = on.choose(Gsm::Unknown, Gsm::Answered)),
    },
    // Result codes.
    Key {
        name: "codes",
        takes: "\"hayes\", \"rockwell\", \"usr\" or \"gsm\"",
        help: "whose numbers result codes have",
        set: Set::Word(|p, word| match Family::from_name(word) {
            Some(family) => {
                p.results.codes = Codes::new(family);
                true
            }
            None => false,
        }),
    },
    Key {
        name: "numbers.*",
        takes: "a number from 0 to 999",
        help: "the number of one result code, or of CONNECT with one rate",
        set: Set::NamedNumber(999, |p, name, number| {
            p.results.codes.set_number(code(name)?, number as u16).map_err(|e| e.to_string())
        }),
    },
    Key {
        name: "texts.*",
        takes: TEXT,
        help: "the words of one result code",
        set: Set::NamedText(|p, name, text| {
            p.results.codes.set_text(code(name)?, text).map_err(|e| e.to_string())
        }),
    },
    Key {
        name: "results.refused",
        takes: RESULT,
        help: "refused, busy, in use",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.refused, word)),
    },
    Key {
        name: "results.timed-out",
        takes: RESULT,
        help: "nobody answered in time",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.timed_out, word)),
    },
    Key {
        name: "results.no-network",
        takes: RESULT,
        help: "no route, no name server",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.no_network, word)),
    },
    Key {
        name: "results.unknown",
        takes: RESULT,
        help: "unknown host or number",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.unknown, word)),
    },
    Key {
        name: "results.nothing-dialled",
        takes: RESULT,
        help: "an empty dial string without a default",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.nothing_dialled, word)),
    },
    Key {
        name: "results.denied",
        takes: RESULT,
        help: "forbidden by an access list",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.denied, word)),
    },
    Key {
        name: "results.aborted",
        takes: RESULT,
        help: "stopped by a character",
        set: Set::Word(|p, word| result_code(&mut p.results.causes.aborted, word)),
    },
    Key {
        name: "results.no-answer-from",
        takes: "a level of X, 0 to 7",
        help: "the least X that shows NO ANSWER",
        set: Set::Number(7, |p, level| p.results.causes.no_answer_from = XLevel::new(level as u8)),
    },
    Key {
        name: "hang-up-result",
        takes: "\"ok\", \"no-carrier\" or \"both\"",
        help: "the answer to ATH with a call",
        set: Set::Word(|p, word| {
            choose(
                &mut p.results.hang_up,
                word,
                &[
                    ("ok", HangUpResult::Ok),
                    ("no-carrier", HangUpResult::NoCarrier),
                    ("both", HangUpResult::Both),
                ],
            )
        }),
    },
    Key {
        name: "dtr-result",
        takes: "\"no-carrier\" or \"ok\"",
        help: "what is said when DTR ends a call",
        set: Set::Word(|p, word| {
            choose(
                &mut p.results.dtr,
                word,
                &[("no-carrier", DtrResult::NoCarrier), ("ok", DtrResult::Ok)],
            )
        }),
    },
    Key {
        name: "q2-hides",
        takes: "\"answered\" or \"connect\"",
        help: "what Q2 hides: all about answered calls, or CONNECT",
        set: Set::Word(|p, word| {
            choose(
                &mut p.results.q2,
                word,
                &[("answered", Q2Hides::Answered), ("connect", Q2Hides::Connect)],
            )
        }),
    },
    Key {
        name: "online-without-call",
        takes: "\"no-carrier\" or \"error\"",
        help: "the answer to ATO without a call",
        set: Set::Word(|p, word| {
            choose(
                &mut p.results.online_without_call,
                word,
                &[("no-carrier", WithoutCall::NoCarrier), ("error", WithoutCall::Error)],
            )
        }),
    },
    Key {
        name: "answer-without-call",
        takes: "\"no-carrier\", \"error\" or \"wait\"",
        help: "what ATA does when nobody calls; wait: for S7, or for answer-wait",
        set: Set::Word(|p, word| {
            choose(
                &mut p.results.answer_without_call,
                word,
                &[
                    ("no-carrier", AnswerWithoutCall::NoCarrier),
                    ("error", AnswerWithoutCall::Error),
                    ("wait", AnswerWithoutCall::Wait(None)),
                ],
            )
        }),
    },
    Key {
        name: "answer-wait",
        takes: "seconds, 1 to 3600",
        help: "ATA waits this long for a caller",
        set: Set::Number(3600, |p, seconds| {
            p.results.answer_without_call =
                AnswerWithoutCall::Wait(Some(Duration::from_secs(u64::from(seconds.max(1)))))
        }),
    },
    // Dialling.
    Key {
        name: "digits-are-ip",
        takes: SWITCH,
        help: "twelve digits may be an address",
        set: Set::Switch(|p, on| {
            p.dialling.rules.digits_are_ip = on.choose(DigitsAreIp::No, DigitsAreIp::Yes)
        }),
    },
    Key {
        name: "transports.*",
        takes: "the name of a transport, such as \"udp\"",
        help: "the transport that a character in front of a target asks for",
        set: Set::NamedText(transport),
    },
    Key {
        name: "semicolon",
        takes: "\"auto\", \"gather\", \"call\" or \"nothing\"",
        help: "what ; at the end of a dial string means",
        set: Set::Word(|p, word| {
            choose(
                &mut p.dialling.semicolon,
                word,
                &[
                    ("auto", Semicolon::Auto),
                    ("gather", Semicolon::Gather),
                    ("call", Semicolon::Call),
                    ("nothing", Semicolon::Nothing),
                ],
            )
        }),
    },
    Key {
        name: "empty-dial",
        takes: "\"default\", \"stored\" or \"nothing\"",
        help: "what ATD alone calls: the line's default, stored number 0, nothing",
        set: Set::Word(|p, word| {
            choose(
                &mut p.dialling.empty,
                word,
                &[
                    ("default", EmptyDial::Default),
                    ("stored", EmptyDial::Stored),
                    ("nothing", EmptyDial::Nothing),
                ],
            )
        }),
    },
    Key {
        name: "destination-register",
        takes: "the number of a register",
        help: "a register that holds stored number 0 as text",
        set: Set::Number(LAST_REGISTER as u32, |p, number| {
            p.dialling.destination_register = Some(number as u16)
        }),
    },
    Key {
        name: "real-times",
        takes: SWITCH,
        help: "S6, S8 and S11 take their time",
        set: Set::Switch(|p, on| p.dialling.times = on.choose(Times::Skipped, Times::Real)),
    },
    Key {
        name: "dial-port",
        takes: "a port, 0 for none",
        help: "the port to call where none was dialled",
        set: Set::Number(65_535, |p, port| {
            p.dialling.dial_port = Some(port as u16).filter(|port| *port > 0)
        }),
    },
    Key {
        name: "listen-port",
        takes: "a port, 0 for none",
        help: "the port such a modem listens on",
        set: Set::Number(65_535, |p, port| {
            p.dialling.listen_port = Some(port as u16).filter(|port| *port > 0)
        }),
    },
    // During a call.
    Key {
        name: "escape",
        takes: "\"guards\", \"ties\" or \"off\"",
        help: "what leads from data to command state; ties: also +++AT… without silence",
        set: Set::Word(|p, word| {
            choose(
                &mut p.online.escape,
                word,
                &[("guards", EscapeBy::Guards), ("ties", EscapeBy::Ties), ("off", EscapeBy::Off)],
            )
        }),
    },
    Key {
        name: "hold-back",
        takes: SWITCH,
        help: "escape characters are not sent to the far end until it is clear that they are data",
        set: Set::Switch(|p, on| p.online.hold_back = on.choose(HoldBack::Passed, HoldBack::Held)),
    },
    Key {
        name: "data-echo",
        takes: "\"never\", \"F0\" or \"F1\"",
        help: "which F echoes data",
        set: Set::Word(|p, word| {
            choose(
                &mut p.online.data_echo,
                word,
                &[("never", DataEcho::Never), ("F0", DataEcho::WithF0), ("F1", DataEcho::WithF1)],
            )
        }),
    },
    Key {
        name: "connect-delay",
        takes: MILLISECONDS,
        help: "how long the far end's bytes are held after CONNECT",
        set: Set::Number(MINUTE_MS, |p, ms| p.online.connect_delay = milliseconds(ms)),
    },
    Key {
        name: "idle-unit",
        takes: "seconds, 1 to 3600",
        help: "the unit of S30",
        set: Set::Number(3600, |p, seconds| {
            p.online.idle_unit = Duration::from_secs(u64::from(seconds.max(1)))
        }),
    },
    Key {
        name: "carrier-rate",
        takes: "bit/s, 0 for the port's speed",
        help: "the line's speed as W2 and CARRIER lines tell it",
        set: Set::Number(2_000_000, |p, rate| {
            p.online.carrier_rate = Some(rate).filter(|rate| *rate > 0)
        }),
    },
    Key {
        name: "port-rate",
        takes: "bit/s",
        help: "the port's speed until its end is known to have another",
        set: Set::Number(2_000_000, |p, rate| p.online.port_rate = rate.max(1)),
    },
    Key {
        name: "command-parity",
        takes: "\"auto\", \"none\", \"odd\", \"even\", \"mark\" or \"space\"",
        help: "parity of answers; auto: as the last AT had it",
        set: Set::Word(|p, word| {
            let chosen = if word == "auto" {
                Some(CommandParity::Auto)
            } else {
                parity(word).map(CommandParity::Fixed)
            };
            chosen.is_some_and(|chosen| {
                p.online.command_parity = chosen;
                true
            })
        }),
    },
    Key {
        name: "data-parity",
        takes: "\"transparent\", \"strip\", \"odd\", \"even\", \"mark\" or \"space\"",
        help: "bit 7 of data: untouched, cleared, or cleared towards the far end and made towards the equipment",
        set: Set::Word(|p, word| {
            let chosen = match word {
                "transparent" => Some(DataParity::Transparent),
                "strip" => Some(DataParity::Strip),
                _ => {
                    parity(word).filter(|parity| *parity != Parity::None).map(DataParity::Generate)
                }
            };
            chosen.is_some_and(|chosen| {
                p.online.data_parity = chosen;
                true
            })
        }),
    },
    Key {
        name: "path-loss",
        takes: "\"wait-s10\" or \"at-once\"",
        help: "whether a broken path gets the time of S10 to mend",
        set: Set::Word(|p, word| {
            choose(
                &mut p.online.path_loss,
                word,
                &[("wait-s10", PathLoss::WaitS10), ("at-once", PathLoss::AtOnce)],
            )
        }),
    },
    Key {
        name: "dtr",
        takes: "\"obeyed\" or \"ignored\"",
        help: "whether DTR is looked at",
        set: Set::Word(|p, word| {
            choose(
                &mut p.online.dtr,
                word,
                &[("obeyed", DtrUse::Obeyed), ("ignored", DtrUse::Ignored)],
            )
        }),
    },
    // Incoming calls.
    Key {
        name: "ring-on",
        takes: MILLISECONDS,
        help: "how long the bell rings",
        set: Set::Number(MINUTE_MS, |p, ms| p.incoming.ring_on = milliseconds(ms.max(1))),
    },
    Key {
        name: "ring-off",
        takes: MILLISECONDS,
        help: "how long it is silent before the next ring",
        set: Set::Number(MINUTE_MS, |p, ms| p.incoming.ring_off = milliseconds(ms.max(1))),
    },
    Key {
        name: "ring-limit",
        takes: "a number from 1 to 255",
        help: "rings before the caller is sent away",
        set: Set::Number(255, |p, rings| p.incoming.ring_limit = rings.max(1)),
    },
    Key {
        name: "ring-argument",
        takes: "\"nothing\", \"address\" or \"bell\"",
        help: "what stands behind RING: the caller's address, or A, B or C",
        set: Set::Word(|p, word| {
            choose(
                &mut p.incoming.ring_argument,
                word,
                &[
                    ("nothing", RingArgument::Nothing),
                    ("address", RingArgument::Address),
                    ("bell", RingArgument::Bell),
                ],
            )
        }),
    },
    Key {
        name: "caller-number",
        takes: "\"address\", \"digits\" or \"phonebook\"",
        help: "what caller identification shows as the number",
        set: Set::Word(|p, word| {
            choose(
                &mut p.incoming.caller_number,
                word,
                &[
                    ("address", CallerNumber::Address),
                    ("digits", CallerNumber::Digits),
                    ("phonebook", CallerNumber::Phonebook),
                ],
            )
        }),
    },
    Key {
        name: "s0",
        takes: "\"rings\" or \"switch\"",
        help: "S0 counts rings, or 0 refuses calls and 1 answers them",
        set: Set::Word(|p, word| {
            choose(
                &mut p.incoming.s0,
                word,
                &[("rings", S0Means::Rings), ("switch", S0Means::Switch)],
            )
        }),
    },
    Key {
        name: "answer-delay",
        takes: MILLISECONDS,
        help: "from the ring that S0 names to the answer",
        set: Set::Number(MINUTE_MS, |p, ms| p.incoming.answer_delay = milliseconds(ms)),
    },
];

const UNKNOWN: &[(&str, Unknown)] = &[("ok", Unknown::Ok), ("error", Unknown::Error)];
