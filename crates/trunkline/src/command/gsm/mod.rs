//! `trunkline gsm`: the engineer's tool before a GSM module.

mod advice;
mod findings;
mod knock;
mod visit;

use std::io::IsTerminal as _;
use std::time::Duration;

use settings::{SecretRef, Span};
use translator::gsm::dialect::ALL;
use translator::gsm::{By, Dialect, Target};
use translator::{FlowConfig, GsmConfig, Power, ShutdownConfig};

use self::findings::Findings;
use self::visit::{Watcher, Wishes, visit};
use super::{Failure, exit, start};
use crate::cli::{Act, Command, Count, Exit, Flag, JSON, LOG, Matches, Operand};
use crate::log::{Filter, SaidBy};
use crate::runtime::{self, Threads};
use crate::style::Style;

const SPEED: Flag = Flag {
    name: "speed",
    value: Some("BITS"),
    help: "Bits per second of the port (default 115200)",
};
const FLOW: Flag = Flag { name: "flow", value: Some("HOW"), help: "rts-cts (default) or none" };
const DIALECT: Flag = Flag {
    name: "dialect",
    value: Some("NAME"),
    help: "Whose commands it has, as in a configuration; by default as it says of itself",
};
const PIN: Flag = Flag {
    name: "pin",
    value: Some("WHERE"),
    help: "Where the PIN is kept: file:PATH or env:NAME; it is tried once",
};
const APN: Flag = Flag { name: "apn", value: Some("NAME"), help: "The access point's name" };
const USER: Flag = Flag { name: "user", value: Some("NAME"), help: "Who logs in there" };
const PASSWORD: Flag = Flag {
    name: "password",
    value: Some("WHERE"),
    help: "Where the password for it is kept: file:PATH or env:NAME",
};
const WITHIN: Flag = Flag {
    name: "within",
    value: Some("SPAN"),
    help: "How long to search for a network (default 2m)",
};
const WATCH: Flag = Flag {
    name: "watch",
    value: Some("SPAN"),
    help: "Look at the signal for so long (default: once)",
};
const SHUTDOWN: Flag = Flag {
    name: "shutdown",
    value: Some("HOW"),
    help: "What stands in front of the SHUTDOWN by which it tells that the far end has closed: etx (default) or nothing",
};
const CALL: Flag = Flag { name: "call", value: Some("HOST:PORT"), help: "Try a call, and hang up" };

const POWER: Flag = Flag {
    name: "power",
    value: Some("HOW"),
    help: "Start it anew first: dtr, by dropping DTR for a second, or by a program with its arguments",
};

pub(super) const COMMAND: Command = Command {
    name: "gsm",
    about: "find out what is wrong with a GSM module",
    text: "The module on port DEVICE is woken, identified and registered; with --call it also brings up a data session \
           and opens a connection. What is found is printed, with a reason and a remedy for what fails. --log debug \
           shows the conversation with the module, without PIN and password: send that to whoever is to help.\n\n\
           The exit status is 0 when everything that was asked for is in order. An instance that uses the port must be \
           stopped first. Ctrl-C ends a call and the data session, lets a program of --power end, and leaves the port as it was; twice, \
           at once.",
    operands: &[Operand { name: "DEVICE", count: Count::One, help: "The module's port" }],
    flags: &[
        SPEED, FLOW, DIALECT, PIN, APN, USER, PASSWORD, WITHIN, POWER, WATCH, CALL, SHUTDOWN, JSON,
        LOG,
    ],
    examples: &[
        ("trunkline gsm /dev/ttyUSB0", "What is it, and has it a network?"),
        (
            "trunkline gsm /dev/ttyUSB0 --apn internet.example --call 10.0.0.7:8023",
            "Could it carry a line's calls?",
        ),
        (
            "trunkline gsm /dev/ttyUSB0 --watch 2m",
            "How does the signal hold, while the antenna is moved?",
        ),
        (
            "trunkline gsm /dev/ttyUSB0 --power dtr --log debug 2>module.log",
            "What does it say from its start on? That is the log to send.",
        ),
    ],
    act: Act::Run(|matches| exit(run(matches))),
};

fn run(matches: &Matches) -> Result<Exit, Failure> {
    let filter = start::log_filter(matches)?;
    let config = config(matches)?;
    let wishes = Wishes {
        call: matches.value(&CALL).map(|text| target(matches, text)).transpose()?,
        anew: matches.value(&POWER).map(|how| if how == "dtr" { By::Dtr } else { By::Power }),
        watch: matches.parse::<Span>(&WATCH)?.map_or(Duration::ZERO, |span| span.0),
        watcher: match std::io::stderr().is_terminal() && !matches.has(&JSON) {
            true => Watcher::Person,
            false => Watcher::None,
        },
    };
    crate::log::start(filter.unwrap_or_else(Filter::warnings), SaidBy::CommandLine);
    let findings = runtime::run(Threads::One, visit(&config, &wishes))
        .map_err(|error| Failure::Other(format!("can't begin: {error}")))?
        .map_err(Failure::Other)?;
    let status = if findings.trouble.is_none() { Exit::Done } else { Exit::Failed };
    let _ = crate::show(&match matches.has(&JSON) {
        true => format!("{}\n", findings.json()),
        false => Findings::text(&findings, Style::of(&std::io::stdout())),
    });
    Ok(status)
}

fn config(matches: &Matches) -> Result<GsmConfig, Failure> {
    let device = crate::place::absolute(matches.operand(0).unwrap_or_default().as_ref());
    let mut config = GsmConfig::new("module", device);
    if let Some(speed) = matches.parse(&SPEED)? {
        config.speed = speed;
    }
    config.flow = match matches.value(&FLOW) {
        None | Some("rts-cts") => FlowConfig::RtsCts,
        Some("none") => FlowConfig::None,
        Some(other) => {
            return Err(matches.wrong(format!("--flow {other}: expected rts-cts or none")).into());
        }
    };
    config.dialect = match matches.value(&DIALECT) {
        None => None,
        Some(name) => Some(Dialect::named(name).ok_or_else(|| {
            let known: Vec<_> = ALL.iter().map(|dialect| dialect.name).collect();
            matches.wrong(format!("--dialect {name}: expected one of {}", known.join(", ")))
        })?),
    };
    config.pin = matches.parse::<SecretRef>(&PIN)?;
    config.password = matches.parse::<SecretRef>(&PASSWORD)?;
    config.apn = matches.value(&APN).unwrap_or_default().to_owned();
    config.user = matches.value(&USER).unwrap_or_default().to_owned();
    if let Some(program) = matches.value(&POWER).filter(|how| *how != "dtr") {
        let words = program.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        config.power = Power::try_from(words)
            .map_err(|error| matches.wrong(format!("--power {program}: {error}")))?;
    }
    if let Some(within) = matches.parse(&WITHIN)? {
        config.register_within = within;
    }
    config.shutdown = match matches.value(&SHUTDOWN) {
        None | Some("etx") => ShutdownConfig::Etx,
        Some("nothing") => ShutdownConfig::Nothing,
        Some(other) => {
            return Err(matches
                .wrong(format!("--shutdown {other}: expected etx or nothing"))
                .into());
        }
    };
    config.session = translator::SessionConfig::PerCall;
    Ok(config.seen_from(crate::place::absolute))
}

fn target(matches: &Matches, text: &str) -> Result<Target, Failure> {
    let wrong = || matches.wrong(format!("--call {text}: expected a host and its port"));
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
    Ok(Target { host: host.to_owned(), port })
}
