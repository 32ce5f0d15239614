//! What a caller gets after the login: the account's program.

use std::ffi::OsString;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use carrier::Call;
use telnet::LineEnds;
use tty::{Program, PtyMode, Resource, Running, User, WindowSize};

use crate::account::{Account, AccountFault, Plan, Service};
use crate::call::CallEnd;
use crate::callback::Turn;
use crate::config::{On, Privileges, ProcessConfig, RootPrograms};
use crate::environment::{Facts, environment};
use crate::exchange::Settings;
use crate::limits;
use crate::login::Guest;
use crate::origin::Over;
use crate::pump::{Echo, EndMeans, Pump, Rules};
use crate::registry::Entry;
use crate::user;

/// What is left of a call after its last byte.
pub(crate) struct Left {
    pub(crate) end: CallEnd,
    /// The program, or what remains of its process group.
    pub(crate) running: Option<Running>,
    /// The program's exit status, if it ended by itself.
    pub(crate) status: Option<std::process::ExitStatus>,
}

impl From<CallEnd> for Left {
    fn from(end: CallEnd) -> Self {
        Self { end, running: None, status: None }
    }
}

/// Why a program could not be started; its owner reads it in the log.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("its user")]
    User(#[source] AccountFault),
    #[error(transparent)]
    Spawn(#[from] tty::SpawnError),
}

/// What goes on with a caller who is in. Boxed, so that each service takes the memory that it needs
/// and not that of another.
pub(crate) type Serving<'a> = Pin<Box<dyn Future<Output = Left> + Send + 'a>>;

/// Serves a caller who is in, until the call or the program ends.
pub(crate) fn serve<'a>(
    settings: &'a Settings,
    call: &'a mut Call,
    entry: &'a mut Entry,
    guest: Guest,
    turn: Option<Turn>,
) -> Serving<'a> {
    let script = &*settings.script;
    let account = Arc::clone(&guest.who.account);
    entry.is_of(&account);
    if guest.who.wants_callback() {
        // Only one call back at a time: whoever knows the password may not have a telephone rung
        // without end.
        let Some(turn) = turn else {
            return last_words(call, &script.busy, CallEnd::SecondCall);
        };
        return Box::pin(async {
            say(call, &script.calling_back).await;
            turn.start();
            CallEnd::CallingBack.into()
        });
    }
    let plan = match &account.service {
        Service::Deny(reason) => {
            return last_words(call, &crate::session::line_for_the_wire(reason), CallEnd::Denied);
        }
        _ if entry.belongs_to(&account).is_err() => {
            return last_words(call, &script.busy, CallEnd::SecondCall);
        }
        Service::Echo(rules) => {
            entry.has_started();
            tracing::info!(call = %entry.id(), account = %account.name, from = %entry.origin().from, "echo");
            call.set_line_ends(LineEnds::Keep);
            let mut echo = Echo::new(call, entry, guest, *rules);
            return Box::pin(async move { poll_fn(|cx| echo.poll(cx)).await.into() });
        }
        Service::Program(plan) => plan,
    };
    let running = match start(settings, call, entry, &guest, &account, plan) {
        Ok(running) => running,
        Err(error) => {
            let why = chain(&error);
            tracing::error!(call = %entry.id(), account = %account.name, why, "program could not be started");
            return last_words(call, &script.unavailable, CallEnd::ProgramFailed);
        }
    };
    entry.has_started();
    tracing::info!(
        call = %entry.id(), account = %account.name, from = %entry.origin().from, pid = running.child.pid(),
        "program started"
    );
    let on = on(plan, &guest);
    call.set_line_ends(match on {
        // An Enter is one CR to a terminal's line discipline; on a pipe every byte counts.
        On::Pty => LineEnds::Cr,
        On::Pipe => LineEnds::Keep,
    });
    let end = match entry.over_what() {
        Over::Ssh => EndMeans::Finished,
        _ => EndMeans::Gone,
    };
    let mut pump = Pump::new(call, entry, running, guest, Rules::of(plan, on, end));
    // Not an async fn of the pump's: that would keep room for it twice.
    Box::pin(async move {
        let end = poll_fn(|cx| pump.poll(cx)).await;
        pump.left(end)
    })
}

