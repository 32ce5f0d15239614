//! `trunkline account`: the accounts of a configuration.

mod edit;
mod file;
pub(super) mod secret;

use std::fs;
use std::path::{Path, PathBuf};

use exchange::{AccountConfig, On};

use super::{Failure, answer, exit};
use crate::cli::{Act, Command, Count, Exit, Flag, JSON, Matches, Operand, nearest, words};
use crate::config::{self, USUAL_FILE};
use crate::json::Json;
use crate::style::Style;
use crate::table::table;

const NAME: Operand = Operand { name: "NAME", count: Count::One, help: "The login name" };
const CONFIG: Flag = Flag {
    name: "config",
    value: Some("FILE"),
    help: "The configuration (default trunkline.toml)",
};
const FILE: Flag = Flag {
    name: "file",
    value: Some("FILE"),
    help: "The file to add it to (default accounts.toml beside the configuration, made if need be)",
};
const PROGRAM: Flag = Flag {
    name: "program",
    value: Some("CMD"),
    help: "The program, by its absolute path, with its arguments",
};
const ON: Flag = answer::ON;
const USER: Flag = Flag { name: "user", value: Some("USER"), help: "The system user who runs it" };
const DIRECTORY: Flag = Flag { name: "directory", value: Some("DIR"), help: "Where it starts" };
const DENY: Flag = Flag {
    name: "deny",
    value: Some("TEXT"),
    help: "Instead of a program: callers are told this and hung up on",
};
const PRINT: Flag = Flag {
    name: "print",
    value: None,
    help: "Print the table, to be pasted, instead of writing it",
};
const PASSWORD: Flag = Flag { name: "password", value: None, help: "Ask for a new password" };

pub(super) const COMMAND: Command = Command {
    name: "account",
    about: "add, list, change and remove the accounts of a configuration",
    text: "A running instance sees the change after `trunkline reload`.",
    operands: &[],
    flags: &[],
    examples: &[],
    act: Act::Choose(&[
        Command {
            name: "add",
            about: "add an account",
            text: "Asks for the password, or reads it from standard input if that is no terminal. Only its argon2id \
                   hash is kept.",
            operands: &[NAME],
            flags: &[PROGRAM, ON, USER, DIRECTORY, DENY, secret::GENERATE, CONFIG, FILE, PRINT],
            examples: &[(
                "trunkline account add site-0042 --program '/usr/local/software --site 42' --on pipe --user rtu",
                "A machine's account, in accounts.toml.",
            )],
            act: Act::Run(|matches| exit(add(matches))),
        },
        Command {
            name: "list",
            about: "list the accounts",
            text: "",
            operands: &[],
            flags: &[JSON, CONFIG],
            examples: &[("trunkline account list", "Each account with its program.")],
            act: Act::Run(|matches| exit(list(matches))),
        },
        Command {
            name: "set",
            about: "change an account",
            text: "",
            operands: &[NAME],
            flags: &[PASSWORD, secret::GENERATE, PROGRAM, ON, USER, DIRECTORY, DENY, CONFIG],
            examples: &[(
                "trunkline account set site-0042 --password",
                "Give it another password.",
            )],
            act: Act::Run(|matches| exit(set(matches))),
        },
        Command {
            name: "remove",
            about: "remove an account",
            text: "Calls in progress go on.",
            operands: &[NAME],
            flags: &[CONFIG],
            examples: &[(
                "trunkline account remove site-0042",
                "Nobody logs in under that name any more.",
            )],
            act: Act::Run(|matches| exit(remove(matches))),
        },
    ]),
};

/// The configuration, and what may be done to it.
fn configuration(matches: &Matches) -> PathBuf {
    matches.value(&CONFIG).unwrap_or(USUAL_FILE).into()
}

fn found(matches: &Matches) -> Result<Vec<config::FoundAccount>, Failure> {
    config::accounts(&configuration(matches)).map_err(|mistakes| {
        Failure::Configuration(config::show_all(&mistakes, Style::of(&std::io::stderr())))
    })
}

fn find(matches: &Matches) -> Result<config::FoundAccount, Failure> {
    let name = matches.operand(0).unwrap_or_default();
    let accounts = found(matches)?;
    let near = nearest(name, accounts.iter().map(|found| found.account.name.as_str()));
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    let missing = format!("there is no account {name}{hint}");
    accounts.into_iter().find(|found| found.account.name == name).ok_or(Failure::Other(missing))
}

/// The keys that the flags give, as TOML writes them.
fn keys(matches: &Matches) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut keys = Vec::new();
    if let Some(command) = matches.value(&PROGRAM) {
        let words = words(command).map_err(|error| matches.wrong(format!("--program: {error}")))?;
        keys.push(("program", edit::list(&words)));
    }
    if matches.has(&ON) {
        keys.push((
            "on",
            edit::text(if answer::on(matches)? == On::Pipe { "pipe" } else { "pty" }),
        ));
    }
    for (key, flag) in [("user", USER), ("directory", DIRECTORY), ("deny", DENY)] {
        keys.extend(matches.value(&flag).map(|value| (key, edit::text(value))));
    }
    Ok(keys)
}

