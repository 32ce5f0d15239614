//! `trunkline account import`: accounts from the files of other programs.

mod login_config;
mod passwd;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::place::{Accounts, Keys, checked};
use super::{CONFIG, FILE, Failure, edit, witness};
use crate::cli::{Act, Command, Count, Exit, Flag, Matches, Operand};
use crate::command::exit;
use crate::config::USUAL_FILE;
use crate::control::Deed;
use crate::limits::IMPORT_FILE;

const FROM: Operand = Operand { name: "PATH", count: Count::One, help: "The file to read" };
const FORMAT: Flag = Flag {
    name: "format",
    value: Some("passwd|login.config"),
    help: "What the file is (default by its name: passwd, or mgetty's login.config)",
};
const SHADOW: Flag = Flag {
    name: "shadow",
    value: Some("FILE"),
    help: "With passwd: take password hashes of a kind that is known here from this file",
};
const RUN_AS: Flag = Flag {
    name: "user",
    value: Some("USER"),
    help: "The system user for programs that would run as root",
};
const ONLY: Flag =
    Flag { name: "only", value: Some("NAME"), help: "This account and no other; may be repeated" };
const WRITE: Flag = Flag {
    name: "write",
    value: None,
    help: "Add the accounts, instead of only saying what would be added",
};

pub(super) const COMMAND: Command = Command {
    name: "import",
    about: "take accounts from /etc/passwd or mgetty's login.config",
    text: "Says what would be taken, what not, and why. Nothing is written without --write.",
    operands: &[FROM],
    flags: &[FORMAT, SHADOW, RUN_AS, ONLY, WRITE, CONFIG, FILE],
    examples: &[
        (
            "trunkline account import /etc/passwd --shadow /etc/shadow",
            "What of the system's users could log in here?",
        ),
        (
            "trunkline account import /etc/mgetty/login.config --user rtu --write",
            "Take over what mgetty did; programs run as rtu where they ran as root.",
        ),
    ],
    act: Act::Run(|matches| exit(import(matches))),
};

/// A line of the file, and what became of it.
pub(super) struct Line {
    /// Which one, from 1.
    number: usize,
    /// The name it is about.
    name: String,
    outcome: Outcome,
}

/// What became of a line.
pub(super) enum Outcome {
    /// An account, and what its owner should know.
    Account { keys: Keys, notes: Vec<String> },
    /// No account, and why not.
    Not(String),
}

/// What decides about lines besides themselves.
pub(super) struct Choices<'a> {
    /// Who runs what would run as root.
    run_as: Option<&'a str>,
}

fn import(matches: &Matches) -> Result<Exit, Failure> {
    let path = Path::new(matches.operand(0).unwrap_or_default());
    let text = read(path)?;
    let choices = Choices { run_as: matches.value(&RUN_AS) };
    let usual = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut lines = match matches.value(&FORMAT).unwrap_or(usual) {
        format if format == "passwd" || format.starts_with("passwd") => {
            let shadow = matches.value(&SHADOW).map(|path| read(Path::new(path))).transpose()?;
            passwd::read(&text, shadow.as_deref().unwrap_or_default(), &choices)
        }
        "login.config" | "login" | "mgetty" => login_config::read(&text, &choices),
        _ => {
            let message = "what is it? expected --format passwd or --format login.config";
            return Err(matches.wrong(message).into());
        }
    };
    let only: Vec<&str> = matches.values(&ONLY).collect();
    if !only.is_empty() {
        lines.retain(|line| only.contains(&line.name.as_str()));
    }
    let accounts = Accounts::of(matches.value(&CONFIG).unwrap_or(USUAL_FILE).into());
    sort_out(&mut lines, &accounts)?;
    let place = accounts.target(matches.value(&FILE));
    let mut said = report(&lines);
    let taken = lines.iter().filter_map(|line| match &line.outcome {
        Outcome::Account { keys, .. } => Some((&*line.name, keys)),
        Outcome::Not(_) => None,
    });
    let taken: Vec<(&str, &Keys)> = taken.collect();
    if matches.has(&WRITE) {
        let mut troubles = String::new();
        for (name, keys) in &taken {
            place.add(keys)?;
            troubles = witness::note(&accounts, Deed::Added, name);
        }
        let _ = writeln!(said, "added {} to {}", count(taken.len()), place.path().display());
        said.push_str(&troubles);
    } else {
        let _ = writeln!(
            said,
            "{} would be added to {}; --write adds them",
            count(taken.len()),
            place.path().display()
        );
    }
    Ok(crate::show(&said))
}

fn count(accounts: usize) -> String {
    format!("{accounts} {}", if accounts == 1 { "account" } else { "accounts" })
}

fn read(path: &Path) -> Result<String, Failure> {
    let told =
        |error: &dyn std::fmt::Display| Failure::Other(format!("{}: {error}", path.display()));
    let length = fs::metadata(path).map_err(|error| told(&error))?.len();
    if length > IMPORT_FILE {
        return Err(told(&format!("it is longer than {IMPORT_FILE} bytes: is it the right file?")));
    }
    let bytes = fs::read(path).map_err(|error| told(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Leaves out what a start would refuse: names that there are already, or twice in the file.
fn sort_out(lines: &mut [Line], accounts: &Accounts) -> Result<(), Failure> {
    let known = accounts.known()?;
    let mut seen: Vec<String> = known.into_iter().map(|known| known.account.name).collect();
    for line in lines {
        let Outcome::Account { keys, .. } = &line.outcome else { continue };
        if seen.contains(&line.name) {
            line.outcome = Outcome::Not("there is an account of this name already".to_owned());
        } else if checked(&edit::table(keys)).is_err() {
            // The mistake is shown in the table that it would make; here its first words are enough.
            line.outcome =
                Outcome::Not("its name or program can't be one of an account".to_owned());
        } else {
            seen.push(line.name.clone());
        }
    }
    Ok(())
}

fn report(lines: &[Line]) -> String {
    let mut said = String::new();
    for Line { number, name, outcome } in lines {
        let name: String = name.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        let _ = match outcome {
            Outcome::Account { notes, .. } if notes.is_empty() => {
                writeln!(said, "line {number}: {name}: taken")
            }
            Outcome::Account { notes, .. } => {
                writeln!(said, "line {number}: {name}: taken; {}", notes.join("; "))
            }
            Outcome::Not(why) => writeln!(said, "line {number}: {name}: not taken: {why}"),
        };
    }
    said
}

/// A key with a text.
fn text(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), edit::text(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of each line: the table, or the reason; and the notes.
    pub(super) fn outcomes(lines: &[Line]) -> Vec<(String, String)> {
        let words = |line: &Line| match &line.outcome {
            Outcome::Account { keys, notes } => (edit::table(keys), notes.join("; ")),
            Outcome::Not(why) => (String::new(), why.clone()),
        };
        lines.iter().map(words).collect()
    }

    pub(super) const NOBODY: Choices<'_> = Choices { run_as: None };
    pub(super) const RTU: Choices<'_> = Choices { run_as: Some("rtu") };
}
