//! People's passwords as they are kept: argon2id hashes, made, read and compared.
//!
//! [`hash`] makes what is kept; [`Kept`] is what a typed password is compared with, by [`compare`], which takes as long
//! for a name that nobody has. Hashes are slow on purpose: whoever compares bounds how many are computed at once.
//!
//! ```
//! use std::sync::Arc;
//!
//! use password::{Cost, Decoy, Kept, Verdict, compare, hash_at};
//! use settings::Secret;
//!
//! let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
//! let cheap = Cost { memory: 8, passes: 1, lanes: 1 };
//! let hash = hash_at(&secret("open sesame"), cheap)?;
//! let kept = Kept::read(Arc::new(secret(&hash)))?;
//! let decoy = Decoy::new(cheap);
//! assert_eq!(compare(Some(&kept), &decoy, &secret("open sesame")), Verdict::Right);
//! assert_eq!(compare(None, &decoy, &secret("open sesame")), Verdict::Wrong);
//! # Ok::<(), password::PasswordError>(())
//! ```
#![forbid(unsafe_code)]

pub mod limits;

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use settings::Secret;
use thiserror::Error;

/// Makes the hash of a password: 19 MiB, two passes.
///
/// # Errors
/// It is empty or too long, or can't be hashed.
pub fn hash(password: &Secret) -> Result<String, PasswordError> {
    hash_at(password, Cost::default())
}

/// Makes the hash of a password at this cost.
///
/// # Errors
/// As [`hash`]; or there is no such cost.
pub fn hash_at(password: &Secret, cost: Cost) -> Result<String, PasswordError> {
    if password.is_empty() {
        return Err(PasswordError::Empty);
    }
    if password.len() > limits::PASSWORD {
        return Err(PasswordError::TooLong);
    }
    let params = cost.params().ok_or(PasswordError::TooCostly)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::default(), params);
    let hash: PasswordHash =
        argon2.hash_password(password.expose()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Why a password can't be one, or its hash.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// There is none.
    #[error("the password is empty")]
    Empty,
    /// Nobody could ever type it.
    #[error("the password is longer than {} bytes", limits::PASSWORD)]
    TooLong,
    /// It looks like a hash, but isn't one that can be checked.
    #[error(
        "the password hash is not a whole argon2id hash; `trunkline account add --print` and `trunkline operator` make such"
    )]
    NotArgon2id,
    /// Checking it would take more than one login may.
    #[error(
        "the password hash asks for more than {} KiB of memory, {} passes or {} lanes",
        limits::MEMORY_KIB,
        limits::PASSES,
        limits::LANES
    )]
    TooCostly,
    /// The hash function failed: no memory, or no randomness.
    #[error("the password could not be hashed")]
    Hash(#[source] password_hash::Error),
}

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cost {
    /// In KiB.
    pub memory: u32,
    /// Over all of it.
    pub passes: u32,
    /// That could be computed at once.
    pub lanes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            memory: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            lanes: Params::DEFAULT_P_COST,
        }
    }
}

impl Cost {
    fn of(hash: &PasswordHash) -> Option<Self> {
        let params = Params::try_from(hash).ok()?;
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        Some(Self { memory, passes, lanes })
    }

    fn params(self) -> Option<Params> {
        Params::new(self.memory, self.passes, self.lanes, None).ok()
    }

    const fn fits(self) -> bool {
        self.memory <= limits::MEMORY_KIB
            && self.passes <= limits::PASSES
            && self.lanes <= limits::LANES
    }
}

/// A hash that was read, and can be checked.
pub struct Hash(Box<PasswordHash>);

impl Hash {
    /// Whether this password has it.
    pub fn check(&self, password: &Secret) -> Verdict {
        match Argon2::default().verify_password(password.expose(), &*self.0) {
            Ok(()) => Verdict::Right,
            Err(_) => Verdict::Wrong,
        }
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(..)")
    }
}

/// What a typed password is compared with.
pub enum Kept {
    /// Its hash.
    Hash(Hash),
    /// The password itself.
    Plain(Arc<Secret>),
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => hash.fmt(f),
            Self::Plain(_) => f.write_str("Plain(..)"),
        }
    }
}

impl Kept {
    /// Reads what is kept: a hash if it looks like one, and else the password itself.
    ///
    /// # Errors
    /// It is neither.
    pub fn read(secret: Arc<Secret>) -> Result<Self, PasswordError> {
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
        match Cost::of(&hash) {
            None => Err(PasswordError::NotArgon2id),
            Some(cost) if !cost.fits() => Err(PasswordError::TooCostly),
            Some(_) => Ok(Self::Hash(Hash(Box::new(hash)))),
        }
    }