fn start(
    settings: &Settings,
    call: &Call,
    entry: &Entry,
    guest: &Guest,
    account: &Account,
    plan: &Plan,
) -> Result<Running, StartError> {
    let user = identity(plan, settings.root_programs)?;
    let over = match entry.over_what() {
        Over::Tcp if speaks_telnet(call) => Over::Telnet,
        over => over,
    };
    let connect = over.words().to_ascii_uppercase();
    let facts = Facts {
        call: entry.id(),
        origin: &entry.origin(),
        connect: &connect,
        terminal: guest.told.terminal.as_ref().map(|terminal| terminal.as_str()),
        command: guest.told.command.as_deref(),
        at: SystemTime::now(),
    };
    let size = guest.told.size.map_or_else(WindowSize::default, window_size);
    let mut argv: Vec<OsString> = plan.argv.iter().map(Into::into).collect();
    if let (Some(own), Some(first)) = (&plan.argv0, argv.first_mut()) {
        *first = own.into();
    }
    let program = Program {
        argv,
        env: environment(account, plan, &user, &facts),
        dir: directory(plan, &user),
        user: plan.user.clone(),
        on: match on(plan, guest) {
            On::Pty => tty::On::Pty { size, term: None, mode: PtyMode::Cooked },
            On::Pipe => tty::On::Pipes,
        },
        privileges: match plan.privileges {
            Privileges::NeverGained => tty::Privileges::NeverGained,
            Privileges::Usual => tty::Privileges::Usual,
        },
        limits: resource_limits(&plan.process),
        nice: plan.process.nice.map_or(0, |nice| nice.0),
        ..Program::new(plan.argv.first().map(String::as_str).unwrap_or_default())
    };
    Ok(program.spawn()?)
}

/// A caller who can ask for a clean channel gets it; a terminal only comes with the account.
fn on(plan: &Plan, guest: &Guest) -> On {
    match guest.told.wants {
        Some(On::Pipe) => On::Pipe,
        Some(On::Pty) | None => plan.on,
    }
}

/// What the program may use up, as the kernel counts it.
fn resource_limits(process: &ProcessConfig) -> Vec<tty::Limit> {
    // The kernel counts whole seconds; less than one would be no limit at all.
    let cpu = process.cpu.map(|cpu| cpu.0.as_secs().max(1));
    let limits = [
        (Resource::Cpu, cpu),
        (Resource::As, process.memory.map(|size| size.0)),
        (Resource::Nofile, Some(process.files.unwrap_or(limits::PROGRAM_FILES))),
        (Resource::Nproc, process.processes),
        (Resource::Fsize, process.file_size.map(|size| size.0)),
        // A program's memory may hold secrets, and its directory is no place for them.
        (Resource::Core, Some(0)),
    ];
    let set = limits.into_iter().filter_map(|(resource, value)| Some((resource, value?)));
    set.map(|(resource, value)| tty::Limit { resource, value }).collect()
}

/// Asked again at each start: the system's users may have changed since the accounts were loaded.
fn identity(plan: &Plan, root_programs: RootPrograms) -> Result<User, StartError> {
    let ourselves = User::current().map_err(|error| StartError::User(AccountFault::User(error)))?;
    user::identity(plan.user.as_deref(), &ourselves, root_programs).map_err(StartError::User)
}

/// The account's directory, or the user's home if he has one.
fn directory(plan: &Plan, user: &User) -> PathBuf {
    match &plan.directory {
        Some(directory) => directory.clone(),
        None if plan.user.is_some() && user.home.is_dir() => user.home.clone(),
        None => "/".into(),
    }
}

/// Whether the caller has turned out to speak telnet.
pub(crate) fn speaks_telnet(call: &Call) -> bool {
    call.telnet().is_some_and(|summary| summary.kind == telnet::Kind::Telnet)
}

/// A telnet window as a terminal's. Zero is "unknown" to both.
pub(crate) fn window_size(size: telnet::WindowSize) -> WindowSize {
    WindowSize { rows: size.rows, columns: size.columns }
}

/// Ends a call with a few words.
fn last_words<'a>(call: &'a mut Call, text: &[u8], end: CallEnd) -> Serving<'a> {
    let text = text.to_vec();
    Box::pin(async move {
        say(call, &text).await;
        end.into()
    })
}

/// A few last words, to a caller who may not be reading.
pub(crate) async fn say(call: &mut Call, text: &[u8]) {
    let _ = tokio::time::timeout(limits::LINGER, call.send(text)).await;
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
