//! What a running line shares with those who hold its handle.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::access::Access;
use crate::config::LineConfig;
use crate::limits;
use crate::mailbox::Mailbox;
use crate::record::{CallRecord, Status};

/// One line as others see it.
pub(crate) struct Shared {
    pub(crate) config: LineConfig,
    pub(crate) letters: Mailbox<Letter>,
    /// Numbers the line's calls.
    pub(crate) call_number: AtomicU64,
    /// Whether a caller would ring now.
    pub(crate) free: AtomicBool,
    status: Mutex<Status>,
    records: Mutex<VecDeque<CallRecord>>,
    sent: AtomicU64,
    received: AtomicU64,
}

/// What others ask of a line.
pub(crate) enum Letter {
    /// End the call.
    HangUp,
    /// End the call, then the line.
    Stop,
    /// A caller whom another line could not take.
    Caller(carrier::Caller),
    /// Judge callers and those who are dialled by other rules from now on.
    Access { dial: Access, answer: Access },
    /// Show the bytes of both directions.
    Trace(carrier::trace::Tracer),
}

impl Shared {
    pub(crate) fn new(config: LineConfig) -> Self {
        let status = Status { state: "idle", dtr: false, dcd: false, call: None };
        Self {
            config,
            letters: Mailbox::default(),
            call_number: AtomicU64::new(0),
            free: AtomicBool::new(false),
            status: Mutex::new(status),
            records: Mutex::default(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    pub(crate) fn status(&self) -> Status {
        let mut status = lock(&self.status).clone();
        if let Some(call) = &mut status.call {
            call.sent = self.sent.load(Ordering::Relaxed);
            call.received = self.received.load(Ordering::Relaxed);
        }
        status
    }

    pub(crate) fn records(&self) -> Vec<CallRecord> {
        lock(&self.records).iter().cloned().collect()
    }

    /// Publishes the figures of the call in progress; cheap enough for every chunk of data.
    pub(crate) fn count(&self, counts: carrier::Counts) {
        self.sent.store(counts.sent, Ordering::Relaxed);
        self.received.store(counts.received, Ordering::Relaxed);
    }

    pub(crate) fn publish(&self, status: Status) {
        *lock(&self.status) = status;
    }

    pub(crate) fn remember(&self, record: CallRecord) {
        let mut records = lock(&self.records);
        records.truncate(limits::RECORDS - 1);
        records.push_front(record);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
