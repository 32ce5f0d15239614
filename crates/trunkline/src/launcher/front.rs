//! The front's part: starting the launcher while we are root.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use exchange::needs_launcher;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, geteuid, pidfd_open};
use rustix::thread::set_no_new_privs;
use tty::launcher::{Opening, await_opening, pair};
use tty::{User, UserError};

use super::Hand;
use crate::instance::Plan;
use crate::limits::{LAUNCHER_END, LAUNCHER_OPENING};

/// A launcher that was started, and our end to it.
pub(crate) struct Begun {
    child: Child,
    socket: Option<OwnedFd>,
}

/// Why there is no launcher.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LauncherError {
    /// The user that we are to become isn't there.
    #[error("`user` of [exchange]")]
    User(#[from] UserError),
    /// The process can't be started.
    #[error("the launcher, which starts programs of other users, can't be started")]
    Start(#[source] io::Error),
    /// It says that it can't work.
    #[error("the launcher, which starts programs of other users, refuses: {0}")]
    Refused(String),
    /// It has ended without a word.
    #[error("the launcher, which starts programs of other users, has ended at once: {0}")]
    Ended(ExitStatus),
    /// It says nothing.
    #[error("the launcher, which starts programs of other users, doesn't answer")]
    Silent,
}

/// Starts the launcher if root is about to be given up and a program of `plan` needs another user.
/// Nothing that this process starts by itself can gain rights from then on. Must be called before there
/// is a second thread.
pub(crate) fn begin(plan: &Plan, file: Option<&Path>) -> Result<Option<Begun>, LauncherError> {
    let (Some(answering), Some(file)) = (&plan.answering, file) else { return Ok(None) };
    let Some(name) = &answering.exchange.user else { return Ok(None) };
    if !geteuid().is_root() || !needs_launcher(&answering.exchange, &answering.accounts) {
        return Ok(None);
    }
    let user = User::find(name)?;
    if user.uid == 0 {
        return Ok(None);
    }
    let begun = start(file, user.uid)?;
    set_no_new_privs(true).map_err(|error| LauncherError::Start(error.into()))?;
    Ok(Some(begun))
}

fn start(file: &Path, front: u32) -> Result<Begun, LauncherError> {
    let (ours, theirs) = pair().map_err(LauncherError::Start)?;
    let file = std::path::absolute(file).map_err(LauncherError::Start)?;
    // This very program, also when its file has been replaced meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.arg(super::WORD).arg(file).arg(front.to_string());
    command.env_clear();
    let kept = ["JOURNAL_STREAM", "TERM", "NO_COLOR"];
    command.envs(kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.env("TRUNKLINE_LOG", crate::log::wanted());
    // Standard error is the log's, as ours is.
    command.stdin(Stdio::from(theirs)).stdout(Stdio::null());
    let mut child = command.spawn().map_err(LauncherError::Start)?;
    // With it goes our copy of the launcher's end, whose closing tells us that it has ended.
    drop(command);
    let opening = await_opening(&ours, LAUNCHER_OPENING).map_err(LauncherError::Start)?;
    match opening {
        Opening::Ready => Ok(Begun { child, socket: Some(ours) }),
        Opening::Refused(why) => {
            let _ = child.wait();
            Err(LauncherError::Refused(why))
        }
        Opening::Ended => child
            .wait()
            .map_or(Err(LauncherError::Silent), |status| Err(LauncherError::Ended(status))),
        Opening::Silent => {
            let _ = child.kill();
            let _ = child.wait();
            Err(LauncherError::Silent)
        }
    }
}

impl Begun {
    /// The launcher as the exchange uses it. Must be called inside the runtime that calls run in.
    pub(crate) fn connect(&mut self) -> Result<Option<Hand>, LauncherError> {
        let Some(socket) = self.socket.take() else { return Ok(None) };
        let launcher = Hand::new(socket).map_err(LauncherError::Start)?;
        tracing::info!(pid = self.child.id(), "programs are started by the launcher");
        Ok(Some(launcher))
    }

    /// Waits until the launcher has ended too, which it does once nobody holds our end any more.
    pub(crate) fn end(mut self) {
        drop(self.socket.take());
        let ended = || -> io::Result<bool> {
            let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) else { return Ok(true) };
            let end = pidfd_open(pid, PidfdFlags::empty())?;
            let patience = Timespec::try_from(LAUNCHER_END).map_err(io::Error::other)?;
            Ok(poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&patience))? > 0)
        };
        match ended() {
            Ok(true) => drop(self.child.wait()),
            // It hangs up what is left of our programs, and needs nobody for it.
            Ok(false) => tracing::warn!("the launcher still has programs to end"),
            Err(error) => tracing::warn!("can't wait for the launcher: {error}"),
        }
    }
}
