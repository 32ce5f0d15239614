//! What a running line shares with those who hold its handle.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use carrier::AccessList;
use modem::{Persona, StateName};

use crate::access::Access;
use crate::config::Reserve;
use crate::configured::Configured;
use crate::hunt::Handed;
use crate::limits;
use crate::mailbox::Mailbox;
use crate::record::{CallNow, CallRecord, Service, Status};

/// One line as others see it.
pub(crate) struct Shared {
    pub(crate) config: Configured,
    pub(crate) persona: Arc<Persona>,
    /// In place of the configuration's, since a reload.
    dial_access: Mutex<Option<Arc<AccessList>>>,
    /// The number of its module.
    #[cfg(feature = "gsm")]
    pub(crate) number: Option<Box<modem::Number>>,
    /// Where the equipment plugs in, if that is not what the configuration says.
    pub(crate) place: Option<Box<str>>,
    /// Where callers arrive, with the ports that were free.
    pub(crate) listens: Box<[String]>,
    /// Apart, because of the allocator: so small a piece fits between tasks, which begin at whole cache lines.
    pub(crate) letters: Box<Mailbox<Letter>>,
    /// Numbers the line's calls.
    pub(crate) call_number: AtomicU64,
    /// Whether a caller would ring now.
    pub(crate) free: AtomicBool,
    busied_out: AtomicBool,
    shown: Mutex<Shown>,
    sent: AtomicU64,
    received: AtomicU64,
}

/// What others are shown. A line in use has a call to show, an idle one little.
struct Shown {
    state: StateName,
    dtr: bool,
    dcd: bool,
    call: Option<Box<CallNow>>,
    records: Vec<CallRecord>,
}

/// What others ask of a line.
pub(crate) enum Letter {
    /// End the call.
    HangUp,
    /// Look again at whether callers may ring.
    Service,
    /// End the call, then the line.
    Stop,
    /// A caller from a group, or whom another line could not take.
    Caller(Handed),
    /// Judge callers and those who are dialled by other rules from now on.
    Access { dial: Access, answer: Access },
    /// A message for the line's module.
    #[cfg(feature = "gsm")]
    Message(Box<crate::messages::Delivery>),
    /// What came of a message of the line's module.
    #[cfg(feature = "gsm")]
    MessageSent(Result<(), u16>),
    /// What the module behind the line says.
    #[cfg(feature = "gsm")]
    Told(at::question::Question, Box<at::question::Told>),
    /// Show the bytes of both directions.
    Trace(carrier::trace::Tracer),
}

impl Shared {
    pub(crate) fn new(
        config: Configured,
        persona: Arc<Persona>,
        place: Option<Box<str>>,
        listens: Box<[String]>,
    ) -> Self {
        let shown = Shown {
            state: StateName::Command,
            dtr: false,
            dcd: false,
            call: None,
            records: Vec::new(),
        };
        Self {
            config,
            persona,
            dial_access: Mutex::default(),
            #[cfg(feature = "gsm")]
            number: None,
            place,
            listens,
            letters: Box::default(),
            call_number: AtomicU64::new(0),
            free: AtomicBool::new(false),
            busied_out: AtomicBool::new(false),
            shown: Mutex::new(shown),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// The same line with a number of its module's.
    #[cfg(feature = "gsm")]
    pub(crate) fn with_number(self, number: Option<&modem::Number>) -> Self {
        Self { number: number.cloned().map(Box::new), ..self }
    }

    /// Whom the line may call.
    pub(crate) fn dial_access(&self) -> Arc<AccessList> {
        let configured = || Arc::new(self.config.dial_access.0.clone());
        lock(&self.dial_access).clone().unwrap_or_else(configured)
    }

    pub(crate) fn set_dial_access(&self, access: AccessList) {
        *lock(&self.dial_access) = Some(Arc::new(access));
    }

    pub(crate) fn status(&self) -> Status {
        let shown = lock(&self.shown);
        let call = shown.call.as_deref().map(|call| CallNow {
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            ..call.clone()
        });
        Status {
            state: shown.state.words(),
            dtr: shown.dtr,
            dcd: shown.dcd,
            service: self.service(),
            call,
        }
    }

    /// When its last call ended, in milliseconds since 1970; zero if there was none.
    pub(crate) fn idle_since(&self) -> u64 {
        let ended = lock(&self.shown).records.last().map(|record| record.ended);
        let since = ended.and_then(|ended| ended.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn service(&self) -> Service {
        match self.busied_out.load(Ordering::Relaxed) {
            true => Service::BusiedOut,
            false => Service::In,
        }
    }

    pub(crate) fn set_service(&self, service: Service) {
        self.busied_out.store(service == Service::BusiedOut, Ordering::Relaxed);
    }

    /// Whether callers may ring at all.
    pub(crate) fn takes_callers(&self) -> bool {
        self.service() == Service::In && self.config.reserve != Reserve::Outgoing
    }

    /// The last calls, the latest first.
    pub(crate) fn records(&self) -> Vec<CallRecord> {
        lock(&self.shown).records.iter().rev().cloned().collect()
    }

    /// Publishes the figures of the call in progress; cheap enough for every chunk of data.
    pub(crate) fn count(&self, counts: carrier::Counts) {
        self.sent.store(counts.sent, Ordering::Relaxed);
        self.received.store(counts.received, Ordering::Relaxed);
    }

    pub(crate) fn publish(&self, state: StateName, dtr: bool, dcd: bool, call: Option<CallNow>) {
        let mut shown = lock(&self.shown);
        (shown.state, shown.dtr, shown.dcd) = (state, dtr, dcd);
        shown.call = call.map(Box::new);
    }

    pub(crate) fn remember(&self, record: CallRecord) {
        let records = &mut lock(&self.shown).records;
        if records.len() >= limits::RECORDS {
            records.remove(0);
        }
        records.push(record);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
