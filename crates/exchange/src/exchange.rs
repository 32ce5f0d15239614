//! The exchange as its owner sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use carrier::{Call, ListenError, Listener, Peer};
use settings::Secret;
use tokio::time::timeout;
use tty::launcher::Launcher;

use crate::account::{AccountError, Accounts, Fingerprint, SshKey};
use crate::admission::{Checked, Identified};
use crate::attendant::Attendant;
use crate::audit::{Audit, AuditError};
use crate::call::{CallEnd, CallId, CallRecord, CallStatus};
use crate::callback::{Callbacks, Dialler};
use crate::config::{CallbackConfig, ExchangeConfig, Parity};
use crate::doors::Doors;
use crate::in_force::Settings;
use crate::login::{Guest, Told};
use crate::manners::ListenerFault;
use crate::origin::Origin;
use crate::records::RecordKeeper;
use crate::shared::{Closing, Direction, Shared};
use crate::ssh::SshFault;

/// The answering side: takes calls, asks who is calling, and gives him his program.
///
/// A handle: clones are the same exchange. When the last one is dropped its listeners close; end it
/// with [`Exchange::shut_down`], which also ends its calls.
#[derive(Clone, Debug)]
pub struct Exchange {
    shared: Arc<Shared>,
    doors: Arc<Mutex<Doors>>,
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

/// Why an account isn't called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCalled {
    /// There is no such account.
    #[error("there is no such account")]
    NoAccount,
    /// It is being called already, too many are, or nobody can call.
    #[error("it is being called already, or nobody can call now")]
    Busy,
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
        Self::start_with_launcher(config, accounts, keeper, None, Vec::new())
    }

    /// The same with a launcher, by whose [`LaunchRules`](crate::LaunchRules) every program is
    /// started from then on, and with listeners that were opened elsewhere (by systemd, say): each is taken
    /// where the configuration listens at its address.
    pub fn start_with_launcher(
        config: &ExchangeConfig,
        accounts: Accounts,
        keeper: Option<Arc<dyn RecordKeeper>>,
        launcher: Option<Launcher>,
        given: Vec<Listener>,
    ) -> Result<Self, StartError> {
        let settings = Settings::new(config, accounts, launcher, None)?;
        let shared = Shared::new(config, settings, keeper);
        let exchange = Self { shared, doors: Arc::default() };
        let doors = exchange.doors().prepare(&config.listen, given)?;
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
        let prepared = doors.prepare(&config.listen, Vec::new())?;
        doors.replace(prepared, &self.shared);
        drop(doors);
        self.shared.renew(config, settings);
        Ok(())
    }

    /// How many accounts callers can log in by.
    pub fn accounts(&self) -> usize {
        self.shared.settings().accounts.len()
    }

    /// Where it listens, with the ports that were free where the configuration says 0.
    pub fn listeners(&self) -> Vec<Peer> {
        self.doors().addresses()
    }

    /// Takes a call that came from elsewhere (a line of this process, say), and returns when it is
    /// over.
    pub async fn take_call(&self, call: Call, origin: Origin) -> CallEnd {
        if self.shared.is_closing() {
            call.reset();
            return CallEnd::ShuttingDown;
        }
        match self.shared.admit(origin.source(), None) {
            Ok((seat, number)) => {
                let entry = self.shared.register(origin, seat, number);
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
        match self.shared.admit(origin.source(), None) {
            Ok((seat, number)) => {
                let entry = self.shared.register(origin, seat, number);
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

    /// Has callers with the service `collector` attended to by `attendant`. Without one they are told that the service
    /// is unavailable.
    pub fn set_attendant(&self, attendant: Arc<dyn Attendant>) {
        self.shared.set_attendant(attendant);
    }

    /// Calls whom an account belongs to, as `how` says; what comes of it is a call like any other.
    ///
    /// # Errors
    /// It can't be called now.
    pub fn call(&self, account: &str, how: CallbackConfig) -> Result<(), NotCalled> {
        let settings = self.shared.settings();
        let account = settings.accounts.find(account).ok_or(NotCalled::NoAccount)?;
        let turn = Callbacks::turn_by(&self.shared, account, how).ok_or(NotCalled::Busy)?;
        turn.start();
        Ok(())
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
