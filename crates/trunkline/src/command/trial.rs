//! `trunkline run` without a configuration: a modem and an exchange to try, and what to type.

use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange::{AccountConfig, ExchangeConfig, ListenConfig, Secret, SecretRef};
use line::config::{PtyConfig, PtyHangup};
use line::{LineConfig, Personas, Phonebook};

use super::start::{self, Keep};
use super::{Failure, answer, modem};
use crate::cli::{CONTROL, Exit, Matches};
use crate::instance::{Answering, Plan};
use crate::log::{Filter, SaidBy};
use crate::place::absolute;
use crate::style::Style;
use crate::{control, password};

/// Where the exchange listens, or the next free port after it.
const PORT: u16 = 8023;

/// The login name.
const GUEST: &str = "guest";

pub(super) fn run(matches: &Matches) -> Result<Exit, Failure> {
    let filter = start::log_filter(matches)?;
    let secret = password::make()
        .map_err(|error| Failure::Other(format!("can't make a password: {error}")))?;
    let exchange = free_address()?;
    let link = modem::usual_link();

    let mut line = LineConfig::new("modem");
    line.pty = Some(PtyConfig { link: link.clone(), mode: None, hangup: PtyHangup::Keep });
    let personas = Personas::built_in().map_err(|error| Failure::Other(error.to_string()))?;
    let plan = Plan {
        answering: Some(Answering {
            exchange: ExchangeConfig {
                listen: vec![ListenConfig::at(exchange)],
                ..quiet_exchange()
            },
            accounts: vec![account(&secret)?],
        }),
        ..Plan::of(personas, Phonebook::default(), vec![line])
    };
    // What is printed below is the thing to read; the log would bury it.
    crate::log::start(filter.unwrap_or_else(Filter::warnings), SaidBy::CommandLine);
    let socket =
        matches.value(&CONTROL).map_or_else(control::usual_place, |path| absolute(Path::new(path)));
    let guide = Guide { link, exchange, secret };
    start::start(plan, Keep { socket: Some(socket), ..Keep::default() }, || {
        crate::show(&guide.text(Style::of(&std::io::stdout())));
    })
}

/// A handful of calls from this machine.
fn quiet_exchange() -> ExchangeConfig {
    let mut exchange = ExchangeConfig::default();
    exchange.limits.calls = 16;
    exchange.login.welcome = "\nYou are through. `exit` ends the call.\n".to_owned();
    exchange
}

/// A shell; never root's, even here.
fn account(secret: &str) -> Result<AccountConfig, Failure> {
    let password = SecretRef::Given(Arc::new(Secret::new(secret.as_bytes().to_vec())));
    let mut account = answer::plain_account(GUEST, password, vec![answer::shell()])?;
    if rustix::process::geteuid().is_root() {
        account.program = vec!["/bin/sh".to_owned()];
        account.user = Some("nobody".to_owned());
    } else {
        account.directory = env::var_os("HOME").map(PathBuf::from);
    }
    Ok(account)
}

/// The usual port, or the first one above it that is free.
fn free_address() -> Result<SocketAddr, Failure> {
    let addresses = (PORT..PORT + 100).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let free = |address: &SocketAddr| TcpListener::bind(address).is_ok();
    addresses.into_iter().find(free).ok_or_else(|| {
        Failure::Other(format!(
            "there is no free port on this machine from {PORT} to {}",
            PORT + 99
        ))
    })
}

/// What to type next.
struct Guide {
    link: PathBuf,
    exchange: SocketAddr,
    secret: String,
}

impl Guide {
    fn text(&self, style: Style) -> String {
        let Self { link, exchange, secret } = self;
        let typed = |text: String| format!("    {}", style.bold(text));
        [
            format!("A modem is ready at {}, an exchange at {exchange}.", link.display()),
            String::new(),
            "Open the modem in another window:".to_owned(),
            String::new(),
            typed(terminal_program(link)),
            String::new(),
            "Dial the exchange:".to_owned(),
            String::new(),
            typed(format!("ATDT{exchange}")),
            String::new(),
            "and log in:".to_owned(),
            String::new(),
            format!("    login: {}", style.bold(GUEST)),
            format!("    Password: {}", style.bold(secret)),
            String::new(),
            "You get a shell. `exit` ends the call; so does +++, a second's pause, and ATH.".to_owned(),
            "`trunkline calls`, in a third window, shows who is on the line. Ctrl-C here ends it all.".to_owned(),
            String::new(),
        ]
        .join("\n")
    }
}

/// How to open the modem with what is installed here.
fn terminal_program(link: &Path) -> String {
    let link = link.display();
    let installed = |program: &str| {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    match () {
        () if installed("picocom") => {
            format!("picocom {link}        (leave it with Ctrl-A Ctrl-X)")
        }
        () if installed("minicom") => format!("minicom -D {link}     (leave it with Ctrl-A X)"),
        () if installed("screen") => format!("screen {link}         (leave it with Ctrl-A k)"),
        () if installed("cu") => format!("cu -l {link}          (leave it with ~.)"),
        () => format!("picocom {link}        (to be installed first, or cu, minicom, screen)"),
    }
}
