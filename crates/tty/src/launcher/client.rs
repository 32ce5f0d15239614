//! The front's side: programs are asked for, and their ends heard of.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::Interest;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::post::{Packet, receive, send};
use super::wire::{Kind, LONGEST_ORDER, LONGEST_REPLY, Number, Reply, Request};
use crate::limits::{LAUNCH_PATIENCE, RELOAD_PATIENCE};
use crate::program::far::Far;
use crate::program::spawn::{Ends, Streams};
use crate::program::{Grace, On, Running};
use crate::raw;

/// The front's end of a launcher. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct Launcher(Arc<Shared>);

/// Why the launcher has not done what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// What to start can't be said.
    #[error("the program's arguments and environment are longer than {LONGEST_ORDER} bytes")]
    TooLong,
    /// The system has no terminal, pipe or descriptor to spare.
    #[error("no terminal or pipes for the program")]
    Streams(#[source] io::Error),
    /// It says no.
    #[error("the launcher refuses: {0}")]
    Refused(String),
    /// It doesn't answer.
    #[error("the launcher has not answered for {} seconds", .0.as_secs())]
    Silent(Duration),
    /// It isn't there any more, and only a process of root could start another.
    #[error("the launcher has ended, and only a restart of Trunkline brings another")]
    Ended,
}

#[derive(Debug)]
struct Shared {
    socket: Arc<OwnedFd>,
    state: Mutex<State>,
    /// There is something in the queue that the socket had no room for.
    waiting: Notify,
}

#[derive(Debug, Default)]
struct State {
    last: Number,
    programs: HashMap<Number, Arc<Launched>>,
    reloads: HashMap<Number, oneshot::Sender<Result<(), String>>>,
    /// A program is in it once to be started and once to be attended to, so it is bounded by calls.
    queue: VecDeque<Item>,
    ended: bool,
}

#[derive(Debug)]
enum Item {
    Start { number: Number, order: Vec<u8>, streams: Streams },
    Attend(Arc<Launched>),
    Reload { number: Number },
}

/// What becomes of a start: the process, or why there is none.
type Started = oneshot::Receiver<Result<Pid, String>>;

/// A program as the front knows it.
#[derive(Debug)]
pub(crate) struct Launched {
    number: Number,
    fate: Mutex<Fate>,
}

#[derive(Debug, Default)]
struct Fate {
    started: Option<oneshot::Sender<Result<Pid, String>>>,
    status: Option<ExitStatus>,
    gone: bool,
    wants: Wants,
    /// It is in the queue to be attended to.
    queued: bool,
    wakers: Vec<Waker>,
}

/// What the launcher is still to be told of a program.
#[derive(Debug, Default)]
struct Wants {
    signals: VecDeque<Signal>,
    hang_up: Option<(Grace, Option<Pid>)>,
    let_go: bool,
}

impl Launcher {
    /// The launcher at the other end of `socket`. Must be called inside the tokio runtime that the
    /// programs' calls run in.
    pub fn new(socket: OwnedFd) -> io::Result<Self> {
        let socket = Arc::new(socket);
        let shared =
            Shared { socket: Arc::clone(&socket), state: Mutex::default(), waiting: Notify::new() };
        let launcher = Self(Arc::new(shared));
        let registered = raw::register(socket, Interest::READABLE | Interest::WRITABLE)?;
        tokio::spawn(converse(launcher.clone(), registered));
        Ok(launcher)
    }

    /// Has the program started that `order` means to the launcher's rules, on a terminal or pipes.
    /// Dropping the future ends the program again.
    pub async fn start(&self, order: Vec<u8>, on: &On) -> Result<Running, LaunchError> {
        if order.len() > LONGEST_ORDER {
            return Err(LaunchError::TooLong);
        }
        let (ends, streams) = Ends::make(on).map_err(LaunchError::Streams)?;
        let (program, started) = self.0.enter().ok_or(LaunchError::Ended)?;
        let mut far = Far::new(Arc::clone(&program), self.clone());
        self.0.post(Item::Start { number: program.number, order, streams });
        let pid = timeout(LAUNCH_PATIENCE, started)
            .await
            .map_err(|_| LaunchError::Silent(LAUNCH_PATIENCE))?
            .map_err(|_| LaunchError::Ended)?
            .map_err(LaunchError::Refused)?;
        far.started(pid);
        let child = far.into_child();
        let io = ends.into_io(&child).map_err(LaunchError::Streams)?;
        Ok(Running { io, child })
    }

