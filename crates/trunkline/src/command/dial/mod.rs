//! `trunkline dial`: an operator's terminal.

mod conversation;
#[cfg(feature = "ssh")]
mod host;
#[cfg(feature = "modems")]
mod telephone;
mod tilde;
#[cfg(feature = "tls")]
mod trust;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use at::dial::Dial;
use at::result::{Cause, CauseRules, ResultCode, XLevel};
use carrier::{AccessList, CallOptions, DialError};
use line::{LineConfig, Personas, Phonebook, Route, route};
use telnet::{Profile, TerminalName, WindowSize};
use tty::{RawTerminal, Stdio, terminal_size};

use self::conversation::{Conversation, Operator};
use super::{Failure, exit, start};
use crate::cli::{Act, Command, Count, Exit, Flag, LOG, Matches, Operand};
use crate::limits::{DIAL_PATIENCE, LAST_WORDS};
use crate::log::{Filter, SaidBy};
use crate::runtime::{self, Threads};

#[cfg(feature = "configuration")]
const CONFIG: Flag = Flag {
    name: "config",
    value: Some("FILE"),
    help: "The configuration whose [phonebook] is used (default trunkline.toml, if it is here)",
};
#[cfg(feature = "configuration")]
const LINE: Flag = Flag {
    name: "line",
    value: Some("LINE"),
    help: "Dial as this line of the configuration would, with its rules and defaults",
};
const TELNET: Flag = Flag {
    name: "telnet",
    value: Some("MODE"),
    help: "auto, on, off or binary-blind; by default as the address says",
};
const PATIENCE: Flag = Flag {
    name: "patience",
    value: Some("SPAN"),
    help: "How long to wait for an answer (default 60s)",
};

pub(super) const COMMAND: Command = Command {
    name: "dial",
    about: "call whatever a line could dial, from this terminal",
    text: "TARGET is a number or name of the phonebook, an address as ATD takes it, or a URL. At the start of a line, \
           ~. hangs up and ~? lists what else there is. On a pipe, every byte is for the far end.\n\n\
           The exit status is 0 when the call ended in order; otherwise it is the modem's number: 3 no carrier, 6 no \
           dial tone (no network), 7 busy (refused), 8 no answer.",
    operands: &[Operand { name: "TARGET", count: Count::One, help: "Whom to call" }],
    flags: &[
        #[cfg(feature = "configuration")]
        CONFIG,
        #[cfg(feature = "configuration")]
        LINE,
        TELNET,
        #[cfg(feature = "ssh")]
        host::IDENTITY,
        #[cfg(feature = "ssh")]
        host::UNKNOWN_HOSTS,
        PATIENCE,
        #[cfg(feature = "tls")]
        trust::CA,
        #[cfg(feature = "tls")]
        trust::FINGERPRINT,
        #[cfg(feature = "tls")]
        trust::CERTIFICATE,
        #[cfg(feature = "tls")]
        trust::KEY,
        #[cfg(feature = "tls")]
        trust::INSECURE,
        LOG,
    ],
    examples: &[
        (
            "trunkline dial 10.0.0.7:8023",
            "Call an exchange, or anything that speaks telnet or raw TCP.",
        ),
        (
            "trunkline dial 2345678 --line pump-house",
            "Call what the pump house would reach under that number.",
        ),
    ],
    act: Act::Run(|matches| exit(dial(matches))),
};

fn dial(matches: &Matches) -> Result<Exit, Failure> {
    let filter = start::log_filter(matches)?;
    let patience = matches.parse::<settings::Span>(&PATIENCE)?.map_or(DIAL_PATIENCE, |span| span.0);
    let mode = matches.parse(&TELNET)?;
    let lookup = Lookup::new(matches)?;
    let target = matches.operand(0).unwrap_or_default();
    let dial = Dial::parse(target.as_bytes())
        .map_err(|error| matches.wrong(format!("{target}: {error}")))?;
    crate::log::start(filter.unwrap_or_else(Filter::warnings), SaidBy::CommandLine);

    let route = lookup.route(&dial);
    #[cfg(feature = "modems")]
    if let Some(words) = telephone::instead(target, route.as_ref().map_or(&[], |r| &r.addresses)) {
        return Err(Failure::Other(words));
    }
    let route = match route {
        Ok(route) => route,
        Err(cause) => return Ok(failed(&format!("{target}: {}", cause.words()), cause)),
    };
    #[cfg(feature = "tls")]
    let route = Route { tls: trust::settings(matches, route.tls.clone())?, ..route };
    #[cfg(feature = "ssh")]
    let route = Route { ssh: host::settings(matches, route.ssh.clone())?, ..route };
    let terminal = terminal_name().unwrap_or(route.terminal);
    let size = terminal_size().map(|size| WindowSize { columns: size.columns, rows: size.rows });
    let options = CallOptions {
        telnet: mode.or(route.telnet),
        tls: route.tls,
        profile: Profile::Human,
        ssh: Some(route.ssh.client(&terminal, size)),
        terminal: Some(terminal),
        size,
        ..CallOptions::default()
    };
    let routes: Vec<_> = route
        .addresses
        .into_iter()
        .map(|address| carrier::Route { address, options: options.clone() })
        .collect();
    let call = call(&routes, &lookup.line.dial_access.0, patience);
    runtime::run(Threads::One, call)
        .map_err(|error| Failure::Other(format!("can't start: {error}")))?
}

