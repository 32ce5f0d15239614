//! `trunkline lines`: how the lines of a running instance stand.

use std::path::Path;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Exit, JSON, Matches};
use crate::control::{Connection, Request};
use crate::json::Json;
use crate::style::Style;
use crate::table::table;
use crate::time;

pub(super) const COMMAND: Command = Command {
    name: "lines",
    about: "show the lines of a running instance",
    text: "",
    operands: &[],
    flags: &[JSON, CONTROL],
    examples: &[("trunkline lines --json", "One object for each line, for programs to read.")],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let lines = Connection::open(matches.value(&CONTROL).map(Path::new))?.all(&Request::Lines)?;
    if matches.has(&JSON) {
        return Ok(crate::show(&lines.iter().map(|line| format!("{line}\n")).collect::<String>()));
    }
    let rows: Vec<_> = lines.iter().map(row).collect();
    Ok(crate::show(&table(
        ["LINE", "STATE", "PERSONA", "EQUIPMENT", "CALLERS", "CALL"],
        &rows,
        Style::of(&std::io::stdout()),
    )))
}

fn row(line: &Json) -> [String; 6] {
    let text = |key| line.text(key).unwrap_or_default().to_owned();
    let listens: Vec<String> = line
        .list("listens")
        .iter()
        .map(|place| match place {
            Json::Text(place) => place.clone(),
            other => other.to_string(),
        })
        .collect();
    let call = line.get("call").filter(|call| **call != Json::Null).map_or(text("error"), call);
    let state = match line.text("service") {
        None | Some("in service") => text("state"),
        Some(service) => format!("{}, {service}", text("state")),
    };
    [text("line"), state, text("persona"), text("place"), listens.join(" "), call]
}

fn call(call: &Json) -> String {
    let direction = if call.text("direction") == Some("out") { "to" } else { "from" };
    let seconds = call.number("seconds").unwrap_or_default().unsigned_abs();
    let span = time::span(std::time::Duration::from_secs(seconds));
    format!("{direction} {} for {span}", call.text("party").unwrap_or_default())
}
