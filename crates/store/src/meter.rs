//! What a call in progress has carried so far, shared by the call and the writer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The figures of a call in progress.
#[derive(Debug)]
pub(crate) struct Meter {
    began: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    /// The call has no record after all.
    refused: AtomicBool,
}

/// What a meter shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) lasted: Duration,
}

/// What a call has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    received: u64,
    sent: u64,
}

impl Reading {
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic { received: self.received, sent: self.sent }
    }
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            refused: AtomicBool::new(false),
        }
    }

    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Release);
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
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
