//! A running program: its output kept, its end awaited, and nothing of it left behind.

use std::ffi::OsStr;
use std::io::{PipeReader, Read, pipe};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::installed;

/// How long anything may take before the test has failed. Far beyond what is ever needed, because two busy
/// processors stretch everything; never a pace.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long a program may take over its end after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(10);

/// A command to run a program that dies with the test, even if the test itself is killed.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(installed("/usr/bin/setpriv"));
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A program with its own process group, killed with all that it started when the test is done with it.
///
/// Everything it said is printed at its end; the test runner shows that only when the test fails.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: Log,
}

impl Process {
    /// Starts a program. Its output goes into the log, its input is empty unless the command says otherwise.
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let (output, input) = pipe().expect("a pipe");
        let copy = input.try_clone().expect("a second end of a pipe");
        command.stdout(input).stderr(copy).process_group(0);
        let process = Self::watch(name, command, Log::of(output));
        // The command itself still holds the pipe's writing end; without it the log can end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        process
    }

    /// Starts a program whose three streams the command has already set.
    pub(crate) fn start_connected(name: &str, command: &mut Command) -> Self {
        Self::watch(name, command, Log::empty())
    }

    fn watch(name: &str, command: &mut Command, log: Log) -> Self {
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{name} can't be started: {error}"));
        Self { name: name.into(), child, log }
    }

    /// What it has said.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Its process number.
    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its own end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        if !self.ended_within(PATIENCE) {
            panic!("{} is still running after {PATIENCE:?}", self.name);
        }
        let status = self.child.wait().expect("a child to wait for");
        self.log.wait_for_end();
        status
    }

    /// Waits for its own end, which must be success.
    pub(crate) fn succeed(&mut self) {
        let status = self.end();
        assert!(status.success(), "{} failed: {status}\n{}", self.name, self.log.text());
    }

    /// Ends it and its group without a word.
    pub(crate) fn kill(&mut self) {
        let _ = kill_process_group(self.id(), Signal::KILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn ended_within(&mut self, time: Duration) -> bool {
        if !self.is_running() {
            return true;
        }
        let handle = pidfd_open(self.id(), PidfdFlags::empty()).expect("a handle of our own child");
        let deadline = Instant::now() + time;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).expect("a short time");
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&left)) {
                Ok(0) => return false,
                Ok(_) => return true,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("waiting for {}: {error}", self.name),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = kill_process_group(self.id(), Signal::TERM);
            self.ended_within(FAREWELL);
        }
        // Also when it ended by itself: what it started may not have.
        self.kill();
        println!("---- {}:\n{}", self.name, self.log.text());
    }
}

/// Everything a program has said so far.
#[derive(Clone)]
pub(crate) struct Log(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Log {
    fn empty() -> Self {
        let state = State { ended: true, ..State::default() };
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    fn of(mut output: PipeReader) -> Self {
        let log = Self(Arc::default());
        let writer = log.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let count = output.read(&mut chunk).unwrap_or(0);
                let mut state = writer.state();
                state.bytes.extend_from_slice(&chunk[..count]);
                state.ended = count == 0;
                drop(state);
                writer.0.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        log
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    /// Waits until so many bytes have been said.
    pub(crate) fn wait_for_bytes(&self, count: usize) {
        let too_few = |state: &mut State| state.bytes.len() < count && !state.ended;
        let waited = self.0.1.wait_timeout_while(self.state(), PATIENCE, too_few);
        let heard = waited.unwrap_or_else(PoisonError::into_inner).0.bytes.len();
        assert!(heard >= count, "{heard} of {count} bytes were said");
    }

    /// All of it, as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.state().bytes).into_owned()
    }

    /// Waits until `find` finds something in the text.
    pub(crate) fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            let ended = state.ended;
            let text = String::from_utf8_lossy(&state.bytes).into_owned();
            if let Some(found) = find(&text) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || ended {
                drop(state);
                panic!("no {what} in what was said:\n{text}");
            }
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for a word.
    pub(crate) fn expect(&self, word: &str) {
        self.wait_for(&format!("{word:?}"), |text| text.contains(word).then_some(()));
    }

    /// Waits until nobody can say anything more.
    fn wait_for_end(&self) {
        // What the program left running may hold its output open: that is no reason to wait for ever.
        let _ = self.0.1.wait_timeout_while(self.state(), FAREWELL, |state| !state.ended);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
