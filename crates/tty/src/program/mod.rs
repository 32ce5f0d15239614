//! A program on a pseudo-terminal or on clean pipes.

mod child;
#[cfg(feature = "launcher")]
pub(crate) mod far;
#[cfg(not(feature = "launcher"))]
#[path = "no_far.rs"]
mod far;
mod io;
mod own;
mod reaper;
mod running;
pub(crate) mod session;
pub(crate) mod spawn;
mod steps;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use rustix::termios::Winsize;

use crate::Resource;

pub use self::child::Child;
pub use self::io::{ErrorOutput, ProgramIo};
pub use self::running::{Grace, Running};
pub use self::spawn::SpawnError;
#[cfg(feature = "launcher")]
pub(crate) use self::steps::Bond;
pub(crate) use self::steps::Steps;
pub use self::user::{User, UserError};

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
    /// The user to become, from `/etc/passwd`. `None` stays who we are, root included: whether that is
    /// right is the caller's to decide.
    pub user: Option<String>,
    /// Its input and output.
    pub on: On,
    /// Permission bits kept from files it makes.
    pub umask: u32,
    /// Whether set-user-id files can raise it.
    pub privileges: Privileges,
    /// Resource limits, soft and hard alike.
    pub limits: Vec<Limit>,
    /// How much it lets others go first, from 0 to 19, on top of our own.
    pub nice: u8,
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

impl From<WindowSize> for Winsize {
    fn from(size: WindowSize) -> Self {
        Self { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 }
    }
}

impl From<Winsize> for WindowSize {
    fn from(size: Winsize) -> Self {
        Self { rows: size.ws_row, columns: size.ws_col }
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
            nice: 0,
        }
    }
}
