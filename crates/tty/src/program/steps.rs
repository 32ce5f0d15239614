//! What a child process does between fork and exec.
//!
//! Nothing here may allocate, lock or panic: see [`raw::before_exec`]. Every value was made before the
//! fork, and each step is one or a few system calls.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::Mode;
use rustix::process::{
    Gid, Pid, Rlimit, Signal, Uid, chdir, getegid, geteuid, getgid, getppid, getuid,
    ioctl_tiocsctty, nice, set_parent_process_death_signal, setrlimit, setsid, umask,
};
use rustix::thread::{
    clear_ambient_capability_set, set_no_new_privs, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid, set_thread_uid,
};

use super::{Limit, Privileges};
use crate::raw;

/// Everything that a child does before it becomes the program.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(super) terminal: Terminal,
    pub(super) bond: Bond,
    pub(super) umask: u32,
    pub(super) limits: Vec<Limit>,
    pub(super) nice: u8,
    pub(super) identity: Option<Identity>,
    pub(super) dir: CString,
    pub(super) privileges: Privileges,
    /// No descriptor has this number or a higher one.
    pub(super) descriptors: i32,
    /// Tells the parent which step it was that failed.
    pub(super) report: OwnedFd,
}

/// Whether standard input is to be the controlling terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    Controlling,
    None,
}

/// What becomes of the child when its parent ends without ending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bond {
    /// It goes on.
    None,
    /// The kernel kills it.
    #[cfg_attr(not(feature = "launcher"), expect(dead_code, reason = "only a launcher binds"))]
    Parent(Pid),
}

/// Whom to become.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    pub(super) groups: Vec<Gid>,
}

/// A step that failed, as the parent hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Session = 1,
    Signals,
    Limits,
    User,
    Directory,
    Privileges,
    Exec,
}

impl Step {
    pub(super) fn from_report(byte: u8) -> Option<Self> {
        let steps = [
            Self::Session,
            Self::Signals,
            Self::Limits,
            Self::User,
            Self::Directory,
            Self::Privileges,
            Self::Exec,
        ];
        steps.into_iter().find(|step| *step as u8 == byte)
    }
}

impl Steps {
    /// Takes all steps in the child. On success the program is executed next.
    pub(crate) fn take(&mut self) -> io::Result<()> {
        self.step(Step::Session, Self::begin_session)?;
        self.step(Step::Signals, |_| {
            raw::default_signals();
            raw::unblock_signals()
        })?;
        raw::close_from_on_exec(3, self.descriptors);
        umask(Mode::from_raw_mode(self.umask & 0o777));
        // Before the change of user, which would forbid raising a limit.
        self.step(Step::Limits, Self::set_limits)?;
        self.step(Step::User, Self::become_user)?;
        // After it, too: the kernel forgets it with the old user.
        self.step(Step::Session, Self::bind_to_parent)?;
        // And after it: the directory must be one that the user may enter.
        self.step(Step::Directory, |steps| Ok(chdir(steps.dir.as_c_str())?))?;
        self.step(Step::Privileges, Self::give_up_privileges)?;
        // Exec follows; if it succeeds, nobody reads this.
        self.tell(Step::Exec);
        Ok(())
    }

    fn step(&self, step: Step, take: impl FnOnce(&Self) -> io::Result<()>) -> io::Result<()> {
        let taken = take(self);
        if taken.is_err() {
            self.tell(step);
        }
        taken
    }

    fn tell(&self, step: Step) {
        // The pipe is empty and the parent alive, or nobody cares.
        let _ = rustix::io::write(&self.report, &[step as u8]);
    }

    fn begin_session(&self) -> io::Result<()> {
        setsid()?;
        if self.terminal == Terminal::Controlling {
            ioctl_tiocsctty(rustix::stdio::stdin())?;
        }
        Ok(())
    }

    fn bind_to_parent(&self) -> io::Result<()> {
        let Bond::Parent(parent) = self.bond else { return Ok(()) };
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have ended a moment ago, which no signal tells any more.
        if getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    }

    fn set_limits(&self) -> io::Result<()> {
        for limit in &self.limits {
            let value = Some(limit.value);
            setrlimit(limit.resource, Rlimit { current: value, maximum: value })?;
        }
        if self.nice > 0 {
            nice(i32::from(self.nice))?;
        }
        Ok(())
    }

    fn become_user(&self) -> io::Result<()> {
        // A service manager may have given us powers that outlive a change of user. Kernels without
        // them have nothing to clear.
        let _ = clear_ambient_capability_set();
        let Some(identity) = &self.identity else { return Ok(()) };
        // The kernel's own calls, for this thread only: in a child there is no other.
        set_thread_groups(&identity.groups)?;
        set_thread_res_gid(identity.gid, identity.gid, identity.gid)?;
        set_thread_res_uid(identity.uid, identity.uid, identity.uid)?;
        self.verify(identity)
    }

    /// Trusts no return value: a program must never run as somebody else by accident.
    fn verify(&self, identity: &Identity) -> io::Result<()> {
        let became = getuid() == identity.uid
            && geteuid() == identity.uid
            && getgid() == identity.gid
            && getegid() == identity.gid;
        let way_back = identity.uid != Uid::ROOT && set_thread_uid(Uid::ROOT).is_ok();
        if became && !way_back { Ok(()) } else { Err(rustix::io::Errno::PERM.into()) }
    }

    fn give_up_privileges(&self) -> io::Result<()> {
        match self.privileges {
            Privileges::Usual => Ok(()),
            Privileges::NeverGained => Ok(set_no_new_privs(true)?),
        }
    }
}
