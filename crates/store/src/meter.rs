//! What a call in progress has carried so far, shared by the call and the writer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The figures of a call in progress.
#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    /// Nothing more goes on record: the call has ended, or has no record after all.
    closed: AtomicBool,
}

/// How a meter was found by who closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Was {
    Open,
    Closed,
}

/// What a meter shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) lasted: Duration,
}

/// What a call has carried both ways: enough to see whether it is more than before, since neither
/// figure ever falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic(u64);

impl Reading {
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic(self.received.wrapping_add(self.sent))
    }
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn close(&self) -> Was {
        match self.closed.swap(true, Ordering::AcqRel) {
            true => Was::Closed,
            false => Was::Open,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, received: u64, sent: u64) {
        self.received.store(received, Ordering::Relaxed);
        self.sent.store(sent, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Reading {
        Reading {
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            lasted: self.began.elapsed(),
        }
    }
}
