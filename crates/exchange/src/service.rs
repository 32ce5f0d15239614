//! What a caller gets after the login: the account's program.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use carrier::Call;
use telnet::LineEnds;
use tty::launcher::Launcher;
use tty::{Program, PtyMode, Running, User, WindowSize};

use crate::account::{Account, AccountFault, Plan, Service};
use crate::attendant::{Attendant, Visit};
use crate::call::CallEnd;
use crate::callback::Turn;
use crate::config::{KeptIn, On, RootPrograms};
use crate::environment::Facts;
use crate::in_force::Settings;
use crate::launch::{Order, Who};
use crate::limits;
use crate::login::Guest;
use crate::origin::Over;
use crate::pump::{Echo, EndMeans, Pump, Rules};
use crate::registry::Entry;
use crate::session::Script;
use crate::user::{self, Reach};

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
    #[error(transparent)]
    Launch(#[from] tty::launcher::LaunchError),
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
    attendant: Option<Arc<dyn Attendant>>,
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
            tracing::info!(call = %entry.id(), account = %account.name, from = %entry.origin().from(), "echo");
            call.set_line_ends(LineEnds::Keep);
            return Box::pin(Echo::new(call, entry, guest, *rules));
        }
        Service::Collector(rules) => {
            let Some(attendant) = attendant else {
                let why = "nobody collects from sites here";
                tracing::error!(call = %entry.id(), account = %account.name, why, "not attended to");
                return last_words(call, &script.unavailable, CallEnd::ProgramFailed);
            };
            entry.has_started();
            tracing::info!(call = %entry.id(), account = %account.name, from = %entry.origin().from(), "a site's call");
            let visit = Visit::new(call, entry, guest, *rules);
            return Box::pin(async move { attendant.attend(visit).await.into() });
        }
        Service::Program(plan) => plan,
    };
    let beginning = Beginning::new(settings, call, entry, &guest, &account, plan);
    let on = on(plan, &guest);
    let end = match entry.over_what() {
        Over::Ssh => EndMeans::Finished,
        _ => EndMeans::Gone,
    };
    let rules = Rules::of(plan, on, end);
    let joint = Joint { call, entry, guest, account: Arc::clone(&account), on, rules };
    let (launcher, order, on) = match beginning {
        Ok(Beginning::Here(program)) => {
            return joint.with(program.spawn().map_err(StartError::Spawn), script);
        }
        Err(error) => return joint.with(Err(error), script),
        Ok(Beginning::There { launcher, order, on }) => (launcher, order, on),
    };
    Box::pin(async move {
        // Few are at this point at once, and those beyond it need not keep room for it.
        let started = Box::pin(launcher.start(order, &on)).await;
        joint.with(started.map_err(StartError::Launch), script).await
    })
}

/// A call and its account, to be joined with a program.
struct Joint<'a> {
    call: &'a mut Call,
    entry: &'a mut Entry,
    guest: Guest,
    account: Arc<Account>,
    on: On,
    rules: Rules,
}

impl<'a> Joint<'a> {
    /// What comes of the call once the program has been started, or not.
    fn with(self, started: Result<Running, StartError>, script: &Script) -> Serving<'a> {
        let Self { call, entry, guest, account, on, rules } = self;
        let running = match started {
            Ok(running) => running,
            Err(error) => {
                let why = chain(&error);
                tracing::error!(call = %entry.id(), account = %account.name, why, "program could not be started");
                return last_words(call, &script.unavailable, CallEnd::ProgramFailed);
            }
        };
        entry.has_started();
        tracing::info!(
            call = %entry.id(), account = %account.name, from = %entry.origin().from(), pid = running.child.pid(),
            "program started"
        );
        call.set_line_ends(match on {
            // An Enter is one CR to a terminal's line discipline; on a pipe every byte counts.
            On::Pty => LineEnds::Cr,
            On::Pipe => LineEnds::Keep,
        });
        let mut pump = Pump::new(call, entry, running, guest, rules);
        // Not an async fn of the pump's: that would keep room for it twice.
        Box::pin(async move {
            let end = poll_fn(|cx| pump.poll(cx)).await;
            pump.left(end)
        })
    }
}

/// How a program is about to be started.
enum Beginning<'a> {
    /// By ourselves.
    Here(Box<Program>),
    /// By the launcher.
    There { launcher: &'a Launcher, order: Vec<u8>, on: tty::On },
}

impl<'a> Beginning<'a> {
    fn new(
        settings: &'a Settings,
        call: &Call,
        entry: &Entry,
        guest: &Guest,
        account: &Account,
        plan: &Plan,
    ) -> Result<Self, StartError> {
        let over = match entry.over_what() {
            Over::Tcp if speaks_telnet(call) => Over::Telnet,
            over => over,
        };
        let connect = over.words().to_ascii_uppercase();
        let facts = Facts {
            call: entry.id(),
            origin: entry.origin(),
            connect: &connect,
            terminal: guest.told.terminal.as_ref().map(|terminal| terminal.as_str()),
            command: guest.told.command.as_deref(),
            at: SystemTime::now(),
        };
        let size = guest.told.size.map_or_else(WindowSize::default, window_size);
        let on = match on(plan, guest) {
            On::Pty => tty::On::Pty { size, term: None, mode: PtyMode::Cooked },
            On::Pipe => tty::On::Pipes,
        };
        let name = &account.name;
        let Some(launcher) = &settings.launcher else {
            let user = identity(account, plan, settings.root_programs)?;
            let program = Program { on, ..plan.recipe.program(name, &user, facts.told()) };
            return Ok(Self::Here(Box::new(program)));
        };
        let who = match account.kept_in {
            KeptIn::File => Who::Known { account: name.clone() },
            KeptIn::Store => {
                Who::Stored { account: name.clone(), recipe: Box::new(plan.recipe.clone()) }
            }
        };
        let order = Order { who, told: facts.told() }.to_bytes();
        Ok(Self::There { launcher, order, on })
    }
}

/// A caller who can ask for a clean channel gets it; a terminal only comes with the account.
fn on(plan: &Plan, guest: &Guest) -> On {
    match guest.told.wants {
        Some(On::Pipe) => On::Pipe,
        Some(On::Pty) | None => plan.on,
    }
}

/// Asked again at each start: the system's users may have changed since the accounts were loaded.
fn identity(
    account: &Account,
    plan: &Plan,
    root_programs: RootPrograms,
) -> Result<User, StartError> {
    let ourselves = User::current().map_err(|error| StartError::User(AccountFault::User(error)))?;
    let user = plan.recipe.user.as_deref();
    user::identity(user, &ourselves, root_programs, account.kept_in, Reach::Own)
        .map_err(StartError::User)
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
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
