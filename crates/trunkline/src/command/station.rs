//! `trunkline station`: the field agent.

use std::path::Path;

use super::{Failure, exit, run};
use crate::cli::{Act, CONTROL, Command, Count, Exit, LOG, Matches, Operand};
use crate::config::USUAL_FILE;

pub(super) const COMMAND: Command = Command {
    name: "station",
    about: "read Modbus devices, keep samples, and call the centre",
    text: "Runs what FILE (by default trunkline.toml here) says of a [station], with the modems and the phonebook \
           that it names. Samples are kept in the station's own store until the centre has them.\n\n\
           SIGUSR1 has it call at once. SIGHUP reads the file again. SIGTERM ends a call in order.",
    operands: &[Operand { name: "FILE", count: Count::Optional, help: "The configuration" }],
    flags: &[CONTROL, LOG],
    examples: &[
        ("trunkline station pump-house.toml", "Run the station that this file describes."),
        ("trunkline check pump-house.toml", "Say first whether the file is right."),
    ],
    act: Act::Run(|matches| exit(station(matches))),
};

fn station(matches: &Matches) -> Result<Exit, Failure> {
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
