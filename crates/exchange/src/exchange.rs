//! The exchange: what all its calls share.

use std::num::NonZeroU32;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use carrier::{Call, Credentials, ListenError, Listener, Peer};
use settings::Secret;
use tokio::sync::watch;
use tokio::time::timeout;
use tty::Grace;
use tty::launcher::Launcher;

use crate::account::{Account, AccountError, AccountFault, Accounts, Fingerprint, Service, SshKey};
use crate::admission::{Admission, Checked, Identified};
use crate::audit::{Audit, AuditError};
use crate::call::{CallEnd, CallId, CallRecord, CallStatus, status_words};
use crate::callback::{Callbacks, Dialler};
use crate::config::{
    AuditConfig, ExchangeConfig, HangUpConfig, Kind, ListenConfig, Parity, RootPrograms,
};
use crate::crowd::{Crowd, Entered, Queue, Seat, TooMany};
use crate::doors::Doors;
use crate::guard::{Guard, Offence};
use crate::limits;
use crate::listen::Reception;
use crate::login::{Desk, Guest, Login, Told};
use crate::manners::ListenerFault;
use crate::origin::{Origin, Over};
use crate::password::Checker;
use crate::records::{RecordKeeper, Unheard};
use crate::registry::{Entry, Registry};
use crate::service::{self, Left, Serving};
use crate::session::Script;
use crate::source::Source;
use crate::ssh::{self, SshFault};
use crate::user::{self, Reach};
use crate::wait::{First, both, first};

/// The answering side: takes calls, asks who is calling, and gives him his program.
///
/// A handle: clones are the same exchange. When the last one is dropped its listeners close; end it
/// with [`Exchange::shut_down`], which also ends its calls.
#[derive(Clone, Debug)]
pub struct Exchange {
    shared: Arc<Shared>,
    doors: Arc<Mutex<Doors>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    settings: RwLock<Arc<Settings>>,
    pub(crate) crowd: Arc<Crowd>,
    guard: Guard,
    registry: Arc<Registry>,
    pub(crate) callbacks: Callbacks,
    closing: watch::Sender<Closing>,
}

/// Who has called whom.
#[derive(Clone, Debug)]
pub(crate) enum Direction {
    /// The caller has called.
    In,
    /// The exchange has called this account back; nobody else may log in.
    Back(Arc<Account>),
}

/// What a call takes with it when it begins, and a reload replaces for later calls.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) accounts: Accounts,
    pub(crate) script: Arc<Script>,
    pub(crate) checker: Arc<Checker>,
    pub(crate) hang_up: HangUpConfig,
    pub(crate) root_programs: RootPrograms,
    /// Who starts programs, if this process doesn't.
    pub(crate) launcher: Option<Launcher>,
    /// What callers over SSH meet, if there are any.
    pub(crate) ssh: Option<ssh::Host>,
    pub(crate) audit: Audit,
    audit_config: Option<AuditConfig>,
    threads: u32,
    queue: u32,
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

