//! `trunkline operator`: somebody who may log in to the page.

use std::io::IsTerminal as _;

use super::account::secret;
use super::{Failure, exit};
use crate::cli::{Act, Command, Count, Exit, Flag, Matches, Operand};

const ROLE: Flag = Flag {
    name: "role",
    value: Some("ROLE"),
    help: "viewer (default): sees; operator: hangs up, busies out, traces; admin: everything",
};

pub(super) const COMMAND: Command = Command {
    name: "operator",
    about: "make an operator of the page: a table for the configuration",
    text: "Asks for a password, and prints an [[operator]] table with its hash. A running instance sees it after \
           `trunkline reload`.",
    operands: &[Operand { name: "NAME", count: Count::One, help: "The name to log in with" }],
    flags: &[ROLE, secret::GENERATE],
    examples: &[(
        "trunkline operator ada --role operator >> trunkline.toml",
        "Somebody who may hang up.",
    )],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let name = matches.operand(0).unwrap_or_default();
    let role = matches.value(&ROLE).unwrap_or("viewer");
    let table = |hash: &str| {
        format!("\n[[operator]]\nname = \"{name}\"\npassword = \"{hash}\"\nrole = \"{role}\"\n")
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    if name.is_empty() || name.len() > web::limits::NAME || !name.chars().all(plain) {
        let expected = "letters, digits, `.`, `_`, `@` and `-`";
        return Err(matches
            .wrong(format!("`{name}` is no name for an operator; expected {expected}"))
            .into());
    }
    if !["viewer", "operator", "admin"].contains(&role) {
        let message = format!("--role {role}: expected viewer, operator or admin");
        return Err(matches.wrong(message).into());
    }
    if matches.has(&secret::GENERATE) && !std::io::stdout().is_terminal() {
        let message = "--generate prints the password too, so its output must not go into a file";
        return Err(matches.wrong(message).into());
    }
    let hash = secret::hash(matches)?;
    Ok(crate::show(&table(&hash)))
}
