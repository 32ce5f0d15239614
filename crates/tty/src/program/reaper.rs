//! The last word on programs: a thread that kills what is left of their sessions, and waits for
//! processes whose owner couldn't.
//!
//! A thread and not a task, for programs are dropped also when their runtime ends. One for all: what was
//! killed ends soon, and the worst that a slow one does to the others is to leave them zombies
//! for a while.

use std::sync::{OnceLock, mpsc};
use std::thread;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::session;
use crate::limits::REAPER_STACK;

enum Errand {
    Sweep(Pid),
    Adopt(Pid),
}

/// Kills what is left of a session.
pub(super) fn sweep(session: Pid) {
    send(Errand::Sweep(session));
}

/// Kills what is left of a session, and waits for its leader, which was killed and has not ended yet.
pub(super) fn adopt(leader: Pid) {
    send(Errand::Adopt(leader));
}

fn send(errand: Errand) {
    static QUEUE: OnceLock<Option<mpsc::Sender<Errand>>> = OnceLock::new();
    let queue = QUEUE.get_or_init(|| {
        let (queue, errands) = mpsc::channel();
        let reaper = thread::Builder::new().name("tty-reaper".into()).stack_size(REAPER_STACK);
        reaper.spawn(move || run(&errands)).ok().map(|_| queue)
    });
    let sent = queue.as_ref().is_some_and(|queue| queue.send(errand).is_ok());
    if !sent {
        tracing::warn!("no thread can be started: a killed program may leave processes behind");
    }
}

fn run(errands: &mpsc::Receiver<Errand>) {
    while let Ok(first) = errands.recv() {
        // All that is waiting in one walk through the processes: an exchange that goes down may
        // leave thousands.
        let errands: Vec<Errand> = std::iter::once(first).chain(errands.try_iter()).collect();
        let sessions: Vec<Pid> = errands
            .iter()
            .map(|errand| match errand {
                Errand::Sweep(pid) | Errand::Adopt(pid) => *pid,
            })
            .collect();
        session::kill(&sessions);
        for errand in errands {
            if let Errand::Adopt(leader) = errand {
                bury(leader);
            }
        }
    }
}

fn bury(leader: Pid) {
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED) {}
}
