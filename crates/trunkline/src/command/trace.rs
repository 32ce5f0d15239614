//! `trunkline trace`: what passes on a line, byte by byte.

use std::io::Write as _;
use std::path::Path;

use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Count, Exit, Matches, Operand};
use crate::control::{Answer, Connection, Request};

pub(super) const COMMAND: Command = Command {
    name: "trace",
    about: "show what passes on a line of a running instance, in hex",
    text: "`>` goes to the equipment, `<` comes from it. Passwords are not shown. Ends with Ctrl-C.",
    operands: &[Operand { name: "LINE", count: Count::One, help: "The line" }],
    flags: &[CONTROL],
    examples: &[(
        "trunkline trace pump-house | tee pump-house.trace",
        "Watch a line, and keep what was seen.",
    )],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let line = matches.operand(0).unwrap_or_default().to_owned();
    let mut connection = Connection::open(matches.value(&CONTROL).map(Path::new))?;
    connection.ask(&Request::Trace(line))?;
    while let Answer::Item(item) = connection.next()? {
        let text = item.text("trace").unwrap_or_default();
        if writeln!(std::io::stdout(), "{text}").is_err() {
            // The reader has seen enough.
            break;
        }
    }
    Ok(Exit::Done)
}
