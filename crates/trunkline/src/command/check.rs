//! `trunkline check`: is a configuration right, and what would it do?

mod summary;

use std::path::Path;

use super::{Failure, exit, run};
use crate::cli::{Act, Command, Count, Exit, JSON, Matches, Operand};
use crate::config::USUAL_FILE;
use crate::style::Style;

pub(super) const COMMAND: Command = Command {
    name: "check",
    about: "say whether a configuration is right, and what it would do",
    text: "Mistakes are shown where they stand, all at once, and the exit status is 2. Nothing is opened and nobody \
           is called.",
    operands: &[Operand {
        name: "FILE",
        count: Count::Optional,
        help: "The configuration (default trunkline.toml)",
    }],
    flags: &[JSON],
    examples: &[("trunkline check /etc/trunkline/trunkline.toml", "Before a restart or a reload.")],
    act: Act::Run(|matches| exit(check(matches))),
};

fn check(matches: &Matches) -> Result<Exit, Failure> {
    let file = Path::new(matches.operand(0).unwrap_or(USUAL_FILE));
    let config = run::load(file)?;
    let summary = summary::of(&config);
    if matches.has(&JSON) {
        return Ok(crate::show(&summary.json()));
    }
    Ok(crate::show(&summary.text(&config.path, Style::of(&std::io::stdout()))))
}
