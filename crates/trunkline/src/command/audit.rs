//! `trunkline audit`: is an audit log whole?

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use exchange::{Verified, verify_audit};

use super::{Failure, exit};
use crate::cli::{Act, Command, Count, Exit, Flag, JSON, Matches, Operand};
use crate::json::Json;

const HEAD: Flag = Flag {
    name: "head",
    value: Some("HASH"),
    help: "The hash of what was once the last line; it must be there still",
};

pub(super) const COMMAND: Command = Command {
    name: "audit",
    about: "say whether an audit log is whole",
    text: "",
    operands: &[],
    flags: &[],
    examples: &[],
    act: Act::Choose(&[Command {
        name: "verify",
        about: "follow the chain of an audit log's lines",
        text: "Each line has the hash of the one before it. A line that was changed, added or taken out ends with \
               status 1. What was cut off the end shows only with --head: keep the hash that this command prints \
               where nobody who can write the log can change it.",
        operands: &[Operand { name: "FILE", count: Count::One, help: "The audit log" }],
        flags: &[HEAD, JSON],
        examples: &[(
            "trunkline audit verify /var/log/trunkline/audit.log",
            "Is it as it was written?",
        )],
        act: Act::Run(|matches| exit(verify(matches))),
    }]),
};

fn verify(matches: &Matches) -> Result<Exit, Failure> {
    let path = Path::new(matches.operand(0).unwrap_or_default());
    let told = |error: &(dyn std::error::Error + 'static)| {
        Failure::Other(format!("{}: {}", path.display(), crate::failure::chain(error)))
    };
    let file = File::open(path).map_err(|error| told(&error))?;
    let verified = verify_audit(BufReader::new(file), matches.value(&HEAD));
    let verified = verified.map_err(|error| told(&error))?;
    Ok(crate::show(&if matches.has(&JSON) { json(&verified) } else { words(path, &verified) }))
}

fn json(verified: &Verified) -> String {
    let json = Json::object([
        ("lines", verified.lines.into()),
        ("last", verified.last.into()),
        ("hash", verified.hash.as_str().into()),
        ("goes-on-from", verified.goes_on_from.clone().into()),
        ("torn", verified.torn.into()),
    ]);
    format!("{json}\n")
}

fn words(path: &Path, verified: &Verified) -> String {
    let Verified { lines, last, hash, goes_on_from, torn } = verified;
    if *lines == 0 {
        return format!("{} is empty\n", path.display());
    }
    let mut words =
        format!("{} is whole: {lines} lines, the last one number {last}\n", path.display());
    if let Some(from) = goes_on_from {
        words.push_str(&format!("it goes on from a log whose last hash was {from}\n"));
    }
    if *torn > 0 {
        words.push_str(&format!("a crash has cut {torn} of its lines short\n"));
    }
    words.push_str(&format!("hash of the last line: {hash}\n"));
    words
}
