//! What the passwords of callers are compared with, on a bounded number of threads.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use password::Kept;
pub(crate) use password::Verdict;
use settings::Secret;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::machine::{MachineVerifier, NoVerifier, Pepper};

/// Why a password can't be an account's.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// It can't be anybody's.
    #[error(transparent)]
    Kept(#[from] password::PasswordError),
    /// It looks like the verifier of a machine's secret, but isn't one.
    #[error("the verifier of the machine's secret is damaged; make the account a new secret")]
    NotMachine,
    /// It can't be checked without the pepper.
    #[error(
        "the verifier of the machine's secret was made with another pepper than the one here; restore \
         the pepper's file, or make the account a new secret"
    )]
    OtherPepper,
}

/// What a typed password is compared with.
pub(crate) enum Verifier {
    /// A person's password.
    Kept(Kept),
    /// A machine's secret.
    Machine(MachineVerifier),
    /// Nothing is right.
    Locked,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(kept) => kept.fmt(f),
            Self::Machine(_) => f.write_str("Machine(..)"),
            Self::Locked => f.write_str("Locked"),
        }
    }
}

impl Verifier {
    pub(crate) fn new(
        secret: Arc<Secret>,
        pepper: Option<&Arc<Pepper>>,
    ) -> Result<Self, PasswordError> {
        if !MachineVerifier::is_meant(secret.expose()) {
            return Ok(Self::Kept(Kept::read(secret)?));
        }
        let text = std::str::from_utf8(secret.expose()).map_err(|_| PasswordError::NotMachine)?;
        let verifier = MachineVerifier::parse(text.trim_end(), pepper);
        verifier.map(Self::Machine).map_err(|error| match error {
            NoVerifier::Malformed => PasswordError::NotMachine,
            NoVerifier::OtherPepper => PasswordError::OtherPepper,
        })
    }

    /// What a check costs, where that is fixed.
    pub(crate) fn cost(&self) -> Option<Cost> {
        match self {
            Self::Kept(kept) => kept.cost().map(Cost::Hash),
            Self::Machine(_) => Some(Cost::Machine),
            Self::Locked => None,
        }
    }
}

/// What one check costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cost {
    /// One keyed hash.
    Machine,
    /// One argon2id hash.
    Hash(password::Cost),
}

impl Default for Cost {
    fn default() -> Self {
        Self::Hash(password::Cost::default())
    }
}

/// What nobody's password fits, for callers with no account: checking it takes as long as checking
/// a real one.
pub(crate) enum Decoy {
    Hash(password::Decoy),
    Machine(MachineVerifier),
}

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy(..)")
    }
}

impl Decoy {
    pub(crate) fn new(cost: Cost) -> Self {
        match cost {
            Cost::Machine => Self::Machine(MachineVerifier::decoy()),
            Cost::Hash(cost) => Self::Hash(password::Decoy::new(cost)),
        }
    }
}

/// The queue in front of the hash is full.
#[derive(Debug)]
pub(crate) struct QueueFull;

