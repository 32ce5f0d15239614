//! `trunkline calls`: the calls of a running instance.

use std::path::Path;
use std::time::Duration;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Exit, JSON, Matches};
use crate::control::{Connection, Request};
use crate::json::Json;
use crate::style::Style;
use crate::table::{bytes, table};
use crate::time;

pub(super) const COMMAND: Command = Command {
    name: "calls",
    about: "show the calls of a running instance, and the last ones",
    text: "Calls in progress come first; then those that have ended, the latest first, each with the cause of its end.",
    operands: &[],
    flags: &[JSON, CONTROL],
    examples: &[("trunkline calls", "Who is on the line, and who was.")],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let calls = Connection::open(matches.value(&CONTROL).map(Path::new))?.all(&Request::Calls)?;
    if matches.has(&JSON) {
        return Ok(crate::show(&calls.iter().map(|call| format!("{call}\n")).collect::<String>()));
    }
    let rows: Vec<_> = calls.iter().map(row).collect();
    let heading = ["CALL", "WAY", "PARTY", "ACCOUNT", "SINCE", "LASTS", "SENT", "RECEIVED", "END"];
    Ok(crate::show(&table(heading, &rows, Style::of(&std::io::stdout()))))
}

fn row(call: &Json) -> [String; 9] {
    let text = |key| call.text(key).unwrap_or("-").to_owned();
    let number = |key| call.number(key).unwrap_or_default();
    let lasts = time::span(Duration::from_secs(number("seconds").unsigned_abs()));
    let end = call.text("cause").unwrap_or("").to_owned();
    [
        text("call"),
        text("direction"),
        text("party"),
        text("account"),
        text("since"),
        lasts,
        bytes(number("sent")),
        bytes(number("received")),
        end,
    ]
}
