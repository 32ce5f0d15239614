//! `trunkline run`: everything a configuration describes.

use std::path::Path;

use super::start::{self, Keep};
use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Count, Exit, LOG, Matches, Operand};
use crate::config::{self, Config, USUAL_FILE};
use crate::control;
use crate::log::SaidBy;
use crate::style::Style;

pub(super) const COMMAND: Command = Command {
    name: "run",
    about: "run everything a configuration describes",
    text: "Without FILE, reads trunkline.toml here. Without that either, brings up a modem on a pseudo-terminal and \
           an exchange on this machine, and says what to type next.\n\n\
           SIGHUP, or `trunkline reload`, reads the configuration again without dropping calls. SIGTERM ends all \
           calls in order.",
    operands: &[Operand { name: "FILE", count: Count::Optional, help: "The configuration" }],
    flags: &[CONTROL, LOG],
    examples: &[
        ("trunkline run", "Try it out, or run the trunkline.toml that is here."),
        (
            "trunkline run /etc/trunkline/trunkline.toml --log info,line=debug",
            "Run a configuration, and say more of its lines.",
        ),
    ],
    act: Act::Run(run),
};

fn run(matches: &Matches) -> Exit {
    exit(match (matches.operand(0), Path::new(USUAL_FILE).exists()) {
        (Some(file), _) => configured(matches, Path::new(file)),
        (None, true) => configured(matches, Path::new(USUAL_FILE)),
        (None, false) => nothing_configured(matches),
    })
}

#[cfg(feature = "exchange")]
fn nothing_configured(matches: &Matches) -> Result<Exit, Failure> {
    super::trial::run(matches)
}

#[cfg(not(feature = "exchange"))]
fn nothing_configured(_: &Matches) -> Result<Exit, Failure> {
    Err(Failure::Other(format!("there is no {USUAL_FILE} here; `trunkline modem` needs none")))
}

fn configured(matches: &Matches, file: &Path) -> Result<Exit, Failure> {
    let config = load(file)?;
    keep_running(matches, file, config)
}

/// Runs a configuration that was read from this file, until it is told to end.
pub(super) fn keep_running(
    matches: &Matches,
    file: &Path,
    config: Config,
) -> Result<Exit, Failure> {
    let wanted = start::log_filter(matches)?;
    match wanted {
        Some(filter) => crate::log::start(filter, SaidBy::CommandLine),
        None => crate::log::start(config.log.unwrap_or_default(), SaidBy::Configuration),
    }
    let socket = matches.value(&CONTROL).map(Into::into);
    let socket = socket.or(config.control).unwrap_or_else(control::usual_place);
    let keep = Keep { file: Some(file.to_owned()), socket: Some(socket), until: None };
    start::start(config.plan, keep, || {})
}

/// Reads a configuration; its mistakes are shown as they stand.
pub(super) fn load(file: &Path) -> Result<Config, Failure> {
    config::load(file).map_err(|mistakes| {
        Failure::Configuration(config::show_all(&mistakes, Style::of(&std::io::stderr())))
    })
}
