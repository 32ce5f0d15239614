//! Calling accounts back: the caller is hung up on, and whom his account names is called instead.
//!
//! It proves that the caller is where his account says, as it did on the telephone; and it lets the
//! exchange's side pay for the call.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use carrier::Call;
use tokio::time::sleep;

use crate::account::Account;
use crate::admission::{Identified, Proof};
use crate::audit::Event;
use crate::config::{CallbackConfig, CallbackLogin, Parity};
use crate::limits;
use crate::login::{Guest, Told};
use crate::origin::Origin;
use crate::shared::{Direction, Shared};
use crate::wait::{First, first};

/// A call that is being made.
pub type Calling = Pin<Box<dyn Future<Output = Result<Call, String>> + Send>>;

/// Makes calls for the exchange: by addresses, or by the numbers of a phonebook.
pub trait Dialler: fmt::Debug + Send + Sync {
    /// Calls `target`, as an account's `callback` names it; the error says why not.
    fn call(&self, target: &str) -> Calling;
}

/// Callbacks under way, and whoever makes the calls.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    dialler: RwLock<Option<Arc<dyn Dialler>>>,
    /// Names of accounts that are about to be called.
    pending: Mutex<HashSet<String>>,
}

/// An account's place among those that are about to be called.
pub(crate) struct Turn {
    shared: Arc<Shared>,
    account: Arc<Account>,
    config: CallbackConfig,
    dialler: Arc<dyn Dialler>,
}

impl Callbacks {
    pub(crate) fn set_dialler(&self, dialler: Arc<dyn Dialler>) {
        *self.dialler.write().unwrap_or_else(PoisonError::into_inner) = Some(dialler);
    }

    /// A turn for an account, unless it has one already, too many have, or nobody can call.
    pub(crate) fn turn(shared: &Arc<Shared>, account: &Arc<Account>) -> Option<Turn> {
        Self::turn_by(shared, account, account.callback.clone()?)
    }

    /// The same by somebody else's wish.
    pub(crate) fn turn_by(
        shared: &Arc<Shared>,
        account: &Arc<Account>,
        config: CallbackConfig,
    ) -> Option<Turn> {
        let callbacks = &shared.callbacks;
        let dialler = callbacks.dialler.read().unwrap_or_else(PoisonError::into_inner).clone()?;
        let mut pending = callbacks.pending();
        if pending.len() >= limits::CALLBACKS || !pending.insert(account.name.clone()) {
            return None;
        }
        drop(pending);
        Some(Turn { shared: Arc::clone(shared), account: Arc::clone(account), config, dialler })
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // A set is sound whatever a panic has left behind.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.callbacks.pending().remove(&self.account.name);
    }
}

impl Turn {
    /// Calls back once the caller has had time to hang up, as often as the account says.
    pub(crate) fn start(self) {
        tokio::spawn(self.run());
    }

    async fn run(self) {
        match first(self.shared.ending(), self.reach()).await {
            First::One(()) => {
                tracing::info!(account = %self.account.name, "not called back: shutting down")
            }
            First::Other(None) => {
                let event = Event::new("callback-failed").with("account", &self.account.name);
                self.shared.settings().audit.note(event);
                tracing::warn!(account = %self.account.name, "not called back: nobody answered");
            }
            First::Other(Some(call)) => self.answered(call).await,
        }
    }

    async fn reach(&self) -> Option<Call> {
        let mut pause = self.config.delay.0;
        for _ in 0..self.config.tries.get() {
            sleep(pause).await;
            match self.dialler.call(&self.config.call).await {
                Ok(call) => return Some(call),
                Err(why) => tracing::info!(account = %self.account.name, why, "callback failed"),
            }
            pause =
                pause.saturating_mul(2).clamp(limits::CALLBACK_PAUSE, limits::CALLBACK_PAUSE_MAX);
        }
        None
    }

    async fn answered(self, call: Call) {
        let origin = Origin::of(&call);
        let Ok((seat, number)) = self.shared.admit(origin.source(), None) else {
            tracing::info!(account = %self.account.name, "not called back: too many calls");
            return call.reset();
        };
        let entry = self.shared.register(origin, seat, number);
        let account = Arc::clone(&self.account);
        tracing::info!(call = %entry.id(), account = %account.name, "called back");
        let shared = Arc::clone(&self.shared);
        let login = self.config.login;
        // From here on the account may be called back again.
        drop(self);
        match login {
            CallbackLogin::Again => {
                let direction = Direction::Back(account);
                shared.run(Box::new(call), Parity::Keep, entry, direction).await;
            }
            CallbackLogin::Skip => {
                let who = Identified { account, proof: Proof::Callback };
                let guest = Box::new(Guest::identified(who, Told::default()));
                shared.run_identified(Box::new(call), guest, entry).await;
            }
        }
    }
}
