//! Passwords: their hashes, and checking them on a bounded number of threads.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;
use crate::machine::{MachineVerifier, NoVerifier, Pepper};
use settings::Secret;

/// Makes the argon2id hash of a password, as an account's `password` takes it: 19 MiB, two passes.
pub fn hash_password(password: &Secret) -> Result<String, PasswordError> {
    hash_with(password, Params::default())
}

pub(crate) fn hash_with(password: &Secret, params: Params) -> Result<String, PasswordError> {
    if password.is_empty() {
        return Err(PasswordError::Empty);
    }
    if password.len() > limits::PASSWORD {
        return Err(PasswordError::TooLong);
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::default(), params);
    let hash: PasswordHash =
        argon2.hash_password(password.expose()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Why a password can't be an account's.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// There is none.
    #[error("the password is empty")]
    Empty,
    /// A caller could never type it.
    #[error("the password is longer than {} bytes", limits::PASSWORD)]
    TooLong,
    /// It looks like a hash, but isn't one that can be checked.
    #[error("the password hash is not a valid argon2id hash")]
    NotArgon2id,
    /// It looks like the verifier of a machine's secret, but isn't one.
    #[error("the verifier of the machine's secret is damaged; make the account a new secret")]
    NotMachine,
    /// It can't be checked without the pepper.
    #[error(
        "the verifier of the machine's secret was made with another pepper than the one here; restore \
         the pepper's file, or make the account a new secret"
    )]
    OtherPepper,
    /// Checking it would take more than one login may.
    #[error(
        "the password hash asks for more than {} KiB of memory, {} passes or {} lanes",
        limits::HASH_MEMORY_KIB,
        limits::HASH_PASSES,
        limits::HASH_LANES
    )]
    TooCostly,
    /// The hash function failed: no memory, or no randomness.
    #[error("the password could not be hashed")]
    Hash(#[source] password_hash::Error),
}

/// What a typed password is compared with.
pub(crate) enum Verifier {
    /// An argon2id hash.
    Hash(Box<PasswordHash>),
    /// The password itself, from a secret file that holds no hash.
    Plain(Arc<Secret>),
    /// A machine's secret.
    Machine(MachineVerifier),
    /// Nothing is right.
    Locked,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash(_) => "Hash(..)",
            Self::Plain(_) => "Plain(..)",
            Self::Machine(_) => "Machine(..)",
            Self::Locked => "Locked",
        })
    }
}

impl Verifier {
    pub(crate) fn new(
        secret: Arc<Secret>,
        pepper: Option<&Arc<Pepper>>,
    ) -> Result<Self, PasswordError> {
        if secret.is_empty() {
            return Err(PasswordError::Empty);
        }
        if MachineVerifier::is_meant(secret.expose()) {
            let text =
                std::str::from_utf8(secret.expose()).map_err(|_| PasswordError::NotMachine)?;
            let verifier = MachineVerifier::parse(text.trim_end(), pepper);
            return verifier.map(Self::Machine).map_err(|error| match error {
                NoVerifier::Malformed => PasswordError::NotMachine,
                NoVerifier::OtherPepper => PasswordError::OtherPepper,
            });
        }
        if !secret.expose().starts_with(b"$argon2") {
            return if secret.len() > limits::PASSWORD {
                Err(PasswordError::TooLong)
            } else {
                Ok(Self::Plain(secret))
            };
        }
        let text = std::str::from_utf8(secret.expose()).map_err(|_| PasswordError::NotArgon2id)?;
        let hash = PasswordHash::new(text.trim_end()).map_err(|_| PasswordError::NotArgon2id)?;
        if hash.algorithm != argon2::ARGON2ID_IDENT || hash.salt.is_none() || hash.hash.is_none() {
            return Err(PasswordError::NotArgon2id);
        }
        let params = Params::try_from(&hash).map_err(|_| PasswordError::NotArgon2id)?;
        if params.m_cost() > limits::HASH_MEMORY_KIB
            || params.t_cost() > limits::HASH_PASSES
            || params.p_cost() > limits::HASH_LANES
        {
            return Err(PasswordError::TooCostly);
        }
        Ok(Self::Hash(Box::new(hash)))
    }

    /// What a check costs, where that is fixed.
    pub(crate) fn cost(&self) -> Option<Cost> {
        match self {
            Self::Hash(hash) => {
                let params = Params::try_from(&**hash).ok()?;
                let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
                Some(Cost::Hash { memory, passes, lanes })
            }
            Self::Machine(_) => Some(Cost::Machine),
            Self::Plain(_) | Self::Locked => None,
        }
    }
}

