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

/// Where the page is, or the next free port after it.
#[cfg(feature = "web")]
const PAGE_PORT: u16 = 8080;

/// The login name.
const GUEST: &str = "guest";

pub(super) fn run(matches: &Matches) -> Result<Exit, Failure> {
    let filter = start::log_filter(matches)?;
    let secret = password::make()
        .map_err(|error| Failure::Other(format!("can't make a password: {error}")))?;
    let exchange = free_address(PORT)?;
    let link = modem::usual_link();
    #[cfg(feature = "web")]
    let page = page(&secret)?;

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
        #[cfg(feature = "web")]
        page: Some(page.clone()),
        ..Plan::of(personas, Phonebook::default(), vec![line])
    };
    // What is printed below is the thing to read; the log would bury it.
    crate::log::start(filter.unwrap_or_else(Filter::warnings), SaidBy::CommandLine);
    let socket =
        matches.value(&CONTROL).map_or_else(control::usual_place, |path| absolute(Path::new(path)));
    let guide = Guide {
        link,
        exchange,
        secret,
        #[cfg(feature = "web")]
        page: page.config.listen.0.first().copied(),
        #[cfg(not(feature = "web"))]
        page: None,
    };
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

/// A page for this machine, with the same password as the exchange.
#[cfg(feature = "web")]
fn page(secret: &str) -> Result<crate::instance::Page, Failure> {
    let config = web::WebConfig {
        listen: settings::OneOrMany(vec![free_address(PAGE_PORT)?]),
        ..web::WebConfig::default()
    };
    let operator = web::OperatorConfig {
        name: crate::instance::FIRST_OPERATOR.to_owned(),
        password: SecretRef::Given(Arc::new(Secret::new(secret.as_bytes().to_vec()))),
        role: web::Role::Operator,
    };
    Ok(crate::instance::Page { config, operators: vec![operator] })
}

/// The usual port, or the first one above it that is free.
fn free_address(first: u16) -> Result<SocketAddr, Failure> {
    let addresses = (first..first + 100).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let free = |address: &SocketAddr| TcpListener::bind(address).is_ok();
    addresses.into_iter().find(free).ok_or_else(|| {
        Failure::Other(format!(
            "there is no free port on this machine from {first} to {}",
            first + 99
        ))
    })
}

/// What to type next.
struct Guide {
    link: PathBuf,
    exchange: SocketAddr,
    secret: String,
    page: Option<SocketAddr>,
}

impl Guide {
    fn text(&self, style: Style) -> String {
        let Self { link, exchange, secret, page } = self;
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
        .into_iter()
        .chain(page.iter().flat_map(|page| {
            [
                format!("To see it live, open {} and log in as", style.bold(format!("http://{page}"))),
                "`operator` with the same password.".to_owned(),
                String::new(),
            ]
        }))
        .collect::<Vec<_>>()
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
