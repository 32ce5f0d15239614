//! `trunkline modem`: one line without a configuration file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use line::config::{
    FlowConfig, LockConfig, PtyConfig, PtyHangup, SerialConfig, TcpConfig, TcpProtocol, Wiring,
};
use line::{LineConfig, Personas, Phonebook};

use super::start::{self, Keep};
use super::{Failure, exit};
use crate::cli::{Act, Command, Exit, Flag, LOG, Matches, Usage, nearest};
use crate::instance::Plan;
use crate::log::SaidBy;
use crate::place::{self, absolute};

const PTY: Flag = Flag {
    name: "pty",
    value: Some("PATH"),
    help: "A program opens this name of a pseudo-terminal; the default, as `modem` in your runtime folder",
};
const SERIAL: Flag =
    Flag { name: "serial", value: Some("DEV"), help: "The equipment is on a serial port" };
const TCP: Flag = Flag {
    name: "tcp",
    value: Some("ADDR"),
    help: "The equipment connects to this address and port",
};
const UNIX: Flag =
    Flag { name: "unix", value: Some("PATH"), help: "The equipment connects to this UNIX socket" };
const STDIO: Flag = Flag {
    name: "stdio",
    value: None,
    help: "The equipment is whoever runs this: standard input and output",
};
const SPEED: Flag =
    Flag { name: "speed", value: Some("BPS"), help: "Speed of the serial port (default 9600)" };
const FORMAT: Flag =
    Flag { name: "format", value: Some("8N1"), help: "Format of the serial port, 7E1 to 8N2" };
const FLOW: Flag = Flag {
    name: "flow",
    value: Some("FLOW"),
    help: "Flow control of the serial port: rts-cts (default), xon-xoff, none",
};
const PROTOCOL: Flag = Flag {
    name: "protocol",
    value: Some("P"),
    help: "How signals travel on --tcp: raw (default, none do), ip232 or rfc2217",
};
const PERSONA: Flag = Flag {
    name: "persona",
    value: Some("NAME"),
    help: "Which modem to be (default hayes); see `trunkline personas`",
};
const INIT: Flag = Flag {
    name: "init",
    value: Some("CMDS"),
    help: "AT settings in place of the persona's, without AT: E0S0=1",
};
const LISTEN: Flag = Flag {
    name: "listen",
    value: Some("ADDR"),
    help: "Callers to this address and port make it ring; may be repeated",
};
const TELNET: Flag = Flag {
    name: "telnet",
    value: Some("MODE"),
    help: "Whether calls speak telnet: auto, on, off or binary-blind; by default as the address says",
};
const PORT: Flag =
    Flag { name: "port", value: Some("N"), help: "The port dialled when an address names none" };
#[cfg(feature = "configuration")]
const PHONEBOOK: Flag = Flag {
    name: "phonebook",
    value: Some("FILE"),
    help: "A configuration whose [phonebook] and personas are used",
};
const CALL: Flag =
    Flag { name: "default-call", value: Some("WHOM"), help: "Whom an ATD without a number calls" };
const DIAL_ACCESS: Flag = Flag {
    name: "dial-access",
    value: Some("RULES"),
    help: "Who may be dialled: `allow 10.0.0.0/8:23, default deny`",
};
const ANSWER_ACCESS: Flag =
    Flag { name: "answer-access", value: Some("RULES"), help: "Who may call, in the same way" };
const NAME: Flag =
    Flag { name: "name", value: Some("NAME"), help: "What the log calls the line (default modem)" };
const STATE: Flag =
    Flag { name: "state", value: Some("DIR"), help: "Where AT&W and AT&Z keep what they store" };
const TRACE: Flag = Flag {
    name: "trace",
    value: Some("FILE"),
    help: "Write what passes into a file, in hex, without passwords",
};
#[cfg(feature = "configuration")]
const SOCKET: Flag = Flag {
    name: "control",
    value: Some("PATH"),
    help: "Take orders at this socket, as `run` does",
};

pub(super) const COMMAND: Command = Command {
    name: "modem",
    about: "be one modem, without a configuration",
    text: "The modem is at a pseudo-terminal, a serial port, a socket, or on standard input and output. It dials with \
           ATD and is called at --listen.",
    operands: &[],
    flags: &[
        PTY,
        SERIAL,
        TCP,
        UNIX,
        STDIO,
        SPEED,
        FORMAT,
        FLOW,
        PROTOCOL,
        PERSONA,
        INIT,
        LISTEN,
        TELNET,
        PORT,
        #[cfg(feature = "configuration")]
        PHONEBOOK,
        CALL,
        DIAL_ACCESS,
        ANSWER_ACCESS,
        NAME,
        STATE,
        TRACE,
        #[cfg(feature = "configuration")]
        SOCKET,
        LOG,
    ],
    examples: &[
        (
            "trunkline modem --pty /tmp/modem",
            "Then `picocom /tmp/modem`, and ATDT10.0.0.7:8023 dials.",
        ),
        (
            "trunkline modem --serial /dev/ttyUSB0 --speed 19200 --listen 0.0.0.0:4001",
            "Equipment on a cable, which callers reach at port 4001.",
        ),
        (
            "trunkline modem --stdio --persona rtu",
            "A modem for a program that starts it, such as `chat`.",
        ),
    ],
    act: Act::Run(|matches| exit(modem(matches))),
};

