//! A program's process that a launcher has started for us.

use std::future::poll_fn;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::process::{Pid, getpid};
use tokio::time::timeout;

use super::child::Whose;
use super::running::HangUp;
use super::{Child, Grace, ProgramIo};
use crate::Signal;
use crate::launcher::{Launched, Launcher};
use crate::limits::KILL_PATIENCE;

/// A process of the launcher's.
#[derive(Debug)]
pub(crate) struct Far {
    program: Arc<Launched>,
    launcher: Launcher,
    /// Ours while there is none yet.
    pid: Pid,
}

/// Tells when it has ended.
#[derive(Debug)]
pub(super) struct FarWatch(Arc<Launched>);

impl FarWatch {
    pub(super) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_end(cx).map(drop)
    }
}

impl Far {
    /// One that is about to be started. Dropped, it is ended whether or not that has happened.
    pub(crate) fn new(program: Arc<Launched>, launcher: Launcher) -> Self {
        Self { program, launcher, pid: getpid() }
    }

    pub(crate) fn started(&mut self, pid: Pid) {
        self.pid = pid;
    }

    pub(crate) fn into_child(self) -> Child {
        Child(Whose::Launched(self))
    }

    pub(super) fn watch(&self) -> io::Result<FarWatch> {
        Ok(FarWatch(Arc::clone(&self.program)))
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<ExitStatus> {
        self.program.poll_end(cx)
    }

    pub(super) fn signal_group(&self, signal: Signal) {
        self.launcher.signal(&self.program, signal);
    }

    /// Has it hung up by the launcher, which also keeps the times.
    pub(super) async fn hang_up(self, io: ProgramIo, grace: Grace) -> io::Result<ExitStatus> {
        let mut end = HangUp::begin(io, self.pid);
        self.launcher.hang_up(&self.program, grace, end.foreground());
        let gone = poll_fn(|cx| {
            end.poll_discard(cx);
            self.program.poll_gone(cx)
        });
        // A launcher that stands still must not hold the call for ever.
        let longest = grace.hup + grace.term + KILL_PATIENCE + KILL_PATIENCE;
        let status = timeout(longest, gone).await.ok().flatten();
        status.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        if !self.program.has_gone() {
            self.launcher.let_go(&self.program);
        }
    }
}