/// What one check costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Cost {
    /// One keyed hash.
    Machine,
    /// One argon2id hash with these parameters.
    Hash { memory: u32, passes: u32, lanes: u32 },
}

impl Default for Cost {
    fn default() -> Self {
        Self::Hash {
            memory: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            lanes: Params::DEFAULT_P_COST,
        }
    }
}

/// What nobody's password fits, for callers with no account: checking it takes as long as checking
/// a real one.
pub(crate) enum Decoy {
    Hash(Box<PasswordHash>),
    Machine(MachineVerifier),
}

impl Decoy {
    pub(crate) fn new(cost: Cost) -> Self {
        let Cost::Hash { memory, passes, lanes } = cost else {
            return Self::Machine(MachineVerifier::decoy());
        };
        let params = Params::new(memory, passes, lanes, None).unwrap_or_default();
        // Random bits in place of the output of the hash: nobody can find a password for them, and
        // if he did it would be refused.
        let output = [Salt::generate(), Salt::generate()].map(|salt| salt.to_vec()).concat();
        Self::Hash(Box::new(PasswordHash {
            algorithm: argon2::ARGON2ID_IDENT,
            version: Some(Version::default().into()),
            params: ParamsString::try_from(&params).unwrap_or_default(),
            salt: Some(Salt::generate()),
            hash: Output::new(&output).ok(),
        }))
    }
}

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy(..)")
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
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
        (Some(Verifier::Plain(plain)), Decoy::Machine(_)) => plain.same_as(password),
        (Some(Verifier::Locked) | None, Decoy::Machine(decoy)) => {
            let _ = decoy.is_of(password);
            false
        }
        (Some(Verifier::Hash(_)), _) | (_, Decoy::Hash(_)) => return None,
    };
    Some(if right { Verdict::Right } else { Verdict::Wrong })
}

/// One hash, whoever asks: an unknown name, a hashed password and a plain one cost the same.
fn compare(
    verifier: Option<&Verifier>,
    decoy: &Decoy,
    password: &Secret,
    hashes: &AtomicU64,
    _held: (Place, OwnedSemaphorePermit),
) -> Verdict {
    let hash = match (verifier, decoy) {
        (Some(Verifier::Hash(hash)), _) | (_, Decoy::Hash(hash)) => &**hash,
        // Answered at once.
        (_, Decoy::Machine(_)) => return Verdict::Wrong,
    };
    hashes.fetch_add(1, Ordering::Relaxed);
    let hashed = Argon2::default().verify_password(password.expose(), hash).is_ok();
    let right = match verifier {
        Some(Verifier::Hash(_)) => hashed,
        Some(Verifier::Plain(plain)) => plain.same_as(password),
        Some(Verifier::Machine(_) | Verifier::Locked) | None => false,
    };
    if right { Verdict::Right } else { Verdict::Wrong }
}

/// The cheapest hash there is, for tests that aren't about its cost.
#[cfg(test)]
pub(crate) fn cheap_hash(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).expect("within bounds");
    hash_with(&Secret::new(password.as_bytes().to_vec()), params).expect("hashed")
}

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
        Arc::new(Decoy::new(Cost::Hash { memory: 8, passes: 1, lanes: 1 }))
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

    #[test]
    fn a_hash_that_would_hold_a_thread_for_minutes_is_refused() {
        let hash = cheap_hash("x");
        for (cheap, costly) in [("m=8,", "m=99999999,"), ("t=1,", "t=1000,")] {
            let costly = hash.replace(cheap, costly);
            assert!(matches!(verifier(&costly), Err(PasswordError::TooCostly)), "{costly}");
        }
    }

    #[test]
    fn only_whole_argon2id_hashes_are_hashes() {
        let hash = cheap_hash("x");
        let cut = hash.rsplit_once('$').expect("fields").0;
        for text in [cut, &hash.replace("argon2id", "argon2i"), "$argon2id$", "$argon2id$v=19$m=8"]
        {
            assert!(matches!(verifier(text), Err(PasswordError::NotArgon2id)), "{text}");
        }
    }

    #[test]
    fn a_verifier_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", verifier("x").expect("plain")), "Plain(..)");
        assert_eq!(format!("{:?}", verifier(&cheap_hash("x")).expect("hash")), "Hash(..)");
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
