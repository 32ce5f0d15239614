//! The right to write to a pseudo-terminal, lent to another thread.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

/// The right to write to a terminal; given back when it is dropped.
#[derive(Debug)]
pub struct Berth {
    terminal: Arc<OwnedFd>,
    lease: Lease,
}

/// Calls a [`Berth`] back.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Terms>);

#[derive(Debug)]
struct Terms {
    recalled: AtomicBool,
    /// Readable once it is recalled.
    bell: OwnedFd,
    carried: AtomicU64,
    given_back: Mutex<bool>,
    told: Condvar,
}

impl Berth {
    pub(super) fn new(terminal: Arc<OwnedFd>) -> std::io::Result<Self> {
        let terms = Terms {
            recalled: AtomicBool::new(false),
            bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            carried: AtomicU64::new(0),
            given_back: Mutex::new(false),
            told: Condvar::new(),
        };
        Ok(Self { terminal, lease: Lease(Arc::new(terms)) })
    }

    /// For whoever may want the terminal back.
    pub(crate) fn lease(&self) -> Lease {
        self.lease.clone()
    }

    pub(crate) fn terminal(&self) -> &OwnedFd {
        &self.terminal
    }

    pub(crate) fn bell(&self) -> &OwnedFd {
        &self.lease.0.bell
    }

    /// Bytes were read for the terminal.
    pub(crate) fn add(&self, bytes: usize) {
        self.lease.0.carried.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn is_recalled(&self) -> bool {
        self.lease.0.recalled.load(Ordering::Relaxed)
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        *self.lease.0.given_back.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.lease.0.told.notify_all();
    }
}

impl Lease {
    /// Asks for the terminal back: it is within microseconds, unless the processor is busy with other things.
    pub fn recall(&self) {
        if !self.0.recalled.swap(true, Ordering::Relaxed) {
            // Only a counter that is full already would refuse.
            let _ = rustix::io::write(&self.0.bell, &1_u64.to_ne_bytes());
        }
    }

    /// Whether it has been asked for.
    pub fn is_recalled(&self) -> bool {
        self.0.recalled.load(Ordering::Relaxed)
    }

    /// Asks for it, and waits until it is back.
    pub fn end(&self) {
        self.recall();
        let given_back = self.0.given_back.lock().unwrap_or_else(PoisonError::into_inner);
        let _back = self.0.told.wait_while(given_back, |back| !*back);
    }

    /// Bytes that were read for the terminal so far.
    pub fn carried(&self) -> u64 {
        self.0.carried.load(Ordering::Relaxed)
    }
}
