//! Who may have an account: by its password, a key or a certificate, within the limits on mistakes.
//!
//! Every way in ends here, so that all of them obey the same limits and leave the same traces.

use std::sync::Arc;

use carrier::clock_now;
use settings::Secret;

use crate::account::{Account, Accounts, Fingerprint};
use crate::audit::Event;
use crate::call::CallId;
use crate::guard::Guard;
use crate::in_force::Settings;
use crate::origin::Origin;
use crate::verifier::Verdict;

/// Somebody who has shown that an account is his; what [`Exchange::take_authenticated`] wants.
///
/// [`Exchange::take_authenticated`]: crate::Exchange::take_authenticated
#[derive(Clone, Debug)]
pub struct Identified {
    pub(crate) account: Arc<Account>,
    pub(crate) proof: Proof,
}

impl Identified {
    /// Whose account it is.
    pub fn name(&self) -> &str {
        &self.account.name
    }

    /// Whether he is to be hung up on and called back before he gets anything.
    pub(crate) fn wants_callback(&self) -> bool {
        self.account.callback.is_some() && self.proof != Proof::Callback
    }

    /// How he has shown it.
    pub fn proof(&self) -> Proof {
        self.proof
    }
}

/// How somebody has shown that an account is his.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// He knew its password.
    Password,
    /// He has one of its SSH keys.
    SshKey,
    /// He has one of its certificates.
    Certificate,
    /// He answered when its callback was called.
    Callback,
}

impl Proof {
    /// For programs: never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SshKey => "ssh-key",
            Self::Certificate => "certificate",
            Self::Callback => "callback",
        }
    }
}

/// What came of a name and a password.
#[derive(Debug)]
pub enum Checked {
    /// They are right.
    Right(Identified),
    /// They are not, or not from there; nobody is told which.
    Wrong,
    /// They can't be compared now: too much is going on, or too many from there were wrong.
    Busy,
}

/// The one who compares what a caller shows with the accounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) guard: &'a Guard,
    pub(crate) origin: &'a Origin,
    /// Its number, once it has one.
    pub(crate) call: Option<CallId>,
}

impl Admission<'_> {
    fn accounts(&self) -> &Accounts {
        &self.settings.accounts
    }

    /// Compares a password, if there is room for it.
    ///
    /// Dropping the future gives up its place in the queue.
    pub(crate) async fn password(&self, name: &str, password: Secret) -> Checked {
        let source = self.origin.source();
        if self.settings.audit.forbids_deeds() {
            return Checked::Busy;
        }
        if !self.guard.patience.lasts(source, clock_now()) {
            self.failed(name, "too many wrong passwords from this source");
            return Checked::Busy;
        }
        if self.guard.is_locked(name, source) {
            self.failed(name, "locked for this source");
            return Checked::Wrong;
        }
        let account = self.accounts().find(name).cloned();
        let verifier = account.as_ref().map(|account| Arc::clone(&account.verifier));
        let decoy = Arc::clone(&self.accounts().decoy);
        let Ok(verdict) = self.settings.checker.check(verifier, decoy, password).await else {
            return Checked::Busy;
        };
        match (verdict, account) {
            (Verdict::Right, Some(account)) if self.may_come_from(&account) => {
                Checked::Right(self.succeeded(account, Proof::Password))
            }
            (Verdict::Right, Some(_)) => {
                self.wrong(name, "not from one of its sources");
                Checked::Wrong
            }
            _ => {
                self.wrong(name, "wrong name or password");
                Checked::Wrong
            }
        }
    }

    /// The account that a caller's certificate opens from there, if any.
    pub(crate) fn certificate(&self, fingerprint: &Fingerprint) -> Option<Identified> {
        let account = self.accounts().find_by_certificate(fingerprint)?;
        self.shown(account, Proof::Certificate)
    }

    /// The account whose key a caller has shown, if it may be used from there.
    pub(crate) fn key(&self, name: &str) -> Option<Identified> {
        let account = self.accounts().find(name)?;
        self.shown(account, Proof::SshKey)
    }

    fn shown(&self, account: &Arc<Account>, proof: Proof) -> Option<Identified> {
        if self.settings.audit.forbids_deeds() {
            return None;
        }
        if self.may_come_from(account) {
            return Some(self.succeeded(Arc::clone(account), proof));
        }
        self.failed(&account.name, "not from one of its sources");
        None
    }

    fn may_come_from(&self, account: &Account) -> bool {
        account.sources.as_ref().is_none_or(|sources| sources.allow(self.origin.place()))
    }

    fn succeeded(&self, account: Arc<Account>, proof: Proof) -> Identified {
        self.guard.right_password(self.origin, &account.name);
        let event = Event::new("login").with("account", &account.name).with("proof", proof.code());
        self.settings.audit.note(self.located(event));
        Identified { account, proof }
    }

    /// A name and a password were wrong, and that has its price.
    fn wrong(&self, name: &str, why: &str) {
        self.failed(name, why);
        self.guard.wrong_password(self.origin, name, self.shown_name(name), &self.settings.audit);
    }

    /// The line for fail2ban: `login failed from ADDRESS`.
    fn failed(&self, name: &str, why: &str) {
        let account = self.shown_name(name);
        let call = self.call_words();
        tracing::info!(
            %call, account, from = %self.origin.from(), why,
            "login failed from {}", self.origin.host()
        );
        let event = Event::new("login-failed").with("account", account).with("why", why);
        self.settings.audit.note(self.located(event));
    }

    fn located(&self, event: Event) -> Event {
        event.with("from", &self.origin.from()).with("call", &self.call_words())
    }

    /// A name that isn't an account's may be a password typed too early, so it isn't shown.
    fn shown_name<'n>(&self, name: &'n str) -> &'n str {
        if self.accounts().find(name).is_some() { name } else { "unknown" }
    }

    fn call_words(&self) -> String {
        self.call.map_or_else(|| "-".to_owned(), |call| call.to_string())
    }
}