fn add(matches: &Matches) -> Result<Exit, Failure> {
    let name = matches.operand(0).unwrap_or_default();
    if matches.has(&PROGRAM) == matches.has(&DENY) {
        return Err(matches
            .wrong("an account has either a --program or a text to --deny with")
            .into());
    }
    // A configuration with other mistakes, or none at all yet, is no hindrance; `check` tells about those.
    let known = config::accounts(&configuration(matches)).unwrap_or_default();
    if let Some(twin) = known.iter().find(|found| found.account.name == name) {
        return Err(Failure::Other(format!(
            "there is an account {name} already, in {}",
            twin.file.display()
        )));
    }
    let mut all = vec![("name", edit::text(name))];
    let given = keys(matches)?;
    // The rest must be right before anybody thinks up a password.
    checked(&edit::table(
        &[all.clone(), vec![("password", edit::text("env:-"))], given.clone()].concat(),
    ))?;
    all.push(("password", edit::text(&secret::hash(matches)?)));
    all.extend(given);
    let table = edit::table(&all);
    if matches.has(&PRINT) {
        return Ok(crate::show(&table));
    }
    let path = target(matches);
    let before = file::read(&path).map_err(|error| io(&path, &error))?;
    let header = if before.is_empty() {
        "# Who may log in. `trunkline account` adds and changes accounts here.\n"
    } else {
        ""
    };
    let after = edit::append(&format!("{header}{before}"), &table);
    checked(&after)?;
    file::write(&path, &after).map_err(|error| io(&path, &error))?;
    let mut said = format!("added {name} to {}\n", path.display());
    if !is_included(&configuration(matches), &path, name) {
        let base = configuration(matches);
        said.push_str(&format!(
            "{} doesn't include it yet; put at its top: include = [{}]\n",
            base.display(),
            edit::text(&seen_from(&base, &path))
        ));
    }
    Ok(crate::show(&said))
}

fn target(matches: &Matches) -> PathBuf {
    let beside = || configuration(matches).with_file_name("accounts.toml");
    matches.value(&FILE).map_or_else(beside, PathBuf::from)
}

fn is_included(configuration: &Path, path: &Path, name: &str) -> bool {
    let same = |file: &Path| fs::canonicalize(file).ok() == fs::canonicalize(path).ok();
    let known = config::accounts(configuration).unwrap_or_default();
    known.iter().any(|found| found.account.name == name && same(&found.file))
}

/// The file's path as the configuration would include it.
fn seen_from(configuration: &Path, path: &Path) -> String {
    let near = configuration.parent().and_then(|folder| path.strip_prefix(folder).ok());
    near.map_or_else(|| crate::place::absolute(path), Path::to_owned).display().to_string()
}

fn list(matches: &Matches) -> Result<Exit, Failure> {
    let accounts = found(matches)?;
    if matches.has(&JSON) {
        return Ok(crate::show(
            &accounts.iter().map(|found| format!("{}\n", object(found))).collect::<String>(),
        ));
    }
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let heading = ["ACCOUNT", "PROGRAM", "ON", "USER", "FILE"];
    Ok(crate::show(&table(heading, &rows, Style::of(&std::io::stdout()))))
}

fn row(found: &config::FoundAccount) -> [String; 5] {
    let account = &found.account;
    let service = match &account.deny {
        Some(text) => format!("denied: {text}"),
        None => account.program.join(" "),
    };
    let user = account.user.clone().unwrap_or_else(|| "-".to_owned());
    [
        account.name.clone(),
        service,
        on_word(account).to_owned(),
        user,
        found.file.display().to_string(),
    ]
}

fn object(found: &config::FoundAccount) -> Json {
    let account = &found.account;
    Json::object([
        ("account", account.name.as_str().into()),
        ("program", account.program.clone().into()),
        ("on", on_word(account).into()),
        ("user", account.user.clone().into()),
        ("deny", account.deny.clone().into()),
        ("file", found.file.display().to_string().into()),
    ])
}

fn on_word(account: &AccountConfig) -> &'static str {
    if account.on == On::Pipe { "pipe" } else { "pty" }
}

fn set(matches: &Matches) -> Result<Exit, Failure> {
    let found = find(matches)?;
    let name = &found.account.name;
    let mut keys = keys(matches)?;
    if matches.has(&PASSWORD) || matches.has(&secret::GENERATE) {
        keys.push(("password", edit::text(&secret::hash(matches)?)));
    }
    if keys.is_empty() {
        return Err(matches.wrong("nothing to change was given").into());
    }
    change(&found.file, |mut text| {
        for (key, value) in &keys {
            text = edit::set(&text, name, key, value)?;
        }
        // An account has the one or the other.
        text = if matches.has(&DENY) { edit::unset(&text, name, "program")? } else { text };
        if matches.has(&PROGRAM) { edit::unset(&text, name, "deny") } else { Ok(text) }
    })?;
    Ok(crate::show(&format!("changed {name} in {}\n", found.file.display())))
}

fn remove(matches: &Matches) -> Result<Exit, Failure> {
    let found = find(matches)?;
    let name = &found.account.name;
    change(&found.file, |text| edit::remove(&text, name))?;
    Ok(crate::show(&format!("removed {name} from {}\n", found.file.display())))
}

fn change(
    path: &Path,
    edit: impl FnOnce(String) -> Result<String, edit::EditError>,
) -> Result<(), Failure> {
    let before = file::read(path).map_err(|error| io(path, &error))?;
    let after =
        edit(before).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    checked(&after)?;
    file::write(path, &after).map_err(|error| io(path, &error))
}

/// Nothing is written that the next start would refuse.
fn checked(text: &str) -> Result<(), Failure> {
    config::check_accounts(text).map_err(|mistakes| {
        Failure::Configuration(config::show_all(&mistakes, Style::of(&std::io::stderr())))
    })
}

fn io(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Other(format!("{}: {error}", path.display()))
}
