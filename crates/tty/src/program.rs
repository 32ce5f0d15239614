//! A program on a pseudo-terminal or on clean pipes.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::{Resource, Signal};

/// What to run, as whom and on what.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file to execute, with its whole path.
    pub file: PathBuf,
    /// What the program sees as its arguments, its own name first. A leading `-` there makes a login
    /// shell. Empty: only the file's path.
    pub argv: Vec<OsString>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub dir: PathBuf,
    /// The user to become, from `/etc/passwd`; `None` stays who we are.
    pub user: Option<String>,
    /// Its input and output.
    pub on: On,
    /// Permission bits kept from files it makes.
    pub umask: u32,
    /// Whether set-user-id files can raise it.
    pub privileges: Privileges,
    /// Resource limits, soft and hard alike.
    pub limits: Vec<Limit>,
}

/// What a program's standard input and output are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// A pseudo-terminal of its own, which is its controlling terminal.
    Pty {
        /// Rows and columns at the start.
        size: WindowSize,
        /// Value of `TERM` in its environment, if any.
        term: Option<OsString>,
        /// How the terminal treats bytes before the program says otherwise.
        mode: PtyMode,
    },
    /// Three pipes: 8-bit clean, half-close passed on, standard error apart.
    Pipes,
}

/// How a program's terminal starts out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PtyMode {
    /// Echo, line editing, interrupt characters, CR to LF: what a login expects.
    #[default]
    Cooked,
    /// Every byte as it is.
    Raw,
}

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Lines of text.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

impl Default for WindowSize {
    fn default() -> Self {
        Self { rows: 24, columns: 80 }
    }
}

/// Whether set-user-id files can raise a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privileges {
    /// As the system does.
    #[default]
    Usual,
    /// Never (`no_new_privs`): `su` and `sudo` stop working behind it.
    NeverGained,
}

/// One resource limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub resource: Resource,
    /// To how much, in the resource's unit.
    pub value: u64,
}

/// Why a program did not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The configuration names no absolute path.
    #[error("{} is not a whole path; write it from / on", .0.display())]
    NotAbsolute(PathBuf),
}

impl Program {
    /// The program in `file`, alone on pipes, in `/`, with an empty environment, as ourselves.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            argv: Vec::new(),
            env: Vec::new(),
            dir: PathBuf::from("/"),
            user: None,
            on: On::Pipes,
            umask: 0o022,
            privileges: Privileges::default(),
            limits: Vec::new(),
        }
    }

    /// Starts it. Must be called inside the tokio runtime that will poll it. Takes as long as the
    /// system needs to start a process, and reads `/etc/passwd` and `/etc/group` for `user`.
    pub fn spawn(&self) -> Result<Running, SpawnError> {
        Err(SpawnError::NotAbsolute(self.file.clone()))
    }
}

/// A program that was started. Dropped, it is killed with its whole process group.
#[derive(Debug)]
pub struct Running {
    /// Its input and output.
    pub io: ProgramIo,
    /// The process.
    pub child: Child,
}

/// How long a hang-up waits before it gets rougher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// After SIGHUP, before SIGTERM.
    pub hup: Duration,
    /// After SIGTERM, before SIGKILL.
    pub term: Duration,
}

impl Default for Grace {
    fn default() -> Self {
        Self { hup: Duration::from_secs(5), term: Duration::from_secs(5) }
    }
}

impl Running {
    /// Ends it as a lost line does: its terminal or pipes close and the process group gets SIGHUP,
    /// then SIGTERM, then SIGKILL, each only if something is left. What it still writes is dropped.
    pub async fn hang_up(self, _grace: Grace) -> io::Result<ExitStatus> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The input and output of a program, from our side.
#[derive(Debug)]
pub struct ProgramIo {}

impl ProgramIo {
    /// Reads what the program writes; 0 when it will never write again.
    pub fn poll_read(&mut self, _cx: &mut Context<'_>, _buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    /// Writes to the program's input.
    pub fn poll_write(&mut self, _cx: &mut Context<'_>, _data: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Ends the program's input: closes the pipe, or types the end-of-file character on a terminal in
    /// line mode. A raw terminal has no end of input; nothing is done there.
    pub fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Tells a program on a terminal its new size. Nothing on pipes.
    pub fn resize(&self, _size: WindowSize) -> io::Result<()> {
        Ok(())
    }

    /// What a program on pipes writes to standard error; `None` on a terminal or when taken before.
    pub fn take_errors(&mut self) -> Option<ErrorOutput> {
        None
    }
}

/// Standard error of a program on pipes.
#[derive(Debug)]
pub struct ErrorOutput {}

impl ErrorOutput {
    /// Reads what the program complains; 0 at the end.
    pub fn poll_read(&mut self, _cx: &mut Context<'_>, _buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }
}

/// The process of a program.
#[derive(Debug)]
pub struct Child {}

impl Child {
    /// Its process id, also that of its process group and session.
    pub fn pid(&self) -> u32 {
        0
    }

    /// Its exit status, once it has ended. Its output may still be unread: read on to the end.
    /// May be dropped and called again.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        std::future::poll_fn(|cx| self.poll_wait(cx)).await
    }

    /// [`wait`](Self::wait) for callers that poll.
    pub fn poll_wait(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Sends a signal to its process group. A group that has ended is no error.
    pub fn signal_group(&self, _signal: Signal) -> io::Result<()> {
        Ok(())
    }
}

/// What is done in the child.
#[derive(Debug)]
pub(crate) struct Steps;

impl Steps {
    pub(crate) fn take(&mut self) -> io::Result<()> {
        Ok(())
    }
}
