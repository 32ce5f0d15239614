//! The process of a program, whoever has started it.

use std::future::poll_fn;
use std::io;
use std::process::ExitStatus;
use std::task::{Context, Poll};

use rustix::process::Pid;

use super::far::{Far, FarWatch};
use super::own::Own;
use crate::Signal;
use crate::raw::Registered;

/// The process of a program. See [`Running`](super::Running) for what dropping it does.
#[derive(Debug)]
pub struct Child(pub(super) Whose);

/// Whose child it is.
#[derive(Debug)]
pub(super) enum Whose {
    /// This process's.
    Ours(Own),
    /// The launcher's, who has started it for us.
    #[cfg_attr(not(feature = "launcher"), expect(dead_code, reason = "there is none"))]
    Launched(Far),
}

/// Tells when a program has ended.
#[derive(Debug)]
pub(super) enum Watch {
    Ours(Registered),
    Launched(FarWatch),
}

impl Watch {
    pub(super) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Ours(ended) => ended.poll_read_ready(cx).map(|_| ()),
            Self::Launched(ended) => ended.poll_ended(cx),
        }
    }
}

impl Child {
    /// Takes charge of a process that was just started.
    pub(super) fn adopt(pid: Pid) -> io::Result<Self> {
        Own::adopt(pid).map(Whose::Ours).map(Self)
    }

    /// Something else that is ready when the process has ended.
    pub(super) fn watch(&self) -> io::Result<Watch> {
        match &self.0 {
            Whose::Ours(own) => own.watch().map(Watch::Ours),
            Whose::Launched(far) => far.watch().map(Watch::Launched),
        }
    }

    /// Its process id, also that of its process group and session.
    pub fn pid(&self) -> u32 {
        let pid = match &self.0 {
            Whose::Ours(own) => own.pid(),
            Whose::Launched(far) => far.pid(),
        };
        pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Its exit status, once it has ended. Its output may still be unread: read on to the end.
    /// May be dropped and called again.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        poll_fn(|cx| self.poll_wait(cx)).await
    }

    /// [`wait`](Self::wait) for callers that poll.
    pub fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        match &mut self.0 {
            Whose::Ours(own) => own.poll_wait(cx),
            Whose::Launched(far) => far.poll_wait(cx).map(Ok),
        }
    }

    /// Sends a signal to its process group. A group that has ended is no error.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        match &self.0 {
            Whose::Ours(own) => own.signal_group(signal),
            Whose::Launched(far) => {
                far.signal_group(signal);
                Ok(())
            }
        }
    }
}
