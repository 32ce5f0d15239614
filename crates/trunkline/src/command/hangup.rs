//! `trunkline hangup`: ends a call of a running instance.

use std::path::Path;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Count, Exit, Matches, Operand};
use crate::control::{Connection, Request};

pub(super) const COMMAND: Command = Command {
    name: "hangup",
    about: "end a call of a running instance",
    text: "The equipment sees NO CARRIER, the far end sees the call end. What was received before is delivered.",
    operands: &[Operand {
        name: "LINE",
        count: Count::One,
        help: "The line, or the number of a call as `trunkline calls` shows it",
    }],
    flags: &[CONTROL],
    examples: &[("trunkline hangup pump-house", "End the call of the line pump-house.")],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let call = matches.operand(0).unwrap_or_default().to_owned();
    let mut connection = Connection::open(matches.value(&CONTROL).map(Path::new))?;
    let end = connection.done(&Request::HangUp(call))?;
    Ok(crate::show(&format!("{}\n", end.text("said").unwrap_or_default())))
}
