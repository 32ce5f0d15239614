//! A program that runs, and how it is brought to its end.

use std::future::poll_fn;
use std::io;
use std::process::ExitStatus;
use std::task::Context;
use std::time::Duration;

use rustix::process::{Pid, getsid, kill_process_group};
use rustix::termios::tcgetpgrp;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::child::Whose;
use super::own::Own;
use super::{Child, ProgramIo, reaper};
use crate::Signal;
use crate::limits::{KILL_PATIENCE, SOONEST_GROUP_LOOK};
use crate::raw;

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
        let Self { io, child } = self;
        match child.0 {
            Whose::Ours(own) => hang_up(io, own, grace).await,
            Whose::Launched(far) => far.hang_up(io, grace).await,
        }
    }
}

async fn hang_up(io: ProgramIo, mut child: Own, grace: Grace) -> io::Result<ExitStatus> {
    let mut end = HangUp::begin(io, child.pid());
    let mut deadline = Instant::now();
    for (signal, patience) in [(Signal::HUP, grace.hup), (Signal::TERM, grace.term)] {
        end.signal(&child, signal);
        deadline += patience;
        if let Some(status) = end.ended_by(&mut child, deadline).await? {
            return Ok(status);
        }
    }
    child.signal_group(Signal::KILL)?;
    reaper::sweep(child.pid());
    let killed = timeout_at(Instant::now() + KILL_PATIENCE, end.leader_end(&mut child));
    // Only a process that hangs in the kernel is left then; dropping `child` has it reaped later.
    killed.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// A hang-up in progress.
pub(super) struct HangUp {
    /// Pipes are kept and emptied, lest a program that says good-bye die of it.
    pipes: Option<ProgramIo>,
    /// The process group in the terminal's foreground, if it isn't the program's own.
    foreground: Option<Pid>,
}

impl HangUp {
    pub(super) fn begin(mut io: ProgramIo, leader: Pid) -> Self {
        let Some(master) = io.master() else {
            // Closing a pipe needs no waiting.
            let _ = io.poll_shutdown(&mut Context::from_waker(std::task::Waker::noop()));
            return Self { pipes: Some(io), foreground: None };
        };
        let foreground = tcgetpgrp(&master.fd).ok().filter(|&group| group != leader);
        // `io` is dropped here: a program that doesn't hear SIGHUP still finds its terminal gone.
        Self { pipes: None, foreground }
    }

    /// Has what the program still writes thrown away.
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>) {
        if let Some(pipes) = &mut self.pipes {
            pipes.poll_discard(cx);
        }
    }

    /// The process group in the terminal's foreground, if it isn't the program's own.
    #[cfg_attr(not(feature = "launcher"), expect(dead_code, reason = "only it is told"))]
    pub(super) fn foreground(&self) -> Option<Pid> {
        self.foreground
    }

    fn signal(&self, child: &Own, signal: Signal) {
        let _ = child.signal_group(signal);
        // A stopped process would notice when it is too late.
        let _ = child.signal_group(Signal::CONT);
        if let Some(group) = self.foreground
            && getsid(Some(group)) == Ok(child.pid())
        {
            let _ = kill_process_group(group, signal);
        }
    }

    /// The exit status, if the program and its whole process group end in time.
    async fn ended_by(
        &mut self,
        child: &mut Own,
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
        child.is_gone(status);
        Ok(Some(status))
    }

    async fn leader_end(&mut self, child: &mut Own) -> io::Result<ExitStatus> {
        poll_fn(|cx| {
            self.poll_discard(cx);
            child.poll_wait(cx)
        })
        .await
    }
}
