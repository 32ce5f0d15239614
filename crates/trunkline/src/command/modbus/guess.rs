//! `trunkline modbus guess`: registers under all types and orders.

use std::io::Read as _;

use modbus::address::Address;
use modbus::value::{Guess, Order, Sanity, Value, guess};

use super::live;
use crate::cli::{Act, Command, Count, Exit, JSON, Matches, Operand};
use crate::command::{Failure, exit};
use crate::json::Json;
use crate::limits::GUESS_BYTES;
use crate::style::Style;
use crate::table::table;

pub(super) const COMMAND: Command = Command {
    name: "guess",
    about: "show registers under all types and orders, and which of them look sane",
    text: "WORD is a register, decimal (17142) or hexadecimal (0x42F6, 42F6h, 42F6); without any, and without \
           --from, they are read from standard input. The byte order of Modbus ends with the register: which of \
           ABCD, CDAB, BADC and DCBA a maker has chosen shows only in the values, best while they are known from \
           the device's own display.",
    operands: &[Operand { name: "WORD", count: Count::Many, help: "A register's value" }],
    flags: &[
        live::FROM,
        live::READ,
        live::UNIT,
        live::FRAMING,
        live::SPEED,
        live::FORMAT,
        live::ENRON,
        JSON,
    ],
    examples: &[
        ("trunkline modbus guess 0x42F6 0xE979", "What two registers could mean."),
        (
            "trunkline modbus guess --from tcp://10.0.0.7:502 --unit 17 --read h:100..110",
            "Ask a device for ten registers, and say what they could mean.",
        ),
    ],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let (first, words) = match live::read(matches)? {
        Some((first, words)) if matches.operands().is_empty() => (Some(first), words),
        Some(_) => {
            return Err(matches.wrong("registers come from --from or from WORDs, not both").into());
        }
        None => (None, given(matches)?),
    };
    if words.is_empty() {
        return Err(matches.wrong("there is no register to look at").into());
    }
    let guesses = guess(&words);
    Ok(crate::show(&match matches.has(&JSON) {
        true => guesses.iter().map(|guess| format!("{}\n", object(guess))).collect(),
        false => shown(first, &words, &guesses),
    }))
}

/// The registers on the command line, or else on standard input.
fn given(matches: &Matches) -> Result<Vec<u16>, Failure> {
    let mut text = matches.operands().join(" ");
    if text.is_empty() {
        let mut input = std::io::stdin().lock().take(GUESS_BYTES);
        input
            .read_to_string(&mut text)
            .map_err(|error| Failure::Other(format!("can't read standard input: {error}")))?;
    }
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let word = |text: &str| {
        register(text).ok_or_else(|| {
            matches.wrong(format!("{text} is no register: write 0 to 65535, or 0x0000 to 0xFFFF"))
        })
    };
    Ok(words.map(word).collect::<Result<_, _>>()?)
}

fn register(text: &str) -> Option<u16> {
    let hexadecimal = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .or_else(|| text.strip_suffix(['h', 'H']));
    match hexadecimal {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        // A letter among four digits leaves no doubt.
        None if text.len() == 4 && text.contains(|c: char| c.is_ascii_alphabetic()) => {
            u16::from_str_radix(text, 16).ok()
        }
        None => text.parse().ok(),
    }
}

fn shown(first: Option<Address>, words: &[u16], guesses: &[Guess]) -> String {
    let style = Style::of(&std::io::stdout());
    let hexadecimal: Vec<String> = words.iter().map(|word| format!("{word:04X}")).collect();
    let place = first.map_or(String::new(), |first| format!("{first}: "));
    let rows: Vec<_> = guesses.iter().map(row).collect();
    let heading = ["", "TYPE", "ORDER", "VALUES", "WHY"];
    format!("{place}{}\n{}", hexadecimal.join(" "), table(heading, &rows, style))
}

fn row(guess: &Guess) -> [String; 5] {
    let values = match values(guess) {
        values if values.is_empty() => "-".to_owned(),
        values if values.len() > 4 => format!("{}, …", values[..4].join(", ")),
        values => values.join(", "),
    };
    let sanity = match guess.sanity {
        Sanity::Unlikely => String::new(),
        sanity => sanity.word().to_owned(),
    };
    [sanity, guess.kind.to_string(), orders(guess), values, guess.why.clone()]
}

fn values(guess: &Guess) -> Vec<String> {
    guess.values.iter().map(Value::to_string).collect()
}

fn orders(guess: &Guess) -> String {
    match &*guess.orders {
        orders if orders.len() == Order::ALL.len() => "any".to_owned(),
        orders => orders.iter().map(|order| order.letters()).collect::<Vec<_>>().join(" "),
    }
}

fn object(guess: &Guess) -> Json {
    let list = |texts: Vec<String>| Json::List(texts.into_iter().map(Json::Text).collect());
    let orders = guess.orders.iter().map(|order| order.letters().to_owned()).collect();
    Json::object([
        ("sanity", guess.sanity.word().into()),
        ("type", Json::Text(guess.kind.to_string())),
        ("orders", list(orders)),
        ("values", list(values(guess))),
        ("why", guess.why.as_str().into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_read_as_people_write_them() {
        for (text, word) in [
            ("17142", Some(0x42f6)),
            ("0x42F6", Some(0x42f6)),
            ("42f6", Some(0x42f6)),
            ("42F6h", Some(0x42f6)),
            ("1234", Some(1234)),
            ("65536", None),
            ("0x10000", None),
            ("-1", None),
            ("pump", None),
        ] {
            assert_eq!(register(text), word, "{text}");
        }
    }
}
