//! The dial-up network in software: modems for equipment, an exchange that answers their calls.
//!
//! This crate puts the parts together. `cli` reads the command line by the table in `command`; `config` reads and
//! checks the configuration; `instance` runs what it describes and changes it on a reload; `control` is the socket
//! over which a running instance is asked and told. Start with [`command`].

#[cfg(feature = "exchange")]
mod activation;
mod cli;
mod command;
#[cfg(feature = "configuration")]
mod config;
#[cfg(feature = "configuration")]
mod control;
mod failure;
mod instance;
#[cfg(feature = "configuration")]
mod json;
#[cfg(feature = "exchange")]
mod launcher;
#[cfg(not(feature = "exchange"))]
#[path = "no_launcher.rs"]
mod launcher;
// Most of them bound what only configurations and orders do.
#[cfg(feature = "configuration")]
mod calls;
#[cfg_attr(not(feature = "configuration"), allow(dead_code))]
mod limits;
mod log;
#[cfg(feature = "exchange")]
mod password;
mod place;
#[cfg(feature = "exchange")]
mod privileges;
mod runtime;
#[cfg(feature = "collector")]
mod samples;
#[cfg(feature = "store")]
mod stored;
mod style;
mod systemd;
#[cfg(feature = "configuration")]
mod table;
mod time;

use std::io::Write as _;
use std::process::ExitCode;

use cli::{Exit, Parsed, Usage};
use command::COMMANDS;
use style::Style;

fn main() -> ExitCode {
    #[cfg(feature = "exchange")]
    if let Some(exit) = launcher::asked() {
        return ExitCode::from(exit.status());
    }
    let args = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let exit = match cli::parse(COMMANDS, args) {
        Ok(Parsed::Run(run, matches)) => run(&matches),
        Ok(Parsed::Help(path)) => show(&cli::help(COMMANDS, &path, Style::of(&std::io::stdout()))),
        Ok(Parsed::Overview) => show(&cli::overview(Style::of(&std::io::stdout()))),
        Ok(Parsed::Version) => show(concat!("trunkline ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(usage) => misused(&usage),
    };
    ExitCode::from(exit.status())
}

/// Prints what was asked for. A reader who leaves early, as `head` does, has had enough.
fn show(text: &str) -> Exit {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Exit::Done
}

/// Says what is wrong with a command line, and where to read how it should be.
fn misused(usage: &Usage) -> Exit {
    failure::complain(&usage.message);
    let blank = if usage.path.is_empty() { "" } else { " " };
    eprintln!("Try `trunkline{blank}{} --help`.", usage.path);
    Exit::Misused
}
