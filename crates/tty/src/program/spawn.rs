//! Starting a program: everything before the fork, and what the parent makes of the result.

use std::ffi::CString;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::{Gid, Mode, Uid, fchmod, fchown};
use rustix::process::{Pid, Resource, geteuid, getrlimit};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::io::{Life, ProgramIo};
use super::steps::{Identity, Step, Steps, Terminal};
use super::user::{User, UserError};
use super::{Child, On, Program, PtyMode, Running};
use crate::pty::Master;
use crate::raw;

/// Why a program did not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The file is not given from the root on, and nothing is searched.
    #[error("{} is not a whole path; write it from / on", .0.display())]
    NotAbsolute(PathBuf),
    /// The user can't be looked up.
    #[error(transparent)]
    User(#[from] UserError),
    /// This process is not allowed to become the user.
    #[error("cannot become user {user:?} to run {}: {source}", .file.display())]
    Become {
        /// The user wanted.
        user: String,
        /// The program.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The user may not enter the working directory, or it is missing.
    #[error("cannot enter the directory {} to run {}: {source}", .dir.display(), .file.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// The program.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A resource limit can't be set.
    #[error("cannot set the limits of {}: {source}", .file.display())]
    Limits {
        /// The program.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be executed.
    #[error("cannot execute {}: {source}", .file.display())]
    Execute {
        /// The program.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system has no process, terminal, pipe or descriptor to spare.
    #[error("cannot start {}: {source}", .file.display())]
    System {
        /// The program.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Program {
    /// Starts it. Must be called inside the tokio runtime that will poll it.
    ///
    /// Returns when the program is executing. That takes as long as the system needs to make a process
    /// (about a millisecond), and `/etc/passwd` and `/etc/group` are read for `user`.
    pub fn spawn(&self) -> Result<Running, SpawnError> {
        if !self.file.is_absolute() {
            return Err(SpawnError::NotAbsolute(self.file.clone()));
        }
        let user = self.user.as_deref().map(User::find).transpose()?;
        self.start(user.as_ref())
    }

    fn start(&self, user: Option<&User>) -> Result<Running, SpawnError> {
        let system = |source| SpawnError::System { file: self.file.clone(), source };
        let (mut failed_step, report) = io::pipe().map_err(system)?;
        let mut command = self.command();
        let ends = Ends::make(&self.on, user, &mut command).map_err(system)?;
        raw::before_exec(&mut command, self.steps(user, report.into()).map_err(system)?);
        let spawned = command.spawn();
        // With it goes the parent's copy of everything that belongs to the child.
        drop(command);
        let pid = match spawned {
            Ok(child) => Pid::from_child(&child),
            Err(source) => return Err(self.failure(source, &mut failed_step)),
        };
        let child = Child::adopt(pid).map_err(system)?;
        let io = ends.into_io(&child).map_err(system)?;
        Ok(Running { io, child })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        if let Some((name, arguments)) = self.argv.split_first() {
            command.arg0(name).args(arguments);
        }
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        if let On::Pty { term: Some(term), .. } = &self.on {
            command.env("TERM", term);
        }
        command
    }

    fn steps(&self, user: Option<&User>, report: OwnedFd) -> io::Result<Steps> {
        Ok(Steps {
            terminal: match self.on {
                On::Pty { .. } => Terminal::Controlling,
                On::Pipes => Terminal::None,
            },
            umask: self.umask,
            limits: self.limits.clone(),
            nice: self.nice,
            identity: user.filter(|user| must_change(user)).map(identity),
            dir: CString::new(self.dir.as_os_str().as_bytes())?,
            privileges: self.privileges,
            descriptors: descriptor_limit(),
            report,
        })
    }

    fn failure(&self, source: io::Error, failed_step: &mut PipeReader) -> SpawnError {
        let mut byte = [0];
        let told = matches!(failed_step.read(&mut byte), Ok(1));
        let step = if told { Step::from_report(byte[0]) } else { None };
        let file = self.file.clone();
        match step {
            Some(Step::User) => {
                SpawnError::Become { user: self.user.clone().unwrap_or_default(), file, source }
            }
            Some(Step::Directory) => SpawnError::Directory { dir: self.dir.clone(), file, source },
            Some(Step::Limits) => SpawnError::Limits { file, source },
            Some(Step::Exec) => SpawnError::Execute { file, source },
            _ => SpawnError::System { file, source },
        }
    }
}

/// Whether there is anything to change. Somebody who is not root can still run programs as themselves;
/// root takes on even its own groups anew, for they may not be those of a login.
fn must_change(user: &User) -> bool {
    geteuid() == Uid::ROOT || geteuid().as_raw() != user.uid
}

fn descriptor_limit() -> i32 {
    // None means no limit, which the kernel doesn't grant for this resource.
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(0);
    i32::try_from(limit).unwrap_or(i32::MAX)
}

fn identity(user: &User) -> Identity {
    Identity {
        uid: Uid::from_raw(user.uid),
        gid: Gid::from_raw(user.gid),
        groups: user.groups.iter().copied().map(Gid::from_raw).collect(),
    }
}

/// Our ends of what the child gets.
enum Ends {
    Pty { master: Master, slave: OwnedFd },
    Pipes { input: OwnedFd, output: OwnedFd, errors: OwnedFd },
}

impl Ends {
    fn make(on: &On, user: Option<&User>, command: &mut Command) -> io::Result<Self> {
        match on {
            On::Pty { size, mode, .. } => {
                let master = Master::create()?;
                rustix::termios::tcsetwinsize(&master.fd, (*size).into())?;
                if *mode == PtyMode::Raw {
                    let mut termios = tcgetattr(&master.fd)?;
                    termios.make_raw();
                    tcsetattr(&master.fd, OptionalActions::Now, &termios)?;
                }
                let slave = master.open_slave_blocking()?;
                if let Some(user) = user {
                    fchown(&slave, Some(Uid::from_raw(user.uid)), None)?;
                }
                // Nobody else is to write into what may be a machine's conversation.
                fchmod(&slave, Mode::RUSR | Mode::WUSR)?;
                command
                    .stdin(slave.try_clone()?)
                    .stdout(slave.try_clone()?)
                    .stderr(slave.try_clone()?);
                Ok(Self::Pty { master, slave })
            }
            On::Pipes => {
                let (child_input, input) = io::pipe()?;
                let (output, child_output) = io::pipe()?;
                let (errors, child_errors) = io::pipe()?;
                command.stdin(Stdio::from(child_input));
                command.stdout(Stdio::from(child_output));
                command.stderr(Stdio::from(child_errors));
                Ok(Self::Pipes {
                    input: input.into(),
                    output: output.into(),
                    errors: errors.into(),
                })
            }
        }
    }

    fn into_io(self, child: &Child) -> io::Result<ProgramIo> {
        match self {
            Self::Pty { master, slave } => ProgramIo::on_pty(master, Life::new(child, slave)?),
            Self::Pipes { input, output, errors } => ProgramIo::on_pipes(input, output, errors),
        }
    }
}
