//! What keeps strangers from trying for ever: penalties for sources, locks for accounts.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use carrier::clock_now;

use crate::audit::{Audit, Event};
use crate::call::CallEnd;
use crate::config::{ExchangeConfig, LockOutConfig, PenaltiesConfig};
use crate::debts::{Debts, Outcome, Terms};
use crate::origin::Origin;
use crate::patience::Patience;
use crate::session::Ending;
use crate::source::Source;

/// The memory of an exchange for those who misbehave.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) patience: Patience,
    rules: RwLock<Rules>,
    sources: Debts<Source>,
    /// By account and source, so that nobody can lock out anybody but himself. Names are kept as
    /// keyed hashes: what was typed may be a password.
    pairs: Debts<(u64, Source)>,
    names: RandomState,
}

#[derive(Clone, Debug)]
struct Rules {
    penalties: PenaltiesConfig,
    wrong_password: Duration,
}

/// Something that callers with good intentions seldom do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offence {
    /// A wrong name or password.
    Failed,
    /// A call that ended without a login.
    NoLogin,
    /// Something that nobody says who knows where he has called.
    Probe,
}

impl Offence {
    /// What the end of a call says about its caller.
    pub(crate) fn of(end: CallEnd) -> Option<Self> {
        match end {
            CallEnd::LoginFailed(Ending::Deadline | Ending::TriesUsed)
            | CallEnd::CallerHungUp
            | CallEnd::TlsFailed
            | CallEnd::SshFailed
            | CallEnd::MadeRoom
            | CallEnd::LineLost => Some(Self::NoLogin),
            CallEnd::LoginFailed(Ending::VainPrompts) | CallEnd::NotAccepted => Some(Self::Probe),
            _ => None,
        }
    }
}

impl Guard {
    pub(crate) fn new(config: &ExchangeConfig) -> Self {
        Self {
            patience: Patience::new(config.limits.wrong_passwords_per_minute),
            rules: RwLock::new(Rules::of(config)),
            sources: Debts::new(source_terms(&config.penalties)),
            pairs: Debts::new(pair_terms(&config.lock_out)),
            names: RandomState::new(),
        }
    }

    /// Judges by other rules from now on; what was done before is remembered.
    pub(crate) fn set(&self, config: &ExchangeConfig) {
        self.patience.set(config.limits.wrong_passwords_per_minute);
        self.sources.set_terms(source_terms(&config.penalties));
        self.pairs.set_terms(pair_terms(&config.lock_out));
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Rules::of(config);
    }

    /// Whether nobody is heard from there for now.
    pub(crate) fn is_barred(&self, source: Source) -> bool {
        source != Source::Local && self.sources.is_barred(&source, clock_now())
    }

    /// Whether this account can't be had from there for now.
    pub(crate) fn is_locked(&self, name: &str, source: Source) -> bool {
        source != Source::Local && self.pairs.is_barred(&self.pair(name, source), clock_now())
    }

    /// A caller has done something he shouldn't have.
    pub(crate) fn offended(&self, origin: &Origin, offence: Offence, audit: &Audit) {
        let rules = self.rules();
        if self.is_exempt(&rules, origin) {
            return;
        }
        let cost = match offence {
            Offence::Failed => rules.penalties.failed_login.0,
            Offence::NoLogin => rules.penalties.no_login.0,
            Offence::Probe => rules.penalties.probe.0,
        };
        if let Outcome::Barred(bar) = self.sources.offend(origin.source(), cost, clock_now()) {
            let seconds = bar.as_secs();
            tracing::warn!(from = %origin.host(), seconds, "source barred for its mistakes");
            let event = Event::new("source-barred").with("from", &origin.host());
            audit.note(event.with("seconds", &seconds.to_string()));
        }
    }

    /// A name and a password from there were wrong. Unknown names are locked like others, or a lock
    /// would tell which are known.
    pub(crate) fn wrong_password(&self, origin: &Origin, name: &str, shown: &str, audit: &Audit) {
        let rules = self.rules();
        self.patience.wears(origin.source(), clock_now());
        if self.is_exempt(&rules, origin) {
            return;
        }
        let pair = self.pair(name, origin.source());
        if let Outcome::Barred(bar) = self.pairs.offend(pair, rules.wrong_password, clock_now()) {
            let seconds = bar.as_secs();
            tracing::warn!(account = shown, from = %origin.host(), seconds, "account locked for this source");
            let event = Event::new("account-locked").with("account", shown);
            let event = event.with("from", &origin.host());
            audit.note(event.with("seconds", &seconds.to_string()));
        }
        self.offended(origin, Offence::Failed, audit);
    }

    /// Somebody from there has logged in: a site behind the same address as many others is welcome
    /// again at once.
    pub(crate) fn right_password(&self, origin: &Origin, name: &str) {
        self.sources.forgive(&origin.source());
        self.pairs.forgive(&self.pair(name, origin.source()));
    }

    fn is_exempt(&self, rules: &Rules, origin: &Origin) -> bool {
        origin.source() == Source::Local || rules.penalties.exempt.allow(origin.place())
    }

    fn pair(&self, name: &str, source: Source) -> (u64, Source) {
        (self.names.hash_one(name), source)
    }

    fn rules(&self) -> Rules {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Rules {
    fn of(config: &ExchangeConfig) -> Self {
        let wrong_password = wrong_password(&config.lock_out);
        Self { penalties: config.penalties.clone(), wrong_password }
    }
}

/// What a wrong password costs: as many as are allowed make up the whole time.
fn wrong_password(config: &LockOutConfig) -> Duration {
    match config.tries {
        0 => Duration::ZERO,
        tries => config.within.0 / tries,
    }
}

fn source_terms(config: &PenaltiesConfig) -> Terms {
    Terms { allowance: config.allowance.0, first: config.first.0, longest: config.longest.0 }
}

fn pair_terms(config: &LockOutConfig) -> Terms {
    // The last of them is the one too many.
    let allowance = config.within.0 - wrong_password(config);
    Terms { allowance, first: config.first.0, longest: config.longest.0 }
}
