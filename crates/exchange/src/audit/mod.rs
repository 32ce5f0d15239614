//! The audit log: who got in, who didn't, and what operators have changed.
//!
//! A file of JSON lines to which is only ever added, apart from the log for people. Each line has the
//! hash of the one before it, so that a line that was changed or taken out shows ([`verify`]). Lines
//! are written by a thread of their own, in the order of [`Audit::note`]; nobody waits for the disk.

mod chain;
mod verify;
mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::SystemTime;

pub use verify::{AuditFault, Verified, verify};

use crate::config::{AuditConfig, WhenFull};
use crate::limits;
use writer::Writer;

/// A handle to the audit log; clones are the same log. When the last one is dropped the log is
/// written to its end and closed.
#[derive(Clone, Debug, Default)]
pub struct Audit(Option<Arc<Shared>>);

struct Shared {
    /// There until the end, when it is dropped before the thread is waited for.
    events: Option<SyncSender<Stamped>>,
    state: Arc<State>,
    when_full: WhenFull,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What both sides know.
#[derive(Debug, Default)]
struct State {
    /// The last attempt to write has failed.
    failing: AtomicBool,
    /// Events for which there was no room.
    lost: AtomicU64,
}

/// An event with its time.
struct Stamped {
    at: SystemTime,
    event: Event,
}

/// Something that an auditor wants to know: a word that never changes, and facts.
#[derive(Clone, Debug)]
pub struct Event {
    what: &'static str,
    facts: Vec<(&'static str, String)>,
}

/// Why there is no audit log.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file can't be opened or read.
    #[error("can't use the audit log {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("the audit log {} belongs to another process that is running", .0.display())]
    InUse(PathBuf),
}

impl Event {
    /// An event of this kind.
    pub fn new(what: &'static str) -> Self {
        Self { what, facts: Vec::new() }
    }

    /// Its word.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// With a fact more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.facts.push((name, value.to_owned()));
        self
    }
}

impl Audit {
    /// No audit log: what is noted is forgotten.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Opens the log, or begins it, readable by its owner alone.
    pub fn open(config: &AuditConfig) -> Result<Self, AuditError> {
        let state = Arc::new(State::default());
        let writer = Writer::open(&config.file, Arc::clone(&state))?;
        let (events, queue) = sync_channel(limits::AUDIT_QUEUE);
        let thread =
            std::thread::Builder::new().name("audit".into()).spawn(move || writer.run(&queue));
        let thread =
            thread.map_err(|source| AuditError::File { path: config.file.clone(), source })?;
        Ok(Self(Some(Arc::new(Shared {
            events: Some(events),
            state,
            when_full: config.when_full,
            thread: Some(thread),
        }))))
    }

    /// Puts an event on record. Never waits: with the queue full the event is counted as lost, and
    /// the count is put on record.
    pub fn note(&self, event: Event) {
        let Some(shared) = &self.0 else { return };
        let stamped = Stamped { at: SystemTime::now(), event };
        let sent = shared.events.as_ref().is_some_and(|events| events.try_send(stamped).is_ok());
        if !sent {
            shared.state.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether what couldn't be told later must not happen now: logins, and what changes something elsewhere, wait until the log
    /// can be written again.
    pub fn forbids_deeds(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| {
            shared.when_full == WhenFull::Refuse && shared.state.failing.load(Ordering::Relaxed)
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            // It has only what is queued still to write; a panic in it has nobody left to tell.
            let _ = thread.join();
        }
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> AuditError {
    move |source| AuditError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
