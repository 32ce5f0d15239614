//! A program that runs, and how it is brought to its end.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, WaitIdStatus, getsid, kill_process_group, pidfd_open,
    test_kill_process_group, waitid,
};
use rustix::termios::tcgetpgrp;
use tokio::io::Interest;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{ProgramIo, reaper, session};
use crate::Signal;
use crate::limits::{KILL_PATIENCE, SOONEST_GROUP_LOOK};
use crate::raw::{self, Registered};

/// A program that was started.
///
/// Dropped before its end, it is killed with all of its session. Dropped after it, only what it left in
/// its own process group is killed: jobs that a shell put into groups of their own, and that outlived
/// SIGHUP, were meant to stay.
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
    /// What a BREAK means to a program: SIGINT to the job in the foreground of its terminal, or to its
    /// process group on pipes. One that has ended is no error.
    pub fn interrupt(&self) -> io::Result<()> {
        match self.io.master() {
            Some(master) => raw::signal_foreground(&master.fd, Signal::INT),
            None => self.child.signal_group(Signal::INT),
        }
    }

    /// Ends it as a lost line does: its terminal or input closes and the process group gets SIGHUP,
    /// then SIGTERM, then SIGKILL, each only if something is left. What it still writes is dropped.
    ///
    /// An exit status that was there before comes at once. Dropping the future kills.
    pub async fn hang_up(self, grace: Grace) -> io::Result<ExitStatus> {
        let Self { io, mut child } = self;
        let mut end = HangUp::begin(io, &child);
        let mut deadline = Instant::now();
        for (signal, patience) in [(Signal::HUP, grace.hup), (Signal::TERM, grace.term)] {
            end.signal(&child, signal);
            deadline += patience;
            if let Some(status) = end.ended_by(&mut child, deadline).await? {
                return Ok(status);
            }
        }
        child.signal_group(Signal::KILL)?;
        reaper::sweep(child.pid);
        let killed = timeout_at(Instant::now() + KILL_PATIENCE, end.leader_end(&mut child));
        // Only a process that hangs in the kernel is left then; dropping `child` has it reaped later.
        killed.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// A hang-up in progress.
struct HangUp {
    /// Pipes are kept and emptied, lest a program that says good-bye die of it.
    pipes: Option<ProgramIo>,
    /// The process group in the terminal's foreground, if it isn't the program's own.
    foreground: Option<Pid>,
}

impl HangUp {
    fn begin(mut io: ProgramIo, child: &Child) -> Self {
        let Some(master) = io.master() else {
            // Closing a pipe needs no waiting.
            let _ = io.poll_shutdown(&mut Context::from_waker(std::task::Waker::noop()));
            return Self { pipes: Some(io), foreground: None };
        };
        let foreground = tcgetpgrp(&master.fd).ok().filter(|&group| group != child.pid);
        // `io` is dropped here: a program that doesn't hear SIGHUP still finds its terminal gone.
        Self { pipes: None, foreground }
    }

    fn signal(&self, child: &Child, signal: Signal) {
        let _ = child.signal_group(signal);
        // A stopped process would notice when it is too late.
        let _ = child.signal_group(Signal::CONT);
        if let Some(group) = self.foreground
            && getsid(Some(group)) == Ok(child.pid)
        {
            let _ = kill_process_group(group, signal);
        }
    }

    /// The exit status, if the program and its whole process group end in time.
    async fn ended_by(
        &mut self,
        child: &mut Child,
        deadline: Instant,
    ) -> io::Result<Option<ExitStatus>> {
        let Ok(status) = timeout_at(deadline, self.leader_end(child)).await else {
            return Ok(None);
        };
        let status = status?;
        // A zombie counts as a member; the group can be seen to be empty only without it.
        child.reap();
        let mut pause = SOONEST_GROUP_LOOK;
        while child.group_lives().await {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            sleep_until(deadline.min(Instant::now() + pause)).await;
            pause *= 2;
        }
        child.fate = Fate::Gone(status);
        Ok(Some(status))
    }

    async fn leader_end(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        poll_fn(|cx| {
            if let Some(pipes) = &mut self.pipes {
                pipes.poll_discard(cx);
            }
            child.poll_wait(cx)
        })
        .await
    }
}

/// The process of a program. See [`Running`] for what dropping it does.
#[derive(Debug)]
pub struct Child {
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

impl Child {
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

    /// Its process id, also that of its process group and session.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Its exit status, once it has ended. Its output may still be unread: read on to the end.
    /// May be dropped and called again.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        poll_fn(|cx| self.poll_wait(cx)).await
    }

    /// [`wait`](Self::wait) for callers that poll.
    pub fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
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

    /// Sends a signal to its process group. A group that has ended is no error.
    pub fn signal_group(&self, signal: Signal) -> io::Result<()> {
        if let Fate::Gone(_) = self.fate {
            return Ok(());
        }
        match kill_process_group(self.pid, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn group_lives(&self) -> bool {
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
    fn reap(&mut self) {
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

impl Drop for Child {
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
