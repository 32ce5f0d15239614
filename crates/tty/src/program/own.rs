//! A program's process that is a child of this one.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, pidfd_open,
    test_kill_process_group, waitid,
};
use tokio::io::Interest;

use super::{reaper, session};
use crate::Signal;
use crate::raw::{self, Registered};

/// A process of ours.
#[derive(Debug)]
pub(super) struct Own {
    pid: Pid,
    ended: Registered,
    fate: Fate,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Alive, or dead and not yet reaped: its number is its own.
    Ours,
    /// Buried; its number is still that of a group with members.
    Reaped(ExitStatus),
    /// Buried with its whole group: the number may be anybody's.
    Gone(ExitStatus),
}

impl Own {
    /// Takes charge of a process that was just started.
    pub(super) fn adopt(pid: Pid) -> io::Result<Self> {
        let watched = pidfd_open(pid, PidfdFlags::empty())
            .map_err(io::Error::from)
            .and_then(|fd| raw::register(Arc::new(fd), Interest::READABLE));
        match watched {
            Ok(ended) => Ok(Self { pid, ended, fate: Fate::Ours }),
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                reaper::adopt(pid);
                Err(error)
            }
        }
    }

    /// Something else that is ready when the process has ended.
    pub(super) fn watch(&self) -> io::Result<Registered> {
        let copy: OwnedFd = self.ended.get_ref().try_clone()?;
        raw::register(Arc::new(copy), Interest::READABLE)
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Its exit status, once it has ended.
    pub(super) fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        if let Fate::Reaped(status) | Fate::Gone(status) = self.fate {
            return Poll::Ready(Ok(status));
        }
        loop {
            let mut ready = ready!(self.ended.poll_read_ready(cx))?;
            match self.look()? {
                Some(status) => return Poll::Ready(Ok(status)),
                None => ready.clear_ready(),
            }
        }
    }

    /// The exit status, if there is one. The process is left a zombie: while it is one, nobody else can
    /// get its number and our signals.
    fn look(&self) -> io::Result<Option<ExitStatus>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid), options)?.map(|status| exit_status(&status)))
    }

    /// It has ended with its whole group.
    pub(super) fn is_gone(&mut self, status: ExitStatus) {
        self.fate = Fate::Gone(status);
    }

    /// Sends a signal to its process group. A group that has ended is no error.
    pub(super) fn signal_group(&self, signal: Signal) -> io::Result<()> {
        if let Fate::Gone(_) = self.fate {
            return Ok(());
        }
        match kill_process_group(self.pid, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn group_lives(&self) -> bool {
        // As process 1 we inherit orphans, and nobody else buries them.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        while matches!(waitid(WaitId::Pgid(Some(self.pid)), options), Ok(Some(_))) {}
        if test_kill_process_group(self.pid) == Err(Errno::SRCH) {
            return false;
        }
        let group = self.pid;
        tokio::task::spawn_blocking(move || session::group_lives(group)).await.unwrap_or(true)
    }

    /// Buries the process if it is dead.
    pub(super) fn reap(&mut self) {
        if let Fate::Ours = self.fate {
            match waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
                Ok(Some(status)) => self.fate = Fate::Reaped(exit_status(&status)),
                Ok(None) => {}
                // Somebody in this process waits for all children and has taken the status.
                Err(_) => self.fate = Fate::Reaped(ExitStatus::default()),
            }
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Before the kill, which may be over before the next look.
        let was_alive = matches!(self.fate, Fate::Ours) && matches!(self.look(), Ok(None));
        let _ = self.signal_group(Signal::KILL);
        if was_alive {
            reaper::adopt(self.pid);
        } else {
            self.reap();
        }
    }
}

fn exit_status(status: &WaitIdStatus) -> ExitStatus {
    const CORE_DUMPED: i32 = 0x80;
    let core = if status.dumped() { CORE_DUMPED } else { 0 };
    let raw = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => (code & 0xff) << 8,
        (None, Some(signal)) => signal | core,
        (None, None) => 0,
    };
    ExitStatus::from_raw(raw)
}
