//! `trunkline busyout`: takes a line or a real modem out of service, or puts it back.

use std::path::Path;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Count, Exit, Matches, Operand};
use crate::control::{Busy, Connection, Request};

pub(super) const COMMAND: Command = Command {
    name: "busyout",
    about: "take a line or a modem out of service, or put it back",
    text: "Callers find the line busy; the hunt groups that it belongs to pass it over. A modem neither answers nor \
           dials. A call in progress goes on, and a line's equipment may still dial. It holds until `off`, or until \
           the line is started anew.",
    operands: &[
        Operand { name: "NAME", count: Count::One, help: "The line or modem" },
        Operand { name: "on|off", count: Count::One, help: "Out of service, or in service again" },
    ],
    flags: &[CONTROL],
    examples: &[
        ("trunkline busyout pump-house on", "Let callers of the pump house find it busy."),
        ("trunkline busyout pump-house off", "Let them through again."),
    ],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let name = matches.operand(0).unwrap_or_default().to_owned();
    let wanted = match matches.operand(1) {
        Some("on") => Busy::On,
        Some("off") => Busy::Off,
        _ => return Err(matches.wrong("expected `on` or `off` after the name").into()),
    };
    let mut connection = Connection::open(matches.value(&CONTROL).map(Path::new))?;
    let end = connection.done(&Request::BusyOut(name, wanted))?;
    Ok(crate::show(&format!("{}\n", end.text("said").unwrap_or_default())))
}
