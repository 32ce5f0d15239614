//! The system calls that bring programs to their end.

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, getsid, kill_process_group, test_kill_process, test_kill_process_group,
};

use super::ward::{Group, Reach};
use crate::program::session;

/// Our processes, and the sessions that are to be killed with the next walk through all processes.
#[derive(Debug, Default)]
pub(super) struct Processes {
    sweeps: Vec<Pid>,
}

impl Processes {
    /// Kills what is left of the sessions that were asked for, all in one walk.
    pub(super) fn sweep_all(&mut self) {
        if !self.sweeps.is_empty() {
            session::kill(&std::mem::take(&mut self.sweeps));
        }
    }

    /// Kills a program that is nobody's ward. It is buried like any orphan.
    pub(super) fn kill_unwatched(&mut self, leader: Pid) {
        let _ = kill_process_group(leader, Signal::KILL);
        self.sweep(leader);
    }
}

impl Reach for Processes {
    fn signal(&mut self, group: Group, signal: Signal) {
        let leader = match group {
            Group::Led(leader) => leader,
            // If there is a process of that number all the same, the group has gone, and the number is
            // somebody else's.
            Group::Orphaned(leader) if test_kill_process(leader) != Err(Errno::SRCH) => return,
            Group::Orphaned(leader) => leader,
        };
        let _ = kill_process_group(leader, signal);
    }

    fn signal_job(&mut self, job: Pid, leader: Pid, signal: Signal) {
        if getsid(Some(job)) == Ok(leader) {
            let _ = kill_process_group(job, signal);
        }
    }

    fn is_left(&mut self, leader: Pid) -> bool {
        test_kill_process_group(leader) != Err(Errno::SRCH)
    }

    fn sweep(&mut self, leader: Pid) {
        self.sweeps.push(leader);
    }
}
