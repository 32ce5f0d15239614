//! `trunkline modems`: how the real modems of a running instance stand.

use std::path::Path;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Exit, JSON, Matches};
use crate::control::{Connection, Request};
use crate::json::Json;
use crate::style::Style;
use crate::table::table;

pub(super) const COMMAND: Command = Command {
    name: "modems",
    about: "show the real modems and GSM modules of a running instance",
    text: "A modem is `idle` while its port is open to other programs, `lent` while one of them uses it, `silent` \
           when it doesn't answer and `absent` when its port is not there. A GSM module that can't be used is what is \
           wrong with it: `no SIM`, `SIM locked`, `searching` for a network.",
    operands: &[],
    flags: &[JSON, CONTROL],
    examples: &[("trunkline modems", "Who is online, and which modem doesn't answer.")],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let modems = Connection::open(matches.value(&CONTROL).map(Path::new))?.all(&Request::Modems)?;
    if matches.has(&JSON) {
        return Ok(crate::show(
            &modems.iter().map(|modem| format!("{modem}\n")).collect::<String>(),
        ));
    }
    let rows: Vec<_> = modems.iter().map(row).collect();
    let titles = ["MODEM", "STATE", "SERVICE", "PORT", "NETWORK", "CALL"];
    Ok(crate::show(&table(titles, &rows, Style::of(&std::io::stdout()))))
}

fn row(modem: &Json) -> [String; 6] {
    let text = |key| modem.text(key).unwrap_or_default().to_owned();
    let call = modem.text("party").or_else(|| modem.text("trouble")).unwrap_or_default().to_owned();
    // Only what is a mobile module has one.
    let signal = modem.number("dbm").map(|dbm| format!("{dbm} dBm"));
    let network = match (text("network"), signal) {
        (network, Some(signal)) => format!("{network}, {signal}"),
        (network, None) => network,
    };
    [text("modem"), text("state"), text("service"), text("device"), network, call]
}