/// Checks passwords, a few at a time.
///
/// The hash is made to be slow, so the number of threads that compute it and the number of callers
/// who wait for one are both bounded; a caller beyond that is turned away before any work.
#[derive(Debug)]
pub(crate) struct Checker {
    threads: Arc<Semaphore>,
    places: Arc<Places>,
    hashes: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Places {
    taken: AtomicU32,
    all: u32,
}

impl Places {
    fn take(self: &Arc<Self>) -> Option<Place> {
        let more = |taken: u32| taken.checked_add(1).filter(|taken| *taken <= self.all);
        let taken = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.is_ok().then(|| Place(Arc::clone(self)))
    }
}

/// A place in the queue or at a thread.
struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Checker {
    pub(crate) fn new(threads: NonZeroU32, queue: u32) -> Self {
        let threads = threads.get();
        Self {
            threads: Arc::new(Semaphore::new(usize::try_from(threads).unwrap_or(1))),
            places: Arc::new(Places {
                taken: AtomicU32::new(0),
                all: threads.saturating_add(queue),
            }),
            hashes: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Hashes computed so far.
    pub(crate) fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Compares a password with `verifier`, or with nothing at all in the same way and the same
    /// time.
    ///
    /// Dropping the future gives up the place in the queue; a hash that has begun keeps its thread
    /// to its end.
    pub(crate) async fn check(
        &self,
        verifier: Option<Arc<Verifier>>,
        decoy: Arc<Decoy>,
        password: Secret,
    ) -> Result<Verdict, QueueFull> {
        if let Some(verdict) = at_once(verifier.as_deref(), &decoy, &password) {
            return Ok(verdict);
        }
        let place = self.places.take().ok_or(QueueFull)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(|_| QueueFull)?;
        let hashes = Arc::clone(&self.hashes);
        let work =
            move || compare(verifier.as_deref(), &decoy, &password, &hashes, (place, thread));
        Ok(tokio::task::spawn_blocking(work).await.unwrap_or(Verdict::Wrong))
    }
}

/// The answer where it costs no more than a look: a machine's secret, or a stranger among machines.
fn at_once(verifier: Option<&Verifier>, decoy: &Decoy, password: &Secret) -> Option<Verdict> {
    let right = match (verifier, decoy) {
        (Some(Verifier::Machine(verifier)), _) => verifier.is_of(password),
        (Some(Verifier::Kept(Kept::Plain(plain))), Decoy::Machine(_)) => plain.same_as(password),
        (Some(Verifier::Locked) | None, Decoy::Machine(decoy)) => {
            let _ = decoy.is_of(password);
            false
        }
        (Some(Verifier::Kept(Kept::Hash(_))), _) | (_, Decoy::Hash(_)) => return None,
    };
    Some(if right { Verdict::Right } else { Verdict::Wrong })
}

/// One hash, whoever asks.
fn compare(
    verifier: Option<&Verifier>,
    decoy: &Decoy,
    password: &Secret,
    hashes: &AtomicU64,
    _held: (Place, OwnedSemaphorePermit),
) -> Verdict {
    hashes.fetch_add(1, Ordering::Relaxed);
    match (verifier, decoy) {
        (Some(Verifier::Kept(Kept::Hash(hash))), _) => hash.check(password),
        (Some(Verifier::Kept(kept)), Decoy::Hash(decoy)) => {
            password::compare(Some(kept), decoy, password)
        }
        (_, Decoy::Hash(decoy)) => password::compare(None, decoy, password),
        // Answered at once.
        (_, Decoy::Machine(_)) => Verdict::Wrong,
    }
}

/// The cheapest hash there is, for tests that aren't about its cost.
#[cfg(test)]
pub(crate) fn cheap_hash(password: &str) -> String {
    let secret = Secret::new(password.as_bytes().to_vec());
    password::hash_at(&secret, CHEAP).expect("hashed")
}

#[cfg(test)]
pub(crate) const CHEAP: password::Cost = password::Cost { memory: 8, passes: 1, lanes: 1 };

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn verifier(text: &str) -> Result<Verifier, PasswordError> {
        Verifier::new(Arc::new(secret(text)), None)
    }

    fn decoy() -> Arc<Decoy> {
        Arc::new(Decoy::new(Cost::Hash(CHEAP)))
    }

    fn checker(threads: u32, queue: u32) -> Checker {
        Checker::new(NonZeroU32::new(threads).expect("not zero"), queue)
    }

    #[tokio::test]
    async fn the_right_password_is_right_and_any_other_wrong() {
        let checker = checker(1, 1);
        for stored in [cheap_hash("open sesame"), "open sesame".to_owned()] {
            let stored = Arc::new(verifier(&stored).expect("a verifier"));
            for (typed, verdict) in
                [("open sesame", Verdict::Right), ("open", Verdict::Wrong), ("", Verdict::Wrong)]
            {
                let found = checker.check(Some(Arc::clone(&stored)), decoy(), secret(typed)).await;
                assert_eq!(found.expect("not full"), verdict, "{typed}");
            }
        }
    }

    #[tokio::test]
    async fn nobody_gets_in_without_an_account_and_the_hash_is_computed_all_the_same() {
        let checker = checker(1, 1);
        let found = checker.check(None, decoy(), secret("open sesame")).await;
        assert_eq!(found.expect("not full"), Verdict::Wrong);
        assert_eq!(checker.hashes(), 1);
    }

    #[tokio::test]
    async fn a_full_queue_turns_callers_away_before_any_hash() {
        let checker = checker(1, 0);
        let _only = checker.places.take().expect("a place");
        assert!(checker.check(None, decoy(), secret("x")).await.is_err());
        assert_eq!(checker.hashes(), 0);
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_waiting_leaves_the_queue() {
        let checker = checker(1, 1);
        let thread = Arc::clone(&checker.threads).acquire_owned().await.expect("open");
        let waiting = checker.check(None, decoy(), secret("x"));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), waiting).await.is_err());
        drop(thread);
        assert_eq!(checker.places.taken.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn a_machines_secret_needs_no_place_in_the_queue_and_no_slow_hash() {
        let made = crate::machine::make_machine_secret().expect("made");
        let text = crate::machine::machine_verifier(&made, None).expect("kept");
        let stored = Arc::new(verifier(&text).expect("a verifier"));
        let checker = checker(1, 0);
        let _only = checker.places.take().expect("a place");
        let right = checker.check(Some(Arc::clone(&stored)), decoy(), made).await;
        assert_eq!(right.expect("not full"), Verdict::Right);
        let wrong = checker.check(Some(stored), decoy(), secret("x")).await;
        assert_eq!(wrong.expect("not full"), Verdict::Wrong);
        assert_eq!(checker.hashes(), 0);
    }

    #[tokio::test]
    async fn a_stranger_among_machines_costs_what_a_machine_costs() {
        let checker = checker(1, 0);
        let decoy = Arc::new(Decoy::new(Cost::Machine));
        for verifier in [None, Some(Arc::new(Verifier::Locked))] {
            let found = checker.check(verifier, Arc::clone(&decoy), secret("x")).await;
            assert_eq!(found.expect("not full"), Verdict::Wrong);
        }
        let plain = Some(Arc::new(verifier("x").expect("plain")));
        let found = checker.check(plain, decoy, secret("x")).await;
        assert_eq!(found.expect("not full"), Verdict::Right);
        assert_eq!(checker.hashes(), 0);
    }
}
