//! How a modem stands, for those who ask.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use clock::Instant;
use tokio::sync::Notify;

/// Whether a modem is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// It is.
    #[default]
    In,
    /// An operator has taken it out of service: it neither answers nor dials. A call in progress goes on.
    BusiedOut,
}

/// How a modem stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// The owner's name for it.
    pub name: String,
    /// Its port.
    pub device: String,
    /// In a word: `absent`, `lent`, `initialising`, `idle`, `ringing`, `answering`, `dialling`, `online`,
    /// `hanging up`, `silent`.
    pub state: &'static str,
    /// Whether an operator lets it be used.
    pub service: Service,
    /// Why it can't be used.
    pub trouble: Option<String>,
    /// Who is spoken to: the number dialled, or who called.
    pub party: Option<String>,
    /// Since when.
    pub since: Option<SystemTime>,
}

/// What the task of a modem shows.
#[derive(Debug)]
pub(crate) struct Shown {
    now: Mutex<Now>,
    /// Whether a call could be dialled now.
    free: AtomicBool,
    busied_out: AtomicBool,
    /// When its last call ended, in nanoseconds of the machines' clock.
    idle_since: AtomicU64,
    /// Told when a modem of the rack has become free.
    freed: std::sync::Arc<Notify>,
    /// Told when the operator has changed something.
    pub(crate) changed: Notify,
}

#[derive(Debug)]
struct Now {
    state: &'static str,
    trouble: Option<String>,
    party: Option<(String, SystemTime)>,
}

impl Shown {
    pub(crate) fn new(freed: std::sync::Arc<Notify>) -> Self {
        Self {
            now: Mutex::new(Now { state: "absent", trouble: None, party: None }),
            free: AtomicBool::new(false),
            busied_out: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            freed,
            changed: Notify::new(),
        }
    }

    pub(crate) fn state(&self, state: &'static str) {
        self.now().state = state;
    }

    /// Says why the modem can't be used, and whether that is news.
    pub(crate) fn trouble(&self, trouble: Option<String>) -> News {
        let known = &mut self.now().trouble;
        let news = if *known == trouble { News::Old } else { News::New };
        *known = trouble;
        news
    }

    pub(crate) fn party(&self, party: Option<String>) {
        self.now().party = party.map(|party| (party, SystemTime::now()));
    }

    pub(crate) fn status(&self, name: &str, device: &str) -> Status {
        let now = self.now();
        let (party, since) = now.party.clone().unzip();
        Status {
            name: name.to_owned(),
            device: device.to_owned(),
            state: now.state,
            service: self.service(),
            trouble: now.trouble.clone(),
            party,
            since,
        }
    }

    pub(crate) fn service(&self) -> Service {
        match self.busied_out.load(Ordering::Relaxed) {
            true => Service::BusiedOut,
            false => Service::In,
        }
    }

    pub(crate) fn set_service(&self, service: Service) {
        self.busied_out.store(service == Service::BusiedOut, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// The modem has nothing to do.
    pub(crate) fn idle(&self, dialling: Dialling) {
        self.free.store(dialling == Dialling::Offered, Ordering::Release);
        // Not before: whoever sees it idle may dial.
        self.state("idle");
        self.freed.notify_waiters();
    }

    /// It is not, or is about not to be: whether it was.
    pub(crate) fn claim(&self) -> bool {
        self.free.swap(false, Ordering::AcqRel)
    }

    /// Takes the modem for a call out, if one can be dialled now. Two callers at a time take two modems.
    pub(crate) fn take(&self) -> bool {
        // Its task may not have noticed yet what the operator has said.
        self.service() == Service::In && self.claim()
    }

    pub(crate) fn call_ended(&self, now: Instant) {
        self.idle_since.store(now.as_nanos(), Ordering::Relaxed);
        self.party(None);
    }

    pub(crate) fn idle_since(&self) -> u64 {
        self.idle_since.load(Ordering::Relaxed)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether others may dial with an idle modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialling {
    Offered,
    Closed,
}

/// Whether something has been said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    New,
    Old,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_is_not_dialled_with_from_the_moment_in_which_it_is_taken_out_of_service() {
        let shown = Shown::new(std::sync::Arc::default());
        shown.idle(Dialling::Offered);
        shown.set_service(Service::BusiedOut);
        assert!(!shown.take(), "before its task has heard of it");
        shown.set_service(Service::In);
        assert!(shown.take());
        assert!(!shown.take(), "by two at a time");
    }
}
