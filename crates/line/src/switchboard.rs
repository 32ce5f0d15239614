//! All lines of a process, and what they share.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use at::result::Cause;
use carrier::{Caller, Trunks};
use modem::{Action, DteLines, Input, Modem, Output, Persona, Stored};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{info, warn};

use crate::access::Access;
use crate::circuit::Circuit;
use crate::config::{LineConfig, Plug};
use crate::configured::Shelf;
use crate::driver::Driver;
use crate::end::End;
use crate::hunt::{self, Handed, HuntConfig};
use crate::incoming::Incoming;
use crate::init::{self, InitError};
use crate::inside::Beside;
use crate::keeping::{RecordKeeper, TurnedAway};
use crate::limits;
use crate::persona::Personas;
use crate::phonebook::Phonebook;
use crate::profile::ProfileFile;
use crate::record::{CallRecord, Service, Status};
use crate::shared::{Letter, Shared};
use crate::storing::Stores;
use crate::tracer;

/// All lines of a process.
///
/// ```no_run
/// # async fn run(config: line::LineConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use line::{Personas, Phonebook, Switchboard};
///
/// let board = Switchboard::new(Personas::built_in()?, None)?;
/// board.set_phonebook(Phonebook::default());
/// let line = board.start(config)?;
/// println!("{} is {}", line.name(), line.status().state);
/// # Ok(())
/// # }
/// ```
pub struct Switchboard {
    pub(crate) board: Arc<Board>,
    personas: Mutex<Personas>,
    hunts: Mutex<Vec<hunt::Running>>,
}

/// What the lines reach from inside.
pub(crate) struct Board {
    /// By name.
    lines: Mutex<Vec<Running>>,
    state: Option<PathBuf>,
    phonebook: Mutex<Arc<Phonebook>>,
    keeper: OnceLock<Arc<dyn RecordKeeper>>,
    /// Who makes the calls that end inside this program but at no line.
    trunks: OnceLock<Arc<dyn Trunks>>,
    /// Calls that are over for their line and still hand over their last bytes.
    farewells: Mutex<JoinSet<()>>,
    watch: tty::OpenWatch,
    /// Places for profiles that are being stored.
    stores: Arc<Stores>,
    /// Calls that are over, by direction and cause.
    pub(crate) tally: carrier::Tally,
    shelf: Mutex<Shelf>,
    /// Told whenever a line has ended.
    ends: Notify,
    #[cfg_attr(not(feature = "configuration"), allow(dead_code))]
    pub(crate) beside: Beside,
    freed: Notify,
}

struct Running {
    line: Line,
    task: JoinHandle<()>,
}

/// A running line.
#[derive(Clone)]
pub struct Line {
    shared: Arc<Shared>,
}

