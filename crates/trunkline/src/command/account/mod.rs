//! `trunkline account`: the accounts of a configuration.

mod edit;
mod file;
mod import;
mod place;
pub(super) mod secret;
#[cfg(feature = "store")]
mod shelf;
mod witness;

use exchange::{AccountConfig, BuiltIn, On, PasswordConfig, SecretRef};
use place::{Accounts, Keys, Known, Place, checked};

use super::{Failure, answer, exit};
use crate::cli::{Act, Command, Count, Exit, Flag, JSON, Matches, Operand, words};
use crate::config::USUAL_FILE;
use crate::control::Deed;
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
    help: "The file to add it to (default the store, or without one accounts.toml beside the configuration)",
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
const SET: Flag = Flag {
    name: "set",
    value: Some("KEY=VALUE"),
    help: "Any other key of an [[account]] table, such as sources='[\"10.0.0.0/8\"]'; may be repeated",
};
const UNSET: Flag =
    Flag { name: "unset", value: Some("KEY"), help: "Take a key away; may be repeated" };
const LOCKED: Flag = Flag { name: "locked", value: None, help: "Nobody gets in with a password" };
const PASSWORD: Flag = Flag { name: "password", value: None, help: "Ask for a new password" };

pub(super) const COMMAND: Command = Command {
    name: "account",
    about: "add, list, change and remove the accounts of a configuration",
    text: "With `store` in [exchange], accounts are kept there, and a running instance knows of a change within two \
           seconds; accounts in files it knows after `trunkline reload`.",
    operands: &[],
    flags: &[],
    examples: &[],
    act: Act::Choose(&[
        Command {
            name: "add",
            about: "add an account",
            text: "Asks for the password, or reads it from standard input if that is no terminal. Only its argon2id \
                   hash is kept. A --machine gets a secret that is made for it and quick to check.",
            operands: &[NAME],
            flags: &[
                PROGRAM,
                ON,
                USER,
                DIRECTORY,
                DENY,
                SET,
                secret::GENERATE,
                secret::MACHINE,
                secret::GIVEN,
                LOCKED,
                CONFIG,
                FILE,
                PRINT,
            ],
            examples: &[(
                "trunkline account add site-0042 --machine --program '/usr/local/software --site 42' --on pipe --user rtu",
                "A machine's account; its secret is printed this once.",
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
            flags: &[
                PASSWORD,
                secret::GENERATE,
                secret::MACHINE,
                secret::GIVEN,
                LOCKED,
                PROGRAM,
                ON,
                USER,
                DIRECTORY,
                DENY,
                SET,
                UNSET,
                CONFIG,
            ],
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
        import::COMMAND,
    ]),
};

/// The accounts of the configuration that was named.
fn accounts(matches: &Matches) -> Accounts {
    Accounts::of(matches.value(&CONFIG).unwrap_or(USUAL_FILE).into())
}

/// The keys that the flags give, as TOML writes them.
fn keys(matches: &Matches) -> Result<Keys, Failure> {
    let mut keys = Vec::new();
    if let Some(command) = matches.value(&PROGRAM) {
        let words = words(command).map_err(|error| matches.wrong(format!("--program: {error}")))?;
        keys.push(("program".to_owned(), edit::list(&words)));
    }
    if matches.has(&ON) {
        let on = if answer::on(matches)? == On::Pipe { "pipe" } else { "pty" };
        keys.push(("on".to_owned(), edit::text(on)));
    }
    for (key, flag) in [("user", USER), ("directory", DIRECTORY), ("deny", DENY)] {
        keys.extend(matches.value(&flag).map(|value| (key.to_owned(), edit::text(value))));
    }
    for pair in matches.values(&SET) {
        let wrong = || matches.wrong(format!("--set {pair}: expected KEY=VALUE"));
        let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
        if ["name", "password"].contains(&key) {
            return Err(matches.wrong(format!("--set can't change the {key}")).into());
        }
        keys.push((key.to_owned(), edit::value(value)));
    }
    Ok(keys)
}

fn add(matches: &Matches) -> Result<Exit, Failure> {
    let name = matches.operand(0).unwrap_or_default();
    let service = matches.values(&SET).any(|pair| pair.starts_with("service="));
    let given = [matches.has(&PROGRAM), matches.has(&DENY), service];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err(matches
            .wrong("an account has either a --program, a text to --deny with, or a service: --set service=echo")
            .into());
    }
    let accounts = accounts(matches);
    if let Some(twin) = accounts.known()?.iter().find(|known| known.account.name == name) {
        return Err(Failure::Other(format!(
            "there is an account {name} already, in {}",
            twin.place.path().display()
        )));
    }
    let mut all = vec![("name".to_owned(), edit::text(name))];
    let given = keys(matches)?;
    // The rest must be right before anybody thinks up a password.
    let placeholder = vec![("password".to_owned(), edit::text("env:-"))];
    checked(&edit::table(&[all.clone(), placeholder, given.clone()].concat()))?;
    if matches.has(&LOCKED) {
        all.push(("password".to_owned(), edit::text("locked")));
    } else {
        let verifier = secret::verifier(matches, accounts.exchange.as_ref())?;
        all.push(("password".to_owned(), edit::text(&verifier)));
    }
    all.extend(given);
    if matches.has(&PRINT) {
        return Ok(crate::show(&edit::table(&all)));
    }
    let place = accounts.target(matches.value(&FILE));
    place.add(&all)?;
    let mut said = format!("added {name} to {}\n", place.path().display());
    said.push_str(&witness::note(&accounts, Deed::Added, name));
    match &place {
        Place::File(path) => said.push_str(&accounts.hint(path, name)),
        #[cfg(feature = "store")]
        Place::Store(_) => {}
    }
    Ok(crate::show(&said))
}

fn list(matches: &Matches) -> Result<Exit, Failure> {
    let all = accounts(matches).all()?;
    if matches.has(&JSON) {
        return Ok(crate::show(
            &all.iter().map(|known| format!("{}\n", object(known))).collect::<String>(),
        ));
    }
    let rows: Vec<_> = all.iter().map(row).collect();
    let heading = ["ACCOUNT", "OPENS BY", "PROGRAM", "ON", "USER", "IN"];
    Ok(crate::show(&table(heading, &rows, Style::of(&std::io::stdout()))))
}

fn row(known: &Known) -> [String; 6] {
    let account = &known.account;
    let service = match (&account.deny, account.service) {
        (Some(text), _) => format!("denied: {text}"),
        (None, Some(BuiltIn::Echo)) => "service: echo".to_owned(),
        (None, Some(BuiltIn::Collector)) => "service: collector".to_owned(),
        (None, None) => account.program.join(" "),
    };
    let user = account.user.clone().unwrap_or_else(|| "-".to_owned());
    [
        account.name.clone(),
        opened_by(account),
        service,
        on_word(account).to_owned(),
        user,
        known.place.path().display().to_string(),
    ]
}

/// What opens an account: never the secret itself, nor anything made of it.
fn opened_by(account: &AccountConfig) -> String {
    let password = match &account.password {
        None | Some(PasswordConfig::Locked) => None,
        Some(PasswordConfig::Kept(SecretRef::Hash(hash))) => {
            Some(if hash.starts_with("$argon2") { "password" } else { "machine secret" })
        }
        Some(PasswordConfig::Kept(_)) => Some("password"),
    };
    let keys = (!account.ssh_keys.is_empty()).then_some("ssh key");
    let certificates = (!account.certificates.is_empty()).then_some("certificate");
    let ways: Vec<&str> = [password, keys, certificates].into_iter().flatten().collect();
    if ways.is_empty() { "nothing: locked".to_owned() } else { ways.join(", ") }
}

fn object(known: &Known) -> Json {
    let account = &known.account;
    Json::object([
        ("account", account.name.as_str().into()),
        ("opens-by", opened_by(account).into()),
        ("program", account.program.clone().into()),
        ("on", on_word(account).into()),
        ("user", account.user.clone().into()),
        ("deny", account.deny.clone().into()),
        ("file", known.place.path().display().to_string().into()),
    ])
}

fn on_word(account: &AccountConfig) -> &'static str {
    if account.on == On::Pipe { "pipe" } else { "pty" }
}

fn set(matches: &Matches) -> Result<Exit, Failure> {
    let accounts = accounts(matches);
    let known = accounts.find(matches.operand(0).unwrap_or_default())?;
    let name = &known.account.name;
    let mut keys = keys(matches)?;
    let secret = [&PASSWORD, &secret::GENERATE, &secret::MACHINE];
    if matches.has(&LOCKED) {
        keys.push(("password".to_owned(), edit::text("locked")));
    } else if secret.iter().any(|flag| matches.has(flag)) {
        let verifier = secret::verifier(matches, accounts.exchange.as_ref())?;
        keys.push(("password".to_owned(), edit::text(&verifier)));
    }
    let mut without: Vec<String> = matches.values(&UNSET).map(str::to_owned).collect();
    if without.iter().any(|key| key == "name") {
        return Err(matches.wrong("an account can't be without its name").into());
    }
    if keys.is_empty() && without.is_empty() {
        return Err(matches.wrong("nothing to change was given").into());
    }
    // An account has the one or the other.
    without.extend(matches.has(&DENY).then(|| "program".to_owned()));
    without.extend(matches.has(&PROGRAM).then(|| "deny".to_owned()));
    known.place.set(name, &keys, &without)?;
    let mut said = format!("changed {name} in {}\n", known.place.path().display());
    said.push_str(&witness::note(&accounts, Deed::Changed, name));
    Ok(crate::show(&said))
}

fn remove(matches: &Matches) -> Result<Exit, Failure> {
    let accounts = accounts(matches);
    let known = accounts.find(matches.operand(0).unwrap_or_default())?;
    let name = &known.account.name;
    known.place.remove(name)?;
    let mut said = format!("removed {name} from {}\n", known.place.path().display());
    said.push_str(&witness::note(&accounts, Deed::Removed, name));
    Ok(crate::show(&said))
}
