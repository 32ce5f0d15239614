//! Asking for a password.

use std::io::{self, IsTerminal as _, Write as _};

use exchange::{
    ExchangeConfig, Pepper, Secret, hash_password, machine_verifier, make_machine_secret,
};
use tty::RawTerminal;

use crate::cli::{Flag, Matches};
use crate::command::Failure;
use crate::password;

/// Longest password read: more than any hash takes.
const LONGEST: usize = 1024;

pub(in crate::command) const GENERATE: Flag =
    Flag { name: "generate", value: None, help: "Make a password, and print it" };

pub(super) const MACHINE: Flag = Flag {
    name: "machine",
    value: None,
    help: "Make a machine's secret of 140 bits, and print it this once",
};
pub(super) const GIVEN: Flag = Flag {
    name: "given",
    value: None,
    help: "With --machine: read the secret from standard input; one that a person could have chosen is refused",
};

/// What an account's password is compared with, by what the command line says.
pub(super) fn verifier(
    matches: &Matches,
    exchange: Option<&ExchangeConfig>,
) -> Result<String, Failure> {
    if !matches.has(&MACHINE) {
        return hash(matches);
    }
    if matches.has(&GENERATE) {
        return Err(matches.wrong("a --machine's secret is made anyway").into());
    }
    let told = |error: &dyn std::error::Error| Failure::Other(error.to_string());
    let pepper = exchange.map(pepper).transpose()?.flatten();
    let given = matches.has(&GIVEN);
    let secret = if given {
        ask().map_err(|error| Failure::Other(format!("no secret: {error}")))?
    } else {
        make_machine_secret().map_err(|error| told(&error))?
    };
    let verifier = machine_verifier(&secret, pepper.as_deref()).map_err(|error| told(&error))?;
    if !given {
        crate::show(&format!("secret: {}\n", String::from_utf8_lossy(secret.expose())));
    }
    Ok(verifier)
}

fn pepper(exchange: &ExchangeConfig) -> Result<Option<std::sync::Arc<Pepper>>, Failure> {
    crate::instance::pepper(exchange).map_err(|error| Failure::Other(crate::failure::chain(&error)))
}

/// The hash of a password that is typed twice, comes in one line of standard input, or is made here and printed.
pub(in crate::command) fn hash(matches: &Matches) -> Result<String, Failure> {
    let secret = if matches.has(&GENERATE) {
        let made = password::make()
            .map_err(|error| Failure::Other(format!("can't make a password: {error}")))?;
        crate::show(&format!("password: {made}\n"));
        Secret::new(made.into_bytes())
    } else {
        ask().map_err(|error| Failure::Other(format!("no password: {error}")))?
    };
    hash_password(&secret).map_err(|error| Failure::Other(crate::failure::chain(&error)))
}

fn ask() -> io::Result<Secret> {
    if !io::stdin().is_terminal() {
        return line(|| byte(&mut io::stdin().lock()), |_| {});
    }
    let first = typed("Password: ")?;
    let again = typed("Again: ")?;
    if first.expose() == again.expose() {
        Ok(first)
    } else {
        Err(io::Error::other("the two are not the same"))
    }
}

/// What is typed after a prompt, unseen.
fn typed(prompt: &str) -> io::Result<Secret> {
    // First of all: nothing that is typed ahead of the prompt is to be seen either.
    let raw = RawTerminal::enter()?;
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let secret = line(
        || byte(&mut io::stdin().lock()),
        |typed| typed.truncate(typed.len().saturating_sub(1)),
    );
    drop(raw);
    writeln!(terminal)?;
    secret
}

fn byte(input: &mut impl io::Read) -> io::Result<Option<u8>> {
    let mut byte = [0; 1];
    Ok((input.read(&mut byte)? > 0).then_some(byte[0]))
}

/// Bytes up to a line's end, with what a terminal in raw mode leaves to us.
fn line(
    mut next: impl FnMut() -> io::Result<Option<u8>>,
    erase: impl Fn(&mut Vec<u8>),
) -> io::Result<Secret> {
    // Never grows, so it leaves no copies behind.
    let mut bytes = Vec::with_capacity(LONGEST);
    loop {
        match next()? {
            None | Some(b'\r' | b'\n') => return Ok(Secret::new(bytes)),
            Some(3) => return Err(io::Error::from(io::ErrorKind::Interrupted)),
            Some(8 | 127) => erase(&mut bytes),
            Some(byte) if bytes.len() < LONGEST => bytes.push(byte),
            Some(_) => return Err(io::Error::other("it is too long")),
        }
    }
}