    /// Has the launcher read its rules again.
    pub async fn reload(&self) -> Result<(), LaunchError> {
        let (number, answer) = self.0.begin_reload().ok_or(LaunchError::Ended)?;
        self.0.post(Item::Reload { number });
        timeout(RELOAD_PATIENCE, answer)
            .await
            .map_err(|_| LaunchError::Silent(RELOAD_PATIENCE))?
            .map_err(|_| LaunchError::Ended)?
            .map_err(LaunchError::Refused)
    }

    /// Sends a signal to a program's process group.
    pub(crate) fn signal(&self, program: &Arc<Launched>, signal: Signal) {
        self.0.want(program, |wants| {
            // Once more says nothing that is not on its way already.
            if !wants.signals.contains(&signal) {
                wants.signals.push_back(signal);
            }
        });
    }

    /// Hangs a program up, and the process group in its terminal's foreground.
    pub(crate) fn hang_up(&self, program: &Arc<Launched>, grace: Grace, job: Option<Pid>) {
        self.0.want(program, |wants| wants.hang_up = Some((grace, job)));
    }

    /// Kills what is left of a program.
    pub(crate) fn let_go(&self, program: &Arc<Launched>) {
        self.0.want(program, |wants| wants.let_go = true);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Option<(Arc<Launched>, Started)> {
        let (sender, started) = oneshot::channel();
        let mut state = self.state();
        if state.ended {
            return None;
        }
        state.last += 1;
        let fate = Fate { started: Some(sender), ..Fate::default() };
        let program = Arc::new(Launched { number: state.last, fate: Mutex::new(fate) });
        state.programs.insert(program.number, Arc::clone(&program));
        Some((program, started))
    }

    fn begin_reload(&self) -> Option<(Number, oneshot::Receiver<Result<(), String>>)> {
        let (sender, answer) = oneshot::channel();
        let mut state = self.state();
        if state.ended {
            return None;
        }
        state.last += 1;
        let number = state.last;
        state.reloads.retain(|_, asker| !asker.is_closed());
        state.reloads.insert(number, sender);
        Some((number, answer))
    }

    fn want(&self, program: &Arc<Launched>, add: impl FnOnce(&mut Wants)) {
        let mut fate = program.fate();
        if fate.gone {
            return;
        }
        add(&mut fate.wants);
        let news = !std::mem::replace(&mut fate.queued, true);
        drop(fate);
        if news {
            self.post(Item::Attend(Arc::clone(program)));
        }
    }

    /// Says it at once if there is room, else as soon as there is.
    fn post(&self, item: Item) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        state.queue.push_back(item);
        if state.queue.len() == 1 && !self.flush(&mut state) {
            self.waiting.notify_one();
        }
    }

    /// Whether all could be said.
    fn flush(&self, state: &mut State) -> bool {
        while let Some(item) = state.queue.front() {
            match item.say(&self.socket) {
                Ok(true) => drop(state.queue.pop_front()),
                Ok(false) => return false,
                // It has gone, which whoever reads sees.
                Err(_) => return true,
            }
        }
        true
    }

    fn hear(&self, reply: &Reply<'_>) {
        match *reply {
            Reply::Started { number, pid } => self.answer(number, Ok(pid)),
            Reply::NotStarted { number, why } => {
                self.answer(number, Err(why.to_owned()));
                self.settle(number, None);
            }
            Reply::Ended { number, status } => {
                let program = self.state().programs.get(&number).cloned();
                if let Some(program) = program {
                    program.has_ended(ExitStatus::from_raw(status));
                }
            }
            Reply::Gone { number, status } => {
                self.settle(number, Some(ExitStatus::from_raw(status)));
            }
            Reply::Reloaded { number } => self.reloaded(number, Ok(())),
            Reply::NotReloaded { number, why } => self.reloaded(number, Err(why.to_owned())),
            Reply::Ready | Reply::NotReady { .. } => {}
        }
    }

    fn answer(&self, number: Number, answer: Result<Pid, String>) {
        let program = self.state().programs.get(&number).cloned();
        let asker = program.and_then(|program| program.fate().started.take());
        if let Some(asker) = asker {
            // Who doesn't wait any more has let go of it.
            let _ = asker.send(answer);
        }
    }

    fn reloaded(&self, number: Number, outcome: Result<(), String>) {
        let asker = self.state().reloads.remove(&number);
        if let Some(asker) = asker {
            let _ = asker.send(outcome);
        }
    }

    fn settle(&self, number: Number, status: Option<ExitStatus>) {
        let program = self.state().programs.remove(&number);
        if let Some(program) = program {
            program.is_gone(status);
        }
    }

    /// The launcher has ended. The kernel has killed its programs with it.
    fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.queue.clear();
        state.reloads.clear();
        let programs = std::mem::take(&mut state.programs);
        drop(state);
        for program in programs.into_values() {
            let killed = ExitStatus::from_raw(Signal::KILL.as_raw());
            program.fate().started = None;
            program.is_gone(Some(killed));
        }
    }
}