/// Why an exchange can't start, or not with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An account's program could not or may not run here.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The user that the process is or becomes can't be found.
    #[error("the user of the process")]
    User(#[source] tty::UserError),
    /// The audit log can't be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Callers over SSH can't be received.
    #[error(transparent)]
    Ssh(#[from] SshFault),
    /// A listener can't be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A listener can't be as it is configured.
    #[error(transparent)]
    Listener(#[from] ListenerFault),
}

impl Exchange {
    /// An exchange that listens as its configuration says, and keeps no records but those of the
    /// last calls in memory. Must be called inside a tokio runtime.
    pub fn start(config: &ExchangeConfig, accounts: Accounts) -> Result<Self, StartError> {
        Self::start_with_records(config, accounts, None)
    }

    /// The same with somebody who keeps records of all calls.
    pub fn start_with_records(
        config: &ExchangeConfig,
        accounts: Accounts,
        keeper: Option<Arc<dyn RecordKeeper>>,
    ) -> Result<Self, StartError> {
        Self::start_with_launcher(config, accounts, keeper, None)
    }

    /// The same with a launcher, by whose [`LaunchRules`](crate::LaunchRules) every program is
    /// started from then on.
    pub fn start_with_launcher(
        config: &ExchangeConfig,
        accounts: Accounts,
        keeper: Option<Arc<dyn RecordKeeper>>,
        launcher: Option<Launcher>,
    ) -> Result<Self, StartError> {
        let settings = Settings::new(config, accounts, launcher, None)?;
        let exchange = Self {
            shared: Arc::new(Shared {
                settings: RwLock::new(Arc::new(settings)),
                crowd: Crowd::new(&config.limits),
                guard: Guard::new(config),
                registry: Registry::new(keeper),
                callbacks: Callbacks::default(),
                closing: watch::Sender::new(Closing::Open),
            }),
            doors: Arc::default(),
        };
        let doors = exchange.doors().prepare(&config.listen)?;
        exchange.doors().replace(doors, &exchange.shared);
        Ok(exchange)
    }

    /// Replaces accounts, texts, limits and listeners. Calls in progress go on as they began; a
    /// login that is under way ends with the accounts it began with; listeners whose address stays
    /// never stop listening. After an error everything is as it was.
    pub fn reload(&self, config: &ExchangeConfig, accounts: Accounts) -> Result<(), StartError> {
        let before = self.shared.settings();
        let settings = Settings::new(config, accounts, before.launcher.clone(), Some(&before))?;
        let mut doors = self.doors();
        let prepared = doors.prepare(&config.listen)?;
        doors.replace(prepared, &self.shared);
        drop(doors);
        self.shared.crowd.set_limits(&config.limits);
        self.shared.guard.set(config);
        let mut shared = self.shared.settings.write().unwrap_or_else(PoisonError::into_inner);
        *shared = Arc::new(settings);
        Ok(())
    }

    /// Where it listens, with the ports that were free where the configuration says 0.
    pub fn listeners(&self) -> Vec<Peer> {
        self.doors().addresses()
    }

    /// Listens at one more place, opened elsewhere (by systemd, say), until the exchange is shut
    /// down. A reload leaves it alone.
    ///
    /// # Errors
    /// Its certificates can't be used.
    pub fn listen(&self, listener: Listener, config: &ListenConfig) -> Result<(), ListenerFault> {
        self.doors().add(listener, Reception::new(config)?, &self.shared);
        Ok(())
    }

    /// Takes a call that came from elsewhere (a line of this process, say), and returns when it is
    /// over.
    pub async fn take_call(&self, call: Call, origin: Origin) -> CallEnd {
        if self.shared.is_closing() {
            call.reset();
            return CallEnd::ShuttingDown;
        }
        match self.shared.admit(origin.source, None) {
            Ok((seat, id)) => {
                let entry = self.shared.register(origin, seat, id);
                let shared = Arc::clone(&self.shared);
                shared.run(Box::new(call), Parity::Keep, entry, Direction::In).await
            }
            Err(many) => self.shared.turn_away(call, &origin, many.words()),
        }
    }

    /// Takes a call whose caller has shown who he is, by [`Exchange::check_password`] or one of its
    /// companions, and returns when it is over. `told` is what is known of his terminal.
    pub async fn take_authenticated(
        &self,
        call: Call,
        origin: Origin,
        who: Identified,
        told: Told,
    ) -> CallEnd {
        if self.shared.is_closing() {
            call.reset();
            return CallEnd::ShuttingDown;
        }
        match self.shared.admit(origin.source, None) {
            Ok((seat, id)) => {
                let entry = self.shared.register(origin, seat, id);
                let guest = Box::new(Guest::identified(who, told));
                Arc::clone(&self.shared).run_identified(Box::new(call), guest, entry).await
            }
            Err(many) => self.shared.turn_away(call, &origin, many.words()),
        }
    }

    /// Compares a name and a password that didn't come through the login dialogue, within the same
    /// limits and with the same traces. Dropping the future gives up its place in the queue.
    pub async fn check_password(&self, origin: &Origin, name: &str, password: Secret) -> Checked {
        self.shared.check_password(origin, None, name, password).await
    }

    /// The account that a TLS client certificate opens, if it may be called from there.
    pub fn identify_by_certificate(
        &self,
        origin: &Origin,
        fingerprint: &Fingerprint,
    ) -> Option<Identified> {
        self.shared.identify_by_certificate(origin, None, fingerprint)
    }

    /// The keys that open an account over SSH; none for an account that isn't there.
    pub fn ssh_keys(&self, name: &str) -> Vec<SshKey> {
        self.shared.settings().accounts.find_for_ssh(name).to_vec()
    }

    /// The account `name`, if it may be called from there: for a caller who has proved that he has
    /// one of its [`Exchange::ssh_keys`].
    pub fn identify_by_key(&self, origin: &Origin, name: &str) -> Option<Identified> {
        self.shared.identify_by_key(origin, None, name)
    }

    /// The calls in progress, oldest first.
    pub fn calls(&self) -> Vec<CallStatus> {
        self.shared.registry.snapshot()
    }

    /// The last calls that are over, oldest first.
    pub fn ended(&self) -> Vec<CallRecord> {
        self.shared.registry.ended()
    }

    /// How many calls have ended since the start, by whether there was a login (`known`, `unknown`), and by the code
    /// of their end.
    pub fn tally(&self) -> Vec<(&'static str, &'static str, carrier::Sum)> {
        self.shared.registry.sums()
    }

    /// Hangs up on a caller. False when there is no such call, or it is ending already.
    pub fn hang_up(&self, call: CallId) -> bool {
        self.shared.registry.end(call, CallEnd::Operator)
    }

    /// Takes no more calls, ends all there are, and returns when the last one is over. What is left
    /// after `grace` is cut, its programs killed.
    pub async fn shut_down(&self, grace: Duration) {
        let shared = &self.shared;
        self.doors().close();
        shared.close(Closing::Orderly);
        shared.registry.end_all(CallEnd::ShuttingDown);
        if timeout(grace, shared.registry.empty()).await.is_err() {
            shared.close(Closing::Now);
            shared.registry.empty().await;
        }
    }

    /// Has accounts with a `callback` called by `dialler`. Without one such an account is busy.
    pub fn set_dialler(&self, dialler: Arc<dyn Dialler>) {
        self.shared.callbacks.set_dialler(dialler);
    }

    /// The audit log, for what others have to put on record.
    pub fn audit(&self) -> Audit {
        self.shared.settings().audit.clone()
    }

    /// Password hashes computed since the start, or since a reload that changed their limits.
    pub fn password_hashes(&self) -> u64 {
        self.shared.settings().checker.hashes()
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settings {
    fn new(
        config: &ExchangeConfig,
        accounts: Accounts,
        launcher: Option<Launcher>,
        before: Option<&Self>,
    ) -> Result<Self, StartError> {
        let ourselves = user::ourselves(config).map_err(StartError::User)?;
        let reach = match &launcher {
            Some(_) => Reach::Launcher { stored_users: &config.stored_users },
            None => Reach::Own,
        };
        let script = Script::new(&config.login);
        for account in accounts.all() {
            if !script.is_name(account.name.as_bytes()) {
                let fault = AccountFault::NotTyped;
                return Err(AccountError { account: account.name.clone(), fault }.into());
            }
            if let Service::Program(plan) = &account.service {
                let user = plan.recipe.user.as_deref();
                let (root, kept_in) = (config.root_programs, account.kept_in);
                user::identity(user, &ourselves, root, kept_in, reach)
                    .map_err(|fault| AccountError { account: account.name.clone(), fault })?;
            }
        }
        let (threads, queue) = (config.limits.password_threads, config.limits.password_queue);
        // The same bound must hold for callers from before and after a reload.
        let checker = match before {
            Some(before) if (before.threads, before.queue) == (threads, queue) => {
                Arc::clone(&before.checker)
            }
            _ => Arc::new(Checker::new(NonZeroU32::new(threads).unwrap_or(NonZeroU32::MIN), queue)),
        };
        let audit = match (before, &config.audit) {
            (Some(before), wanted) if before.audit_config == *wanted => before.audit.clone(),
            (_, Some(wanted)) => Audit::open(wanted)?,
            (_, None) => Audit::none(),
        };
        Ok(Self {
            audit,
            audit_config: config.audit.clone(),
            accounts,
            script: Arc::new(script),
            checker,
            hang_up: config.hang_up,
            root_programs: config.root_programs,
            launcher,
            ssh: match config.listen.iter().any(|listen| listen.accept.contains(&Kind::Ssh)) {
                true => Some(ssh::Host::open(&config.ssh)?),
                false => None,
            },
            threads,
            queue,
        })
    }
}

impl Shared {
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finds a place for a caller, if need be one that another has to make room in.
    pub(crate) fn admit(
        &self,
        source: Source,
        queue: Option<&Arc<Queue>>,
    ) -> Result<(Seat, CallId), TooMany> {
        let Entered { seat, call, instead_of } = self.crowd.enter(source, queue)?;
        if let Some(other) = instead_of {
            self.registry.end(other, CallEnd::MadeRoom);
        }
        Ok((seat, call))
    }

    pub(crate) fn register(&self, origin: Origin, seat: Seat, id: CallId) -> Box<Entry> {
        self.registry.enter(origin, seat, id)
    }

    /// Notes a caller for whom nothing was done.
    pub(crate) fn turned_away(&self, caller: &Unheard<'_>) {
        if let Some(keeper) = self.registry.keeper() {
            keeper.turned_away(caller);
        }
    }

    fn turn_away(&self, call: Call, origin: &Origin, why: &'static str) -> CallEnd {
        tracing::info!(from = %origin.from, why, "caller turned away");
        let (line, from, over) = (&*origin.device, origin.host(), origin.over.words());
        self.turned_away(&Unheard { line, from, over, why });
        call.reset();
        CallEnd::TurnedAway
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow() > Closing::Open
    }

    fn close(&self, how: Closing) {
        self.closing.send_modify(|closing| *closing = how.max(*closing));
    }

    /// One call that came in or that the exchange has made, from its greeting to its line in the log.
    pub(crate) async fn run(
        self: Arc<Self>,
        mut call: Box<Call>,
        parity: Parity,
        mut entry: Box<Entry>,
        direction: Direction,
    ) -> CallEnd {
        let settings = self.settings();
        if let Err(end) = Box::pin(entry.is_kept()).await {
            return Box::pin(self.not_taken(call, end, entry, &settings)).await;
        }
        // Boxed, so that each stage's memory is there for as long as the stage lasts.
        let asked = Box::pin(async {
            let desk = Desk { settings: &settings, guard: &self.guard, direction: &direction };
            let mut login = Login::new(desk, &mut call, &mut entry, parity);
            login.run().await
        });
        let left = match asked.await {
            Err(end) => {
                self.offended(&settings, &entry.origin(), end);
                end.into()
            }
            Ok(guest) => {
                entry.is_known();
                self.serve(&settings, &mut call, &mut entry, guest).await
            }
        };
        Box::pin(self.finish(call, left, entry, &settings)).await
    }

    #[expect(clippy::boxed_local, reason = "unboxed by a future, its box would stay with the call")]
    fn serve<'a>(
        self: &Arc<Self>,
        settings: &'a Settings,
        call: &'a mut Call,
        entry: &'a mut Entry,
        guest: Box<Guest>,
    ) -> Serving<'a> {
        let wants = guest.who.wants_callback();
        let turn = if wants { Callbacks::turn(self, &guest.who.account) } else { None };
        service::serve(settings, call, entry, *guest, turn)
    }

    /// Waits until the exchange takes no more calls.
    pub(crate) async fn ending(&self) {
        // Fails only when the sender is gone, and it is ours.
        let _ = self.closing.subscribe().wait_for(|closing| *closing > Closing::Open).await;
    }

    /// One call whose caller is known already, from its program's start to its line in the log.
    pub(crate) async fn run_identified(
        self: Arc<Self>,
        mut call: Box<Call>,
        guest: Box<Guest>,
        mut entry: Box<Entry>,
    ) -> CallEnd {
        let settings = self.settings();
        if let Err(end) = Box::pin(entry.is_kept()).await {
            return Box::pin(self.not_taken(call, end, entry, &settings)).await;
        }
        entry.is_known();
        let left = self.serve(&settings, &mut call, &mut entry, guest).await;
        Box::pin(self.finish(call, left, entry, &settings)).await
    }

    /// A call that may not begin, or has ended before it could.
    async fn not_taken(
        &self,
        mut call: Box<Call>,
        end: CallEnd,
        entry: Box<Entry>,
        settings: &Settings,
    ) -> CallEnd {
        if end == CallEnd::Unrecorded {
            service::say(&mut call, &settings.script.busy).await;
        }
        self.finish(call, end.into(), entry, settings).await
    }

    async fn finish(
        &self,
        call: Box<Call>,
        left: Left,
        mut entry: Box<Entry>,
        settings: &Settings,
    ) -> CallEnd {
        entry.count(call.counts());
        if service::speaks_telnet(&call) {
            entry.travels(Over::Telnet);
        }
        let end = left.end;
        let mut record = entry.over(end);
        record.round_trip = call.socket().and_then(tty::round_trip);
        record.status = status_words(self.wind_down(*call, left, settings).await);
        entry.file(record);
        end
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
        self.identify_by_certificate(&entry.origin(), Some(id), &fingerprint)
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

    /// Lets go of the caller and ends the program, both at the same time: neither has to wait for
    /// the other.
    async fn wind_down(
        &self,
        mut call: Call,
        left: Left,
        settings: &Settings,
    ) -> Option<ExitStatus> {
        if left.end == CallEnd::MadeRoom {
            // Nothing of his is worth waiting for, and others wait for the room.
            call.reset();
            return None;
        }
        let mut closing = self.closing.subscribe();
        let grace =
            Grace { hup: settings.hang_up.term_after.0, term: settings.hang_up.kill_after.0 };
        let program = async {
            match left.running {
                Some(running) => running.hang_up(grace).await.ok(),
                None => None,
            }
        };
        if let Some(status) = left.status {
            call.tell_exit(status);
        }
        let orderly = both(program, call.hang_up(limits::LINGER));
        let cut = closing.wait_for(|closing| *closing == Closing::Now);
        match first(orderly, cut).await {
            First::One(status) => left.status.or(status),
            First::Other(_) => left.status,
        }
    }
}
