//! `trunkline station`: the field agent.

use std::path::Path;

use super::{Failure, exit, run};
use crate::cli::{Act, CONTROL, Command, Count, Exit, Flag, LOG, Matches, Operand};
use crate::config::USUAL_FILE;
use crate::control::{Connection, Request};

const CALL: Flag = Flag {
    name: "call",
    value: None,
    help: "Have the station that runs here call the centre now, and start none",
};

pub(super) const COMMAND: Command = Command {
    name: "station",
    about: "read Modbus devices, keep samples, and call the centre",
    text: "Runs what FILE (by default trunkline.toml here) says of a [station], with the modems and the phonebook \
           that it names. Samples are kept in the station's own store until the centre has them.\n\n\
           With --call, the station that runs here already calls at once, as it does upon SIGUSR1. SIGHUP reads the file again. SIGTERM ends a call in order.",
    operands: &[Operand { name: "FILE", count: Count::Optional, help: "The configuration" }],
    flags: &[CALL, CONTROL, LOG],
    examples: &[
        ("trunkline station --call", "Have the station that runs here call the centre now."),
        ("trunkline station pump-house.toml", "Run the station that this file describes."),
        ("trunkline check pump-house.toml", "Say first whether the file is right."),
    ],
    act: Act::Run(|matches| exit(station(matches))),
};

fn station(matches: &Matches) -> Result<Exit, Failure> {
    if matches.has(&CALL) {
        let mut connection = Connection::open(matches.value(&CONTROL).map(Path::new))?;
        let end = connection.done(&Request::StationCall)?;
        return Ok(crate::show(&format!("{}\n", end.text("said").unwrap_or_default())));
    }
    let file = Path::new(matches.operand(0).unwrap_or(USUAL_FILE));
    let config = run::load(file)?;
    if config.plan.station.is_none() {
        return Err(Failure::Other(format!(
            "{} describes no station: it needs a [station] table, one [[bus]] and one [[device]] at least",
            file.display()
        )));
    }
    run::keep_running(matches, file, config)
}