/// Why a line could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// None or several of the places for the equipment are given.
    #[error(
        "a line needs exactly one of serial, pty, tcp, unix and stdio, for its equipment to plug in"
    )]
    Plug,
    /// There is such a line.
    #[error("there is already a line `{0}`")]
    Twice(String),
    /// There is no such persona.
    #[error("there is no persona `{name}`; there are {known}")]
    Persona {
        /// What the configuration asks for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The stored profile can't be read.
    #[error("can't read the stored profile {0}")]
    Profile(#[source] io::Error),
    /// The persona doesn't take the settings of `init`.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The module's PIN or PUK can't be used.
    #[cfg(feature = "gsm")]
    #[error(transparent)]
    Module(#[from] crate::module::ModuleError),
    /// The trace can't be written.
    #[error("can't write the trace {0}")]
    Trace(#[source] io::Error),
    /// The pseudo-terminal can't be made.
    #[error(transparent)]
    Pty(#[from] tty::PtyError),
    /// The serial port can't be had.
    #[error(transparent)]
    Serial(#[from] tty::SerialError),
    /// The equipment's or the callers' address can't be listened on.
    #[error(transparent)]
    Listen(#[from] carrier::ListenError),
    /// Standard input and output can't be had.
    #[error("can't use standard input and output: {0}")]
    Stdio(#[source] io::Error),
}

impl Switchboard {
    /// No lines yet. `state` is the folder for what `&W` and `&Z` store; without it they last until the
    /// process ends. Must be called inside the tokio runtime that is to carry the lines.
    ///
    /// # Errors
    /// The system can't watch pseudo-terminals (inotify).
    pub fn new(personas: Personas, state: Option<PathBuf>) -> io::Result<Self> {
        let board = Board {
            lines: Mutex::default(),
            phonebook: Mutex::default(),
            keeper: OnceLock::new(),
            trunks: OnceLock::new(),
            farewells: Mutex::default(),
            watch: tty::OpenWatch::new()?,
            stores: Arc::new(Stores::new(limits::STORES)),
            tally: carrier::Tally::default(),
            shelf: Mutex::default(),
            ends: Notify::new(),
            beside: Default::default(),
            freed: Notify::new(),
            state,
        };
        Ok(Self { board: Arc::new(board), personas: Mutex::new(personas), hunts: Mutex::default() })
    }

    /// Has somebody keep records of all calls from now on. The first one stays.
    pub fn keep_records(&self, keeper: Arc<dyn RecordKeeper>) {
        let _ = self.board.keeper.set(keeper);
    }

    /// Gives all lines another phonebook; calls in progress stay.
    pub fn set_phonebook(&self, book: Phonebook) {
        *lock(&self.board.phonebook) = Arc::new(book);
    }

    /// Has calls through real modems made by `trunks`. Said once, before the first line dials.
    pub fn use_trunks(&self, trunks: Arc<dyn Trunks>) {
        let _ = self.board.trunks.set(trunks);
    }

    /// Who makes calls through real modems, if anybody does.
    pub fn trunks(&self) -> Option<Arc<dyn Trunks>> {
        self.board.trunks()
    }

    /// The phonebook in use.
    pub fn phonebook(&self) -> Arc<Phonebook> {
        self.board.phonebook()
    }

    /// Gives lines that start from now on other personas to choose from.
    pub fn set_personas(&self, personas: Personas) {
        *lock(&self.personas) = personas;
    }

    /// Starts a line on this runtime.
    ///
    /// # Errors
    /// The first thing that stands in its way; nothing is left open then.
    pub fn start(&self, config: LineConfig) -> Result<Line, StartError> {
        if self.line(&config.name).is_some() {
            return Err(StartError::Twice(config.name));
        }
        let persona = init::persona_of(&config, &self.persona(&config.persona)?)?;
        #[cfg(feature = "gsm")]
        let persona = crate::module::of(&config, persona)?;
        let profile = self.board.profile(&config.name);
        let stored = profile.as_ref().map_or(Ok(Stored::default()), ProfileFile::load);
        let mut modem = Modem::new(Arc::clone(&persona), stored.map_err(StartError::Profile)?);
        // Nothing is plugged in yet.
        let unplugged = Input::Lines(DteLines { dtr: false, rts: false });
        modem.input(carrier::clock_now(), unplugged, &mut Nobody);
        let tracer = config.trace.as_deref().map(tracer::into_file).transpose();
        let tracer = tracer.map_err(StartError::Trace)?;
        let incoming = Incoming::open(&config)?;
        let end = End::open(&config, &self.board.watch)?;

        let place = end.place().map(Box::from);
        let config = lock(&self.board.shelf).keep(config);
        let shared = Shared::new(config, Arc::clone(&persona), place, incoming.places().into());
        #[cfg(feature = "gsm")]
        let shared = shared.with_number(modem.number());
        let shared = Arc::new(shared);
        let line = Line { shared: Arc::clone(&shared) };
        info!(line = line.name(), persona = persona.name(), "line open at {}", line.place());
        let mut circuit = Circuit::new(shared, Arc::clone(&self.board), end);
        circuit.set_up(carrier::clock_now(), &modem);
        tracer.into_iter().for_each(|tracer| circuit.watchers.add(tracer));
        let task = tokio::spawn(Driver::new(modem, circuit, incoming.boxed()));
        self.board.insert(Running { line: line.clone(), task });
        Ok(line)
    }

    fn persona(&self, name: &str) -> Result<Arc<Persona>, StartError> {
        let personas = lock(&self.personas);
        personas.get(name).cloned().ok_or_else(|| StartError::Persona {
            name: name.to_owned(),
            known: personas.names().collect::<Vec<_>>().join(", "),
        })
    }

    /// Runs these hunt groups and no others from now on. One that stays as it is keeps those who wait.
    ///
    /// # Errors
    /// A group can't listen. The others run.
    pub fn set_hunts(&self, hunts: Vec<HuntConfig>) -> Result<(), carrier::ListenError> {
        let mut running = lock(&self.hunts);
        running.retain(|group| hunts.contains(&group.config));
        let mut outcome = Ok(());
        for config in hunts {
            if running.iter().any(|group| group.config == config) {
                continue;
            }
            match hunt::Running::start(config, Arc::clone(&self.board)) {
                Ok(group) => running.push(group),
                Err(error) => outcome = Err(error),
            }
        }
        self.board.beside.set_groups(running.iter().map(hunt::Running::entrance).collect());
        outcome
    }

    /// The hunt groups, and where their callers arrive.
    pub fn hunts(&self) -> Vec<(HuntConfig, Vec<String>)> {
        let running = lock(&self.hunts);
        running.iter().map(|group| (group.config.clone(), group.places().to_vec())).collect()
    }

    /// The line of this name.
    pub fn line(&self, name: &str) -> Option<Line> {
        self.board.line(name)
    }

    /// All lines, in the alphabet's order.
    pub fn lines(&self) -> Vec<Line> {
        lock(&self.board.lines).iter().map(|running| running.line.clone()).collect()
    }

    /// How many calls of all lines have ended since the start, by direction and the code of their cause.
    pub fn tally(&self) -> Vec<(&'static str, &'static str, carrier::Sum)> {
        self.board.tally.sums()
    }

    /// Ends a line: its call is hung up, its equipment hears of it, its place is free afterwards.
    pub async fn stop(&self, name: &str) {
        let Some(mut running) = self.board.remove(name) else { return };
        if running.line.post(Letter::Stop).is_err() {
            running.task.abort();
        }
        if tokio::time::timeout(limits::LAST_BYTES, &mut running.task).await.is_err() {
            warn!(
                line = name,
                "the equipment doesn't take its last words; the line is closed without them"
            );
            running.task.abort();
        }
    }

    /// Ends all lines, and waits up to `grace` for the last bytes of their calls.
    pub async fn shut_down(&self, grace: Duration) {
        lock(&self.hunts).clear();
        let lines = self.lines();
        let all = async {
            let mut stops =
                lines.iter().map(|line| Box::pin(self.stop(line.name()))).collect::<Vec<_>>();
            std::future::poll_fn(|cx| {
                stops.retain_mut(|stop| stop.as_mut().poll(cx).is_pending());
                if stops.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
            self.settle().await;
        };
        let _ = tokio::time::timeout(grace, all).await;
    }

    /// Waits until every call that is over has handed over its last bytes.
    pub async fn settle(&self) {
        let mut farewells = std::mem::take(&mut *lock(&self.board.farewells));
        while farewells.join_next().await.is_some() {}
    }

    /// Waits until a line has ended by itself: one on standard input does, with its input.
    /// Until then it can be stopped like any other.
    pub async fn ended(&self, name: &str) {
        let Some(line) = self.line(name) else { return };
        loop {
            let one_has_ended = self.board.ends.notified();
            if line.has_ended() {
                return self.board.forget(&line);
            }
            one_has_ended.await;
        }
    }
}

impl Board {
    pub(crate) fn phonebook(&self) -> Arc<Phonebook> {
        Arc::clone(&lock(&self.phonebook))
    }

    /// Whoever keeps records, if anybody does.
    pub(crate) fn trunks(&self) -> Option<Arc<dyn Trunks>> {
        self.trunks.get().cloned()
    }

    pub(crate) fn keeper(&self) -> Option<Arc<dyn RecordKeeper>> {
        self.keeper.get().cloned()
    }

    /// Lets a caller go whom no line can take.
    pub(crate) fn turn_away(&self, line: &str, cause: Cause, caller: Caller) {
        info!(line, "turned away {}: {}", caller.peer(), cause.words());
        self.note_turned_away(line, cause, &caller);
        caller.refuse();
    }

    /// Puts a caller on record who doesn't ring.
    pub(crate) fn note_turned_away(&self, line: &str, cause: Cause, caller: &Caller) {
        let Some(keeper) = self.keeper.get() else { return };
        let from = match caller.peer().socket_addr() {
            Some(address) => address.ip().to_string(),
            None => caller.peer().to_string(),
        };
        keeper.turned_away(&TurnedAway { line, from: &from, cause });
    }

    /// What modems store.
    pub(crate) fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }

    /// Where `&W` and `&Z` of this line store, if anywhere.
    pub(crate) fn profile(&self, name: &str) -> Option<ProfileFile> {
        self.state.as_deref().map(|state| ProfileFile::new(state, name))
    }

    pub(crate) fn line(&self, name: &str) -> Option<Line> {
        let lines = lock(&self.lines);
        let index = find(&lines, name).ok()?;
        lines.get(index).map(|running| running.line.clone())
    }

    fn insert(&self, running: Running) {
        let mut lines = lock(&self.lines);
        match find(&lines, running.line.name()) {
            Ok(index) | Err(index) => lines.insert(index, running),
        }
    }

    fn remove(&self, name: &str) -> Option<Running> {
        let mut lines = lock(&self.lines);
        find(&lines, name).ok().map(|index| lines.remove(index))
    }

    /// Takes a line that has ended off the list, unless another has its name by now.
    fn forget(&self, line: &Line) {
        let mut lines = lock(&self.lines);
        lines.retain(|running| !Arc::ptr_eq(&running.line.shared, &line.shared));
    }

    /// A line has ended.
    pub(crate) fn has_ended(&self) {
        self.ends.notify_waiters();
    }

    /// Offers a caller to the first of `lines` that would ring; refuses him if there is none.
    pub(crate) fn hunt(&self, from: &str, lines: &[String], caller: Caller) {
        let party = caller.peer().to_string();
        let mut handed = Handed::from_line(caller);
        for name in lines.iter().filter(|name| *name != from).take(limits::HUNT) {
            match self.hand(name, handed) {
                Ok(()) => return info!(line = from, "{party} is handed on to {name}"),
                Err(back) => handed = back,
            }
        }
        if let Some(caller) = handed.take() {
            self.turn_away(from, Cause::LineInUse, caller);
        }
    }

    /// Hands a caller to this line, if it is free; otherwise gives him back.
    pub(crate) fn hand(&self, name: &str, handed: Handed) -> Result<(), Handed> {
        let Some(line) = self.line(name).filter(Line::claim) else { return Err(handed) };
        match line.post(Letter::Caller(handed)) {
            Err(Letter::Caller(back)) => Err(back),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// When the last call of this line ended, in milliseconds since 1970.
    pub(crate) fn idle_since(&self, name: &str) -> Option<u64> {
        self.line(name).map(|line| line.shared.idle_since())
    }

    /// The line whose module has this number.
    #[cfg(feature = "gsm")]
    pub(crate) fn line_of_number(&self, number: &modem::Number) -> Option<Line> {
        let lines = lock(&self.lines);
        let has =
            |line: &&Line| line.shared.number.as_ref().is_some_and(|known| known.reaches(number));
        lines.iter().map(|running| &running.line).find(has).cloned()
    }

    /// Told when a line may have become free for callers.
    pub(crate) fn freed(&self) -> &Notify {
        &self.freed
    }

    pub(crate) fn farewell(&self, last_words: impl Future<Output = ()> + Send + 'static) {
        let mut farewells = lock(&self.farewells);
        while farewells.try_join_next().is_some() {}
        farewells.spawn(last_words);
    }

    /// Whether one more caller can be told that a line is busy.
    pub(crate) fn has_words(&self) -> bool {
        let mut farewells = lock(&self.farewells);
        while farewells.try_join_next().is_some() {}
        farewells.len() < limits::FAREWELLS
    }
}

impl Line {
    /// The owner's name for it.
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }

    /// What it was started with.
    pub fn config(&self) -> LineConfig {
        self.shared.config.whole()
    }

    /// The modem it is.
    pub fn persona(&self) -> &str {
        &self.shared.config.persona
    }

    /// Where the equipment plugs in.
    pub fn place(&self) -> &str {
        let path = match self.shared.config.plug() {
            Plug::Pty(pty) => pty.link.to_str(),
            Plug::Serial(serial) => serial.device.to_str(),
            Plug::Unix(path) => path.to_str(),
            Plug::Stdio => Some("standard input and output"),
            Plug::Tcp(_) => None,
        };
        self.shared.place.as_deref().or(path).unwrap_or("a place without a readable name")
    }

    /// Where callers arrive, with the ports that were free.
    pub fn listens(&self) -> &[String] {
        &self.shared.listens
    }

    /// How it stands now.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Its last calls, the latest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.records()
    }

    /// Ends its call, as the operator's wish.
    pub fn hang_up(&self) {
        // A line with a full box has been asked that before.
        let _ = self.post(Letter::HangUp);
    }

    /// Takes the line out of service for callers, or puts it back. A call in progress goes on. Holds until
    /// it is said otherwise, or the line is started anew.
    pub fn set_service(&self, service: Service) {
        if self.shared.service() != service {
            info!(line = self.name(), "{}", service.words());
        }
        self.shared.set_service(service);
        // A line with a full box looks at everything anyway.
        let _ = self.post(Letter::Service);
    }

    /// Judges those who are dialled and those who call by other rules; calls in progress stay.
    pub fn set_access(&self, dial: Access, answer: Access) {
        let _ = self.post(Letter::Access { dial, answer });
    }

    /// Shows the bytes of both directions to `sink`, until that is gone.
    pub fn trace(&self, sink: carrier::trace::Tracer) {
        let _ = self.post(Letter::Trace(sink));
    }

    /// Whether a caller would ring here now. Once yes, then no until the line has looked at its letters:
    /// two callers at a time go to two lines.
    fn claim(&self) -> bool {
        self.shared.free.swap(false, std::sync::atomic::Ordering::Relaxed)
    }

    /// Whether it is over with the line. Nobody reads its letters then.
    fn has_ended(&self) -> bool {
        self.shared.letters.is_closed()
    }

    pub(crate) fn post(&self, letter: Letter) -> Result<(), Letter> {
        self.shared.letters.post(letter)
    }
}

/// Whom a modem speaks to while nothing is plugged in.
struct Nobody;

impl Output for Nobody {
    fn dte(&mut self, _: &[u8]) {}
    fn line(&mut self, _: &[u8]) {}
    fn act(&mut self, _: Action<'_>) {}
}

fn find(lines: &[Running], name: &str) -> Result<usize, usize> {
    lines.binary_search_by(|running| running.line.name().cmp(name))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
