//! Operators' passwords: what they are compared with, in the same time for names that nobody has.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use settings::Secret;
use tokio::sync::Semaphore;

use crate::limits;
use crate::random::{Digest, digest};

/// Makes the argon2id hash of a password, as an operator's `password` takes it.
///
/// # Errors
/// It is empty or too long.
pub fn hash_password(password: &Secret) -> Result<String, PasswordError> {
    if password.is_empty() {
        return Err(PasswordError::Empty);
    }
    if password.len() > limits::PASSWORD {
        return Err(PasswordError::TooLong);
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::default(), Params::default());
    let hash: PasswordHash =
        argon2.hash_password(password.expose()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Why a password can't be an operator's.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// There is none.
    #[error("the password is empty")]
    Empty,
    /// It is longer than what is hashed.
    #[error("the password is longer than {} bytes", limits::PASSWORD)]
    TooLong,
    /// It looks like a hash, but isn't one that can be checked.
    #[error("the password hash is not a valid argon2id hash; `trunkline operator NAME` makes one")]
    NotArgon2id,
    /// Checking it would take too much.
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
    /// The password itself, from a file or made by the program.
    Plain(Arc<Secret>),
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

impl Verifier {
    pub(crate) fn new(secret: Arc<Secret>) -> Result<Self, PasswordError> {
        if secret.is_empty() {
            return Err(PasswordError::Empty);
        }
        if !secret.expose().starts_with(b"$argon2") {
            let fits = secret.len() <= limits::PASSWORD;
            return if fits { Ok(Self::Plain(secret)) } else { Err(PasswordError::TooLong) };
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

    /// Changes when the password does.
    pub(crate) fn mark(&self) -> Digest {
        match self {
            Self::Hash(hash) => digest(hash.to_string().as_bytes()),
            Self::Plain(secret) => digest(secret.expose()),
        }
    }
}

/// A hash that no password has.
pub(crate) struct Decoy(PasswordHash);

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy(..)")
    }
}

impl Decoy {
    /// One that costs as much as the most costly of `verifiers`.
    pub(crate) fn like<'a>(verifiers: impl Iterator<Item = &'a Verifier>) -> Self {
        let params = verifiers
            .filter_map(|verifier| match verifier {
                Verifier::Hash(hash) => Params::try_from(&**hash).ok(),
                Verifier::Plain(_) => None,
            })
            .max_by_key(|params| u64::from(params.m_cost()) * u64::from(params.t_cost()))
            .unwrap_or_default();
        // Random bits in place of the output of the hash: nobody can find a password for them.
        let output = [Salt::generate(), Salt::generate()].map(|salt| salt.to_vec()).concat();
        Self(PasswordHash {
            algorithm: argon2::ARGON2ID_IDENT,
            version: Some(Version::default().into()),
            params: ParamsString::try_from(&params).unwrap_or_default(),
            salt: Some(Salt::generate()),
            hash: Output::new(&output).ok(),
        })
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
}

/// One hash, whoever asks: an unknown name, a hashed password and a plain one cost the same.
pub(crate) fn compare(verifier: Option<&Verifier>, decoy: &Decoy, password: &Secret) -> Verdict {
    let hash = match verifier {
        Some(Verifier::Hash(hash)) => hash,
        Some(Verifier::Plain(_)) | None => &decoy.0,
    };
    let hashed = Argon2::default().verify_password(password.expose(), hash).is_ok();
    let right = match verifier {
        Some(Verifier::Hash(_)) => hashed,
        Some(Verifier::Plain(plain)) => plain.same_as(password),
        None => false,
    };
    if right { Verdict::Right } else { Verdict::Wrong }
}

/// Where logins wait for their hash.
#[derive(Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The queue is full.
#[derive(Debug)]
pub(crate) struct QueueFull;

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits::HASHES + limits::HASH_QUEUE)),
            turns: Arc::new(Semaphore::new(limits::HASHES)),
        }
    }

    /// Does `work` on a thread of its own, when it is its turn.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, QueueFull> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| QueueFull)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| QueueFull)?;
        let held = move || {
            // Kept by the thread, since whoever waits for it may leave.
            let _held = (place, turn);
            work()
        };
        tokio::task::spawn_blocking(held).await.map_err(|_| QueueFull)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cheapest hash there is.
    pub(crate) fn cheap(password: &str) -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::default(), params);
        let hash: PasswordHash = argon2.hash_password(password.as_bytes()).unwrap();
        hash.to_string()
    }

    fn secret(text: &str) -> Arc<Secret> {
        Arc::new(Secret::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn the_right_password_is_right_and_any_other_wrong() {
        for stored in [cheap("open sesame"), "open sesame".to_owned()] {
            let verifier = Verifier::new(secret(&stored)).unwrap();
            let decoy = Decoy::like([&verifier].into_iter());
            for (typed, verdict) in
                [("open sesame", Verdict::Right), ("open", Verdict::Wrong), ("", Verdict::Wrong)]
            {
                assert_eq!(compare(Some(&verifier), &decoy, &secret(typed)), verdict, "{typed}");
            }
            assert_eq!(compare(None, &decoy, &secret("open sesame")), Verdict::Wrong);
        }
    }

    #[test]
    fn hashes_that_are_none_or_cost_too_much_are_refused() {
        let hash = cheap("x");
        let costly = hash.replace("m=8,", "m=99999999,");
        assert!(matches!(Verifier::new(secret(&costly)), Err(PasswordError::TooCostly)));
        let other = hash.replace("argon2id", "argon2i");
        assert!(matches!(Verifier::new(secret(&other)), Err(PasswordError::NotArgon2id)));
        assert!(matches!(Verifier::new(secret("")), Err(PasswordError::Empty)));
        assert!(matches!(Verifier::new(secret(&"x".repeat(129))), Err(PasswordError::TooLong)));
    }

    #[tokio::test]
    async fn a_full_queue_turns_logins_away_before_any_work() {
        let queue = Queue::new();
        let places = limits::HASHES + limits::HASH_QUEUE;
        let all = Arc::clone(&queue.places).acquire_many_owned(places.try_into().unwrap());
        let all = all.await.unwrap();
        assert!(queue.run(|| ()).await.is_err());
        drop(all);
        assert!(queue.run(|| ()).await.is_ok());
    }
}
