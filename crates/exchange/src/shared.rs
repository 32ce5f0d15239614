//! What all calls of an exchange share.

use std::sync::{Arc, PoisonError, RwLock};

use carrier::{Call, Credentials};
use settings::Secret;
use tokio::sync::watch;

use crate::account::{Account, Fingerprint};
use crate::admission::{Admission, Checked, Identified};
use crate::attendant::Attendant;
use crate::call::{CallCount, CallEnd, CallId};
use crate::callback::Callbacks;
use crate::config::ExchangeConfig;
use crate::crowd::{Crowd, Entered, Queue, Seat, TooMany};
use crate::guard::{Guard, Offence};
use crate::in_force::Settings;
use crate::limits;
use crate::origin::Origin;
use crate::records::{RecordKeeper, Unheard};
use crate::registry::{Entry, Registry};
use crate::source::Source;

/// What outlives each call: who is here, who is barred, what is in force.
#[derive(Debug)]
pub(crate) struct Shared {
    settings: RwLock<Arc<Settings>>,
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) guard: Guard,
    pub(crate) registry: Arc<Registry>,
    pub(crate) callbacks: Callbacks,
    attendant: RwLock<Option<Arc<dyn Attendant>>>,
    pub(crate) closing: watch::Sender<Closing>,
}

/// Who has called whom.
#[derive(Clone, Debug)]
pub(crate) enum Direction {
    /// The caller has called.
    In,
    /// The exchange has called this account back; nobody else may log in.
    Back(Arc<Account>),
}

/// How far a shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Closing {
    /// There is none.
    Open,
    /// Calls are being ended.
    Orderly,
    /// What is left is cut.
    Now,
}

impl Shared {
    pub(crate) fn new(
        config: &ExchangeConfig,
        settings: Settings,
        keeper: Option<Arc<dyn RecordKeeper>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings: RwLock::new(Arc::new(settings)),
            crowd: Crowd::new(&config.limits),
            guard: Guard::new(config),
            registry: Registry::new(keeper),
            callbacks: Callbacks::default(),
            attendant: RwLock::default(),
            closing: watch::Sender::new(Closing::Open),
        })
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whoever attends to callers without a program, if anybody does.
    pub(crate) fn attendant(&self) -> Option<Arc<dyn Attendant>> {
        self.attendant.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_attendant(&self, attendant: Arc<dyn Attendant>) {
        *self.attendant.write().unwrap_or_else(PoisonError::into_inner) = Some(attendant);
    }

    /// Puts other settings in force, for calls that begin from now on.
    pub(crate) fn renew(&self, config: &ExchangeConfig, settings: Settings) {
        self.crowd.set_limits(&config.limits);
        self.guard.set(config);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// Finds a place for a caller, if need be one that another has to make room in.
    pub(crate) fn admit(
        &self,
        source: Source,
        queue: Option<&Arc<Queue>>,
    ) -> Result<(Seat, CallCount), TooMany> {
        let Entered { seat, call, instead_of } = self.crowd.enter(source, queue)?;
        if let Some(other) = instead_of {
            self.registry.end(CallId::of(other), CallEnd::MadeRoom);
        }
        Ok((seat, call))
    }

    pub(crate) fn register(&self, origin: Origin, seat: Seat, number: CallCount) -> Box<Entry> {
        self.registry.enter(origin, seat, number)
    }

    /// Notes a caller for whom nothing was done.
    pub(crate) fn turned_away(&self, caller: &Unheard<'_>) {
        if let Some(keeper) = self.registry.keeper() {
            keeper.turned_away(caller);
        }
    }

    pub(crate) fn turn_away(&self, call: Call, origin: &Origin, why: &'static str) -> CallEnd {
        tracing::info!(from = %origin.from(), why, "caller turned away");
        let (line, from, over) = (origin.device(), &*origin.host(), origin.over().words());
        self.turned_away(&Unheard { line, from, over, why });
        call.reset();
        CallEnd::TurnedAway
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow() > Closing::Open
    }

    pub(crate) fn close(&self, how: Closing) {
        self.closing.send_modify(|closing| *closing = how.max(*closing));
    }

    /// Waits until the exchange takes no more calls.
    pub(crate) async fn ending(&self) {
        // Fails only when the sender is gone, and it is ours.
        let _ = self.closing.subscribe().wait_for(|closing| *closing > Closing::Open).await;
    }

    /// A call has ended without a login, which may have its price.
    pub(crate) fn offended(&self, settings: &Settings, origin: &Origin, end: CallEnd) {
        if let Some(offence) = Offence::of(end) {
            self.guard.offended(origin, offence, &settings.audit);
        }
    }

    /// Whether nobody is heard from there for now.
    pub(crate) fn is_barred(&self, source: Source) -> bool {
        self.guard.is_barred(source)
    }

    /// Compares a name and a password that didn't come through the login dialogue.
    pub(crate) async fn check_password(
        &self,
        origin: &Origin,
        call: Option<CallId>,
        name: &str,
        password: Secret,
    ) -> Checked {
        let settings = self.settings();
        if !settings.script.is_name(name.as_bytes()) || password.len() > limits::PASSWORD {
            return Checked::Wrong;
        }
        self.admission(&settings, origin, call).password(name, password).await
    }

    /// The account that a certificate opens.
    pub(crate) fn identify_by_certificate(
        &self,
        origin: &Origin,
        call: Option<CallId>,
        fingerprint: &Fingerprint,
    ) -> Option<Identified> {
        self.admission(&self.settings(), origin, call).certificate(fingerprint)
    }

    /// The account that what a carrier knows of its caller opens.
    pub(crate) fn identify_by_credentials(&self, entry: &Entry, call: &Call) -> Option<Identified> {
        let Credentials::Certificate(shown) = call.credentials()?;
        let id = entry.id();
        let subject = shown.subject.as_deref().unwrap_or("-");
        tracing::info!(call = %id, fingerprint = %shown.fingerprint, subject, "certificate shown");
        let fingerprint = Fingerprint::of_digest(shown.fingerprint.0);
        self.identify_by_certificate(entry.origin(), Some(id), &fingerprint)
    }

    /// The account of a caller who has proved to have one of its SSH keys.
    pub(crate) fn identify_by_key(
        &self,
        origin: &Origin,
        call: Option<CallId>,
        name: &str,
    ) -> Option<Identified> {
        self.admission(&self.settings(), origin, call).key(name)
    }

    fn admission<'a>(
        &'a self,
        settings: &'a Settings,
        origin: &'a Origin,
        call: Option<CallId>,
    ) -> Admission<'a> {
        Admission { settings, guard: &self.guard, origin, call }
    }
}