    /// What a check costs; a password itself costs what the decoy does.
    pub fn cost(&self) -> Option<Cost> {
        match self {
            Self::Hash(Hash(hash)) => Cost::of(hash),
            Self::Plain(_) => None,
        }
    }

    /// What changes when the password does; as secret as that.
    pub fn mark(&self) -> Secret {
        match self {
            Self::Hash(Hash(hash)) => Secret::new(hash.to_string().into_bytes()),
            Self::Plain(secret) => Secret::new(secret.expose().to_vec()),
        }
    }
}

/// A hash that no password has: checking it takes as long as checking a real one.
pub struct Decoy(Hash);

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy(..)")
    }
}

impl Decoy {
    /// One of this cost, or of the usual one if there is no such cost.
    pub fn new(cost: Cost) -> Self {
        let params = cost.params().unwrap_or_default();
        // Random bits in place of the output of the hash: nobody can find a password for them, and if he did it would be
        // refused.
        let output = [Salt::generate(), Salt::generate()].map(|salt| salt.to_vec()).concat();
        Self(Hash(Box::new(PasswordHash {
            algorithm: argon2::ARGON2ID_IDENT,
            version: Some(Version::default().into()),
            params: ParamsString::try_from(&params).unwrap_or_default(),
            salt: Some(Salt::generate()),
            hash: Output::new(&output).ok(),
        })))
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It isn't.
    Wrong,
}

/// One hash, whoever asks: an unknown name, a hashed password and a plain one cost the same.
pub fn compare(kept: Option<&Kept>, decoy: &Decoy, password: &Secret) -> Verdict {
    if let Some(Kept::Hash(hash)) = kept {
        return hash.check(password);
    }
    // What comes of it doesn't matter, but that it takes its time.
    let _ = std::hint::black_box(decoy.0.check(password));
    match kept {
        Some(Kept::Plain(plain)) if plain.same_as(password) => Verdict::Right,
        _ => Verdict::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn cheap(password: &str) -> String {
        hash_at(&secret(password), CHEAP).unwrap()
    }

    fn read(text: &str) -> Result<Kept, PasswordError> {
        Kept::read(Arc::new(secret(text)))
    }

    #[test]
    fn the_right_password_is_right_and_any_other_wrong() {
        let decoy = Decoy::new(CHEAP);
        for stored in [cheap("open sesame"), "open sesame".to_owned()] {
            let kept = read(&stored).unwrap();
            for (typed, verdict) in
                [("open sesame", Verdict::Right), ("open", Verdict::Wrong), ("", Verdict::Wrong)]
            {
                assert_eq!(compare(Some(&kept), &decoy, &secret(typed)), verdict, "{typed}");
            }
        }
        assert_eq!(compare(None, &decoy, &secret("open sesame")), Verdict::Wrong);
    }

    #[test]
    fn a_hash_that_would_hold_a_thread_for_minutes_is_refused() {
        let hash = cheap("x");
        for (cheap, costly) in [("m=8,", "m=99999999,"), ("t=1,", "t=1000,"), ("t=1,", "t=17,")] {
            let costly = hash.replace(cheap, costly);
            assert!(matches!(read(&costly), Err(PasswordError::TooCostly)), "{costly}");
        }
    }

    #[test]
    fn only_whole_argon2id_hashes_are_hashes() {
        let hash = cheap("x");
        let cut = hash.rsplit_once('$').unwrap().0;
        for text in [cut, &hash.replace("argon2id", "argon2i"), "$argon2id$", "$argon2id$v=19$m=8"]
        {
            assert!(matches!(read(text), Err(PasswordError::NotArgon2id)), "{text}");
        }
    }

    #[test]
    fn what_can_be_no_password_is_refused_before_it_is_hashed() {
        let long = "x".repeat(limits::PASSWORD + 1);
        assert!(matches!(read(""), Err(PasswordError::Empty)));
        assert!(matches!(read(&long), Err(PasswordError::TooLong)));
        assert!(matches!(hash_at(&secret(""), CHEAP), Err(PasswordError::Empty)));
        assert!(matches!(hash_at(&secret(&long), CHEAP), Err(PasswordError::TooLong)));
    }

    #[test]
    fn nothing_shows_what_is_kept() {
        assert_eq!(format!("{:?}", read("x").unwrap()), "Plain(..)");
        assert_eq!(format!("{:?}", read(&cheap("x")).unwrap()), "Hash(..)");
    }

    #[test]
    fn another_password_and_another_salt_make_another_mark() {
        let mark = |text: &str| read(text).unwrap().mark().expose().to_vec();
        let hash = cheap("x");
        assert_eq!(mark(&hash), mark(&hash));
        assert_ne!(mark(&hash), mark(&cheap("x")));
        assert_ne!(mark("x"), mark("y"));
    }
}
