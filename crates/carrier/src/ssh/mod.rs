//! Calls over SSH: answered with [`answer`], and made to an address of `ssh://`.
//!
//! The one place that knows the library which speaks SSH. It gives a connection one session channel and
//! nothing else: no forwarding of any kind, no agent, no X11, no subsystem.

mod client;
mod doorkeeper;
mod failure;
mod gate;
mod guest;
mod host_keys;
mod inbox;
mod known_hosts;
mod link;
mod public_key;
mod server;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use russh::Preferred;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};

use crate::limits;

pub(crate) use client::call;
pub use doorkeeper::{Commands, Doorkeeper, Proof, Terminal, Terms, Verdict};
pub use failure::SshFailure;
pub use host_keys::{HostKeyError, HostKeys};
pub use public_key::{PublicKey, PublicKeyError};
pub use server::{Answered, NotAnswered, TerminalRequest, answer};

/// Kinds of keys in the order of preference. RSA with SHA-1, which the library would take, can be forged.
const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

fn preferred() -> Preferred {
    Preferred { key: Cow::Borrowed(KEYS), ..Preferred::DEFAULT }
}

fn window() -> u32 {
    u32::try_from(limits::SSH_WINDOW).unwrap_or(u32::MAX)
}

fn piece() -> u32 {
    u32::try_from(limits::SSH_PIECE).unwrap_or(u32::MAX)
}