/// What a line would look up, and how.
struct Lookup {
    line: LineConfig,
    personas: Personas,
    phonebook: Phonebook,
}

impl Lookup {
    #[cfg(feature = "configuration")]
    fn new(matches: &Matches) -> Result<Self, Failure> {
        use crate::config::USUAL_FILE;
        let here = || std::path::Path::new(USUAL_FILE).exists().then_some(USUAL_FILE);
        let Some(file) = matches.value(&CONFIG).or_else(here) else {
            return match matches.value(&LINE) {
                None => Self::bare(),
                Some(_) => {
                    let message =
                        format!("--line needs a configuration, and there is no {USUAL_FILE} here");
                    Err(matches.wrong(message).into())
                }
            };
        };
        let plan = super::run::load(std::path::Path::new(file))?.plan;
        let line = match matches.value(&LINE) {
            None => LineConfig::new("dial"),
            Some(name) => {
                let found = plan.lines.into_iter().find(|line| line.name == name);
                found.ok_or_else(|| matches.wrong(format!("{file} has no line {name}")))?
            }
        };
        Ok(Self { line, personas: plan.personas, phonebook: plan.phonebook })
    }

    #[cfg(not(feature = "configuration"))]
    fn new(_: &Matches) -> Result<Self, Failure> {
        Self::bare()
    }

    /// Nothing is configured: addresses and URLs only.
    fn bare() -> Result<Self, Failure> {
        let personas = Personas::built_in().map_err(|error| Failure::Other(error.to_string()))?;
        Ok(Self { line: LineConfig::new("dial"), personas, phonebook: Phonebook::default() })
    }

    fn route(&self, dial: &Dial) -> Result<Route, Cause> {
        // The configuration has been checked for it.
        let persona = self.personas.get(&self.line.persona).ok_or(Cause::Io)?;
        route(dial, persona, &self.phonebook, &self.line)
    }
}

/// The operator's own terminal, as far as its name fits into telnet.
fn terminal_name() -> Option<TerminalName> {
    if !io::stdout().is_terminal() {
        return None;
    }
    std::env::var("TERM").ok()?.to_ascii_uppercase().parse().ok()
}

async fn call(
    routes: &[carrier::Route],
    access: &AccessList,
    patience: Duration,
) -> Result<Exit, Failure> {
    let operator = if io::stdin().is_terminal() { Operator::Person } else { Operator::Program };
    let dialling = carrier::dial_first(routes, access, Some(patience));
    let dialled = tokio::select! {
        dialled = tokio::time::timeout(patience, dialling) => dialled,
        _ = tokio::signal::ctrl_c() => return Ok(failed("given up", Cause::DteAbort)),
    };
    let call = match dialled {
        Ok(Ok((_, call))) => call,
        Ok(Err(error)) => {
            return Ok(failed(&crate::failure::chain(&error), DialError::cause(&error)));
        }
        Err(_) => return Ok(failed(Cause::TimedOut.words(), Cause::TimedOut)),
    };
    if operator == Operator::Person {
        eprintln!("CONNECT {} (~? for help)", call.peer());
    }
    let no_terminal = |error| Failure::Other(format!("can't use the terminal: {error}"));
    let raw = RawTerminal::enter().map_err(no_terminal)?;
    let stdio = Stdio::open().map_err(no_terminal)?;
    let (cause, call) = Conversation::new(call, stdio, operator).hold().await;
    drop(raw);
    call.hang_up(LAST_WORDS).await;
    if operator == Operator::Person {
        eprintln!("\nNO CARRIER: {}", cause.words());
    }
    Ok(match cause {
        Cause::LocalHangUp | Cause::RemoteHangUp => Exit::Done,
        _ => status(cause),
    })
}

/// Says why there was no call, in the words of modems and of people.
fn failed(words: &str, cause: Cause) -> Exit {
    let code = cause.result(XLevel::new(4), &CauseRules::default());
    crate::failure::complain(&format!("{}: {words}", words_of(code)));
    status(cause)
}

fn status(cause: Cause) -> Exit {
    Exit::Call(match cause.result(XLevel::new(4), &CauseRules::default()) {
        ResultCode::NoDialtone => 6,
        ResultCode::Busy => 7,
        ResultCode::NoAnswer => 8,
        _ => 3,
    })
}

const fn words_of(code: ResultCode) -> &'static str {
    match code {
        ResultCode::NoDialtone => "NO DIALTONE",
        ResultCode::Busy => "BUSY",
        ResultCode::NoAnswer => "NO ANSWER",
        _ => "NO CARRIER",
    }
}
