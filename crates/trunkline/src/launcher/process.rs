//! What the launcher's process does.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use exchange::LaunchRules;
use rustix::net::SocketType;
use rustix::net::sockopt::socket_type;
use rustix::stdio::dup2_stdin;
use tty::Grace;
use tty::launcher::{Launch, Rules, decline, serve};

use super::trust;
use crate::cli::Exit;
use crate::config;
use crate::failure::{chain, complain};
use crate::log::SaidBy;
use crate::style::Style;

/// Runs as the launcher, if that is what this process was started for.
pub(crate) fn asked() -> Option<Exit> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != super::WORD {
        return None;
    }
    let file = args.next().map(PathBuf::from);
    let front = args.next().and_then(|uid| uid.to_str()?.parse().ok());
    let (Some(file), Some(front), Ok(socket)) = (file, front, take_socket()) else {
        complain("`launcher` is started by `trunkline run` where it is needed, and by nobody else");
        return Some(Exit::Misused);
    };
    Some(run(file, front, &socket))
}

/// Our end to the front, which we were started with in place of an input.
fn take_socket() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if socket_type(&stdin)? != SocketType::SEQPACKET {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let socket = stdin.as_fd().try_clone_to_owned()?;
    dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(socket)
}

fn run(file: PathBuf, front: u32, socket: &OwnedFd) -> Exit {
    let filter = std::env::var("TRUNKLINE_LOG").ok().and_then(|text| text.parse().ok());
    crate::log::start(filter.unwrap_or_default(), SaidBy::CommandLine);
    crate::runtime::raise_file_limit();
    let outcome = match Book::open(file) {
        Ok(mut book) => {
            serve(socket, front, &mut book).map_err(|error| format!("the system: {error}"))
        }
        Err(why) => Err(why),
    };
    match outcome {
        Ok(()) => Exit::Done,
        Err(why) => {
            decline(socket, &why);
            tracing::error!("the launcher ends: {why}");
            Exit::Failed
        }
    }
}

/// The rules, and the configuration that they come from.
struct Book {
    file: PathBuf,
    rules: LaunchRules,
}

impl Book {
    fn open(file: PathBuf) -> Result<Self, String> {
        let rules = read(&file)?;
        Ok(Self { file, rules })
    }
}

impl Rules for Book {
    fn launch(&mut self, order: &[u8]) -> Result<Launch, String> {
        self.rules.launch(order)
    }

    fn reload(&mut self) -> Result<(), String> {
        let rules = read(&self.file)?;
        if rules.front() != self.rules.front() {
            return Err("`user` of [exchange] can't change while Trunkline runs; restart it".into());
        }
        self.rules = rules;
        Ok(())
    }

    fn grace(&self) -> Grace {
        self.rules.grace()
    }
}

fn read(file: &Path) -> Result<LaunchRules, String> {
    let (files, answering) =
        config::launched(file).map_err(|mistakes| config::show_all(&mistakes, Style::Plain))?;
    for file in &files {
        trust::check(file).map_err(|distrust| distrust.to_string())?;
    }
    let answering = answering.ok_or("the configuration has no [exchange]")?;
    LaunchRules::new(&answering.exchange, &answering.accounts).map_err(|error| chain(&error))
}
