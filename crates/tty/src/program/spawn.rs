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
use super::steps::{Bond, Identity, Step, Steps, Terminal};
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
        let (ends, streams) = Ends::make(&self.on).map_err(system)?;
        if let (Streams::Terminal(slave), Some(user)) = (&streams, user) {
            fchown(slave, Some(Uid::from_raw(user.uid)), None)
                .map_err(|error| system(error.into()))?;
        }
        let pid = self.execute(user, streams, Bond::None)?;
        let child = Child::adopt(pid).map_err(system)?;
        let io = ends.into_io(&child).map_err(system)?;
        Ok(Running { io, child })
    }

    /// Makes the process, and returns when it executes the file.
    pub(crate) fn execute(
        &self,
        user: Option<&User>,
        streams: Streams,
        bond: Bond,
    ) -> Result<Pid, SpawnError> {
        let system = |source| SpawnError::System { file: self.file.clone(), source };
        let (mut failed_step, report) = io::pipe().map_err(system)?;
        let mut command = self.command();
        let terminal = streams.terminal();
        streams.give_to(&mut command).map_err(system)?;
        let steps = self.steps(user, terminal, bond, report.into()).map_err(system)?;
        raw::before_exec(&mut command, steps);
        let spawned = command.spawn();
        // With it goes the parent's copy of everything that belongs to the child.
        drop(command);
        match spawned {
            Ok(child) => Ok(Pid::from_child(&child)),
            Err(source) => Err(self.failure(source, &mut failed_step)),
        }
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

    fn steps(
        &self,
        user: Option<&User>,
        terminal: Terminal,
        bond: Bond,
        report: OwnedFd,
    ) -> io::Result<Steps> {
        Ok(Steps {
            terminal,
            bond,
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
pub(crate) enum Ends {
    Pty { master: Master, slave: OwnedFd },
    Pipes { input: OwnedFd, output: OwnedFd, errors: OwnedFd },
}

/// The child's own ends.
#[derive(Debug)]
pub(crate) enum Streams {
    /// The terminal that is all three.
    Terminal(OwnedFd),
    /// Standard input, output and error.
    Pipes([OwnedFd; 3]),
}

impl Ends {
    pub(crate) fn make(on: &On) -> io::Result<(Self, Streams)> {
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
                // Nobody else is to write into what may be a machine's conversation.
                fchmod(&slave, Mode::RUSR | Mode::WUSR)?;
                let streams = Streams::Terminal(slave.try_clone()?);
                Ok((Self::Pty { master, slave }, streams))
            }
            On::Pipes => {
                let (child_input, input) = io::pipe()?;
                let (output, child_output) = io::pipe()?;
                let (errors, child_errors) = io::pipe()?;
                let ends = Self::Pipes {
                    input: input.into(),
                    output: output.into(),
                    errors: errors.into(),
                };
                let theirs = [child_input.into(), child_output.into(), child_errors.into()];
                Ok((ends, Streams::Pipes(theirs)))
            }
        }
    }

    pub(crate) fn into_io(self, child: &Child) -> io::Result<ProgramIo> {
        match self {
            Self::Pty { master, slave } => ProgramIo::on_pty(master, Life::new(child, slave)?),
            Self::Pipes { input, output, errors } => ProgramIo::on_pipes(input, output, errors),
        }
    }
}

impl Streams {
    fn terminal(&self) -> Terminal {
        match self {
            Self::Terminal(_) => Terminal::Controlling,
            Self::Pipes(_) => Terminal::None,
        }
    }

    fn give_to(self, command: &mut Command) -> io::Result<()> {
        let [input, output, errors] = match self {
            Self::Terminal(slave) => [slave.try_clone()?, slave.try_clone()?, slave],
            Self::Pipes(pipes) => pipes,
        };
        command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::from(errors));
        Ok(())
    }
}