fn modem(matches: &Matches) -> Result<Exit, Failure> {
    let filter = start::log_filter(matches)?;
    let (personas, phonebook) = book(matches)?;
    let line = line(matches, &personas)?;
    crate::log::start(filter.unwrap_or_default(), SaidBy::CommandLine);
    let keep = Keep {
        #[cfg(feature = "configuration")]
        socket: matches.value(&SOCKET).map(|path| absolute(Path::new(path))),
        #[cfg(feature = "configuration")]
        file: None,
        until: line.stdio.then(|| line.name.clone()),
    };
    let plan = Plan {
        state: matches.value(&STATE).map(|path| absolute(Path::new(path))),
        ..Plan::of(personas, phonebook, vec![line])
    };
    start::start(plan, keep, || {})
}

/// The personas and the phonebook that the line uses.
#[cfg(feature = "configuration")]
fn book(matches: &Matches) -> Result<(Personas, Phonebook), Failure> {
    match matches.value(&PHONEBOOK) {
        Some(file) => {
            let plan = super::run::load(Path::new(file))?.plan;
            Ok((plan.personas, plan.phonebook))
        }
        None => empty_book(),
    }
}

#[cfg(not(feature = "configuration"))]
fn book(_: &Matches) -> Result<(Personas, Phonebook), Failure> {
    empty_book()
}

fn empty_book() -> Result<(Personas, Phonebook), Failure> {
    let personas = Personas::built_in().map_err(|error| Failure::Other(error.to_string()))?;
    Ok((personas, Phonebook::default()))
}

/// The line that the flags describe.
fn line(matches: &Matches, personas: &Personas) -> Result<LineConfig, Usage> {
    let mut line = LineConfig::new(matches.value(&NAME).unwrap_or("modem"));
    plug(matches, &mut line)?;
    if let Some(persona) = matches.value(&PERSONA) {
        if personas.get(persona).is_none() {
            let near = nearest(persona, personas.names());
            let hint = near.map_or_else(
                || "; `trunkline personas` shows those there are".to_owned(),
                |near| format!("; did you mean {near}?"),
            );
            return Err(matches.wrong(format!("there is no persona {persona}{hint}")));
        }
        line.persona = persona.to_owned();
    }
    line.init = matches.value(&INIT).unwrap_or_default().to_owned();
    line.listen.0 = matches.parse_all::<SocketAddr>(&LISTEN)?;
    line.port = matches.parse(&PORT)?;
    line.default_call = matches.value(&CALL).map(str::to_owned);
    line.trace = matches.value(&TRACE).map(|path| absolute(Path::new(path)));
    if let Some(mode) = matches.parse(&TELNET)? {
        line.telnet = Some(settings::Parsed(mode));
    }
    if let Some(rules) = matches.parse(&DIAL_ACCESS)? {
        line.dial_access.0 = rules;
    }
    if let Some(rules) = matches.parse(&ANSWER_ACCESS)? {
        line.answer_access.0 = rules;
    }
    Ok(line)
}

/// Where the equipment plugs in.
fn plug(matches: &Matches, line: &mut LineConfig) -> Result<(), Usage> {
    let given: Vec<&str> = [PTY, SERIAL, TCP, UNIX, STDIO]
        .iter()
        .filter(|flag| matches.has(flag))
        .map(|flag| flag.name)
        .collect();
    if let [first, second, ..] = given[..] {
        return Err(matches.wrong(format!(
            "--{first} and --{second} exclude each other: equipment plugs in at one place"
        )));
    }
    for (flag, of) in [(SPEED, SERIAL), (FORMAT, SERIAL), (FLOW, SERIAL), (PROTOCOL, TCP)] {
        if matches.has(&flag) && !matches.has(&of) {
            return Err(matches.wrong(format!("--{} goes with --{}", flag.name, of.name)));
        }
    }
    if let Some(device) = matches.value(&SERIAL) {
        line.serial = Some(Box::new(serial(matches, device)?));
    } else if let Some(listen) = matches.parse(&TCP)? {
        line.tcp = Some(TcpConfig { listen, protocol: protocol(matches)? });
    } else if let Some(path) = matches.value(&UNIX) {
        line.unix = Some(absolute(Path::new(path)));
    } else if matches.has(&STDIO) {
        line.stdio = true;
    } else {
        let link = matches.value(&PTY).map_or_else(usual_link, |path| absolute(Path::new(path)));
        line.pty = Some(PtyConfig { link, mode: None, hangup: PtyHangup::Keep });
    }
    Ok(())
}

/// The name of a pseudo-terminal that nobody named.
pub(super) fn usual_link() -> PathBuf {
    place::runtime().join("modem")
}

fn serial(matches: &Matches, device: &str) -> Result<SerialConfig, Usage> {
    let flow = match matches.value(&FLOW) {
        None | Some("rts-cts") => FlowConfig::RtsCts,
        Some("xon-xoff") => FlowConfig::XonXoff,
        Some("none") => FlowConfig::None,
        Some(other) => {
            return Err(
                matches.wrong(format!("--flow {other}: expected rts-cts, xon-xoff or none"))
            );
        }
    };
    Ok(SerialConfig {
        device: absolute(Path::new(device)),
        speed: matches.parse(&SPEED)?.unwrap_or(9600),
        format: settings::Parsed(matches.parse(&FORMAT)?.unwrap_or_default()),
        flow,
        wiring: Wiring::default(),
        lock: LockConfig::default(),
    })
}

fn protocol(matches: &Matches) -> Result<TcpProtocol, Usage> {
    match matches.value(&PROTOCOL) {
        None | Some("raw") => Ok(TcpProtocol::Raw),
        Some("ip232") => Ok(TcpProtocol::Ip232),
        Some("rfc2217") => Ok(TcpProtocol::Rfc2217),
        Some(other) => {
            Err(matches.wrong(format!("--protocol {other}: expected raw, ip232 or rfc2217")))
        }
    }
}
