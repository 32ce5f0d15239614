//! `trunkline answer`: an exchange without a configuration file.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use exchange::{
    AccountConfig, ExchangeConfig, ListenConfig, On, PasswordConfig, RootPrograms, Secret,
    SecretRef,
};
use line::{Personas, Phonebook};

use super::start::{self, Keep};
use super::{Failure, exit};
use crate::cli::{Act, CONTROL, Command, Exit, Flag, LOG, Matches, Usage, words};
use crate::instance::{Answering, Plan};
use crate::log::SaidBy;
use crate::password;
use crate::place::absolute;

const LISTEN: Flag = Flag {
    name: "listen",
    value: Some("ADDR"),
    help: "Where callers arrive (default 127.0.0.1:8023, this machine only); may be repeated",
};
const PROGRAM: Flag = Flag {
    name: "program",
    value: Some("CMD"),
    help: "What a caller gets after the login, by its absolute path (default your shell)",
};
pub(super) const ON: Flag = Flag {
    name: "on",
    value: Some("pty|pipe"),
    help: "Whether the program is on a terminal (default) or on a pipe that is 8-bit clean",
};
const USER: Flag = Flag {
    name: "user",
    value: Some("USER"),
    help: "The system user who runs the program (default you)",
};
const ACCOUNT: Flag =
    Flag { name: "account", value: Some("NAME"), help: "The login name (default guest)" };
const PASSWORD: Flag = Flag {
    name: "password-file",
    value: Some("FILE"),
    help: "A file with the password or its hash; by default one is made and printed",
};
const BANNER: Flag =
    Flag { name: "banner", value: Some("TEXT"), help: "What a caller sees before the login" };
const ROOT: Flag = Flag { name: "allow-root", value: None, help: "Let the program run as root" };
const SOCKET: Flag = Flag {
    name: "control",
    value: Some("PATH"),
    help: "Take orders at this socket, as `run` does",
};

pub(super) const COMMAND: Command = Command {
    name: "answer",
    about: "answer calls, without a configuration",
    text: "Callers speak telnet or raw TCP; they are told apart. Each logs in and gets the program.",
    operands: &[],
    flags: &[LISTEN, PROGRAM, ON, USER, ACCOUNT, PASSWORD, BANNER, ROOT, SOCKET, LOG],
    examples: &[
        ("trunkline answer", "A login shell for callers from this machine."),
        (
            "trunkline answer --listen 0.0.0.0:8023 --program '/usr/local/bin/collect --site 42' --on pipe --account site-0042 --password-file /etc/site-0042",
            "A program for the machines out there.",
        ),
    ],
    act: Act::Run(|matches| exit(answer(matches))),
};

fn answer(matches: &Matches) -> Result<Exit, Failure> {
    let filter = start::log_filter(matches)?;
    let mut listen = matches.parse_all::<SocketAddr>(&LISTEN)?;
    if listen.is_empty() {
        listen.push((Ipv4Addr::LOCALHOST, 8023).into());
    }
    let (account, made) = account(matches)?;
    let mut exchange = ExchangeConfig::default();
    exchange.login.banner =
        matches.value(&BANNER).map(|text| format!("{text}\n")).unwrap_or_default();
    exchange.listen = listen.into_iter().map(ListenConfig::at).collect();
    if matches.has(&ROOT) {
        exchange.root_programs = RootPrograms::Allow;
    }
    let personas = Personas::built_in().map_err(|error| Failure::Other(error.to_string()))?;
    let greeting = format!("login: {}\nPassword: ", account.name);
    let plan = Plan {
        answering: Some(Answering { exchange, accounts: vec![account] }),
        ..Plan::of(personas, Phonebook::default(), Vec::new())
    };
    crate::log::start(filter.unwrap_or_default(), SaidBy::CommandLine);
    let socket = matches.value(&CONTROL).map(|path| absolute(Path::new(path)));
    start::start(plan, Keep { socket, ..Keep::default() }, || {
        if let Some(password) = made {
            crate::show(&format!("{greeting}{password}\n"));
        }
    })
}

/// The one account, and its password if that was made here.
fn account(matches: &Matches) -> Result<(AccountConfig, Option<String>), Failure> {
    let program = match matches.value(&PROGRAM) {
        Some(command) => {
            words(command).map_err(|error| matches.wrong(format!("--program: {error}")))?
        }
        None => vec![shell()],
    };
    let (secret, made) = match matches.value(&PASSWORD) {
        Some(path) => (SecretRef::File(absolute(Path::new(path))), None),
        None => {
            let made = password::make()
                .map_err(|error| Failure::Other(format!("can't make a password: {error}")))?;
            (SecretRef::Given(Arc::new(Secret::new(made.clone().into_bytes()))), Some(made))
        }
    };
    let mut account = plain_account(matches.value(&ACCOUNT).unwrap_or("guest"), secret, program)?;
    account.on = on(matches)?;
    account.user = matches.value(&USER).map(str::to_owned);
    Ok((account, made))
}

pub(super) fn on(matches: &Matches) -> Result<On, Usage> {
    match matches.value(&ON) {
        None | Some("pty") => Ok(On::Pty),
        Some("pipe") => Ok(On::Pipe),
        Some(other) => Err(matches.wrong(format!("--on {other}: expected pty or pipe"))),
    }
}

/// The shell of whoever started this.
pub(super) fn shell() -> String {
    let shell = std::env::var("SHELL")
        .ok()
        .filter(|shell| shell.starts_with('/') && fs::metadata(shell).is_ok());
    shell.unwrap_or_else(|| "/bin/sh".to_owned())
}

/// An account with every default.
pub(super) fn plain_account(
    name: &str,
    password: SecretRef,
    program: Vec<String>,
) -> Result<AccountConfig, Failure> {
    let table = "name = \"\"\npassword = \"env:NONE\"";
    let account: AccountConfig =
        toml::from_str(table).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(AccountConfig {
        name: name.to_owned(),
        password: Some(PasswordConfig::Kept(password)),
        program,
        ..account
    })
}