impl Item {
    fn say(&self, socket: &OwnedFd) -> io::Result<bool> {
        match self {
            Self::Start { number, order, streams } => {
                let descriptors: Vec<BorrowedFd<'_>> = streams.each().collect();
                let kind = match streams {
                    Streams::Terminal(_) => Kind::Terminal,
                    Streams::Pipes(_) => Kind::Pipes,
                };
                let request = Request::Start { number: *number, kind, order };
                send(socket, &request.to_bytes(), &descriptors)
            }
            Self::Reload { number } => {
                send(socket, &Request::Reload { number: *number }.to_bytes(), &[])
            }
            Self::Attend(program) => program.say(socket),
        }
    }
}

impl Launched {
    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the launcher what is wanted of the program; whether all could be said.
    fn say(&self, socket: &OwnedFd) -> io::Result<bool> {
        let mut fate = self.fate();
        while let Some(request) = fate.wants.first(self.number) {
            if !send(socket, &request.to_bytes(), &[])? {
                return Ok(false);
            }
            fate.wants.drop_first();
        }
        fate.queued = false;
        Ok(true)
    }

    fn has_ended(&self, status: ExitStatus) {
        let mut fate = self.fate();
        fate.status = Some(status);
        fate.wake();
    }

    fn is_gone(&self, status: Option<ExitStatus>) {
        let mut fate = self.fate();
        fate.gone = true;
        fate.status = fate.status.or(status);
        fate.wake();
    }

    /// Its exit status, once it has ended.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<ExitStatus> {
        let mut fate = self.fate();
        match fate.status {
            Some(status) => Poll::Ready(status),
            None => fate.wait(cx),
        }
    }

    /// The same, once nothing is left of it.
    pub(crate) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<Option<ExitStatus>> {
        let mut fate = self.fate();
        if fate.gone { Poll::Ready(fate.status) } else { fate.wait(cx) }
    }

    /// Whether nothing is left of it.
    pub(crate) fn has_gone(&self) -> bool {
        self.fate().gone
    }
}

impl Fate {
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        // One task waits for it, seldom two in turn.
        if !self.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

impl Wants {
    fn first(&self, number: Number) -> Option<Request<'static>> {
        if self.let_go {
            Some(Request::LetGo { number })
        } else if let Some(&signal) = self.signals.front() {
            Some(Request::Signal { number, signal })
        } else {
            let (grace, foreground) = self.hang_up?;
            Some(Request::HangUp { number, grace, foreground })
        }
    }

    fn drop_first(&mut self) {
        if self.let_go {
            *self = Self::default();
        } else if self.signals.pop_front().is_none() {
            self.hang_up = None;
        }
    }
}

/// Hears what the launcher says, and says what it had no room for, until it ends.
async fn converse(launcher: Launcher, socket: raw::Registered) {
    let shared = &launcher.0;
    let mut buf = vec![0; LONGEST_REPLY];
    loop {
        let outcome = tokio::select! {
            heard = hear(shared, &socket, &mut buf) => heard,
            said = say(shared, &socket) => said,
        };
        if let Err(error) = outcome {
            shared.end();
            tracing::error!(
                "the launcher has ended ({error}), and its programs with it; no more can be started until \
                 Trunkline is restarted, since only a process of root can start another launcher"
            );
            return;
        }
    }
}

async fn hear(shared: &Shared, socket: &raw::Registered, buf: &mut [u8]) -> io::Result<()> {
    let mut ready = socket.readable().await?;
    loop {
        match receive(socket.get_ref(), buf)? {
            Packet::Empty => {
                ready.clear_ready();
                return Ok(());
            }
            Packet::End => return Err(io::ErrorKind::ConnectionReset.into()),
            Packet::TooMuch => {}
            Packet::Whole(length, _) => {
                if let Ok(reply) = Reply::of(&buf[..length]) {
                    shared.hear(&reply);
                }
            }
        }
    }
}

async fn say(shared: &Shared, socket: &raw::Registered) -> io::Result<()> {
    // Asked anew each time: who listens at the same time may have cut the last wait short.
    if shared.state().queue.is_empty() {
        shared.waiting.notified().await;
    }
    loop {
        let mut ready = socket.writable().await?;
        let said = shared.flush(&mut shared.state());
        if said {
            return Ok(());
        }
        ready.clear_ready();
    }
}

impl Streams {
    fn each(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        match self {
            Self::Terminal(slave) => std::slice::from_ref(slave),
            Self::Pipes(pipes) => pipes.as_slice(),
        }
        .iter()
        .map(|fd| fd.as_fd())
    }
}
