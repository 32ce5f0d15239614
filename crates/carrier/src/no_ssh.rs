//! Stands for `ssh` in a build without it.

use std::sync::Arc;

use at::result::Cause;

use crate::hosts::Target;
use crate::wire::{Peer, Wire};
use crate::{Call, SshClient};

/// Why a host gives no session.
#[derive(Debug, thiserror::Error)]
#[error("calls over SSH are not built into this program")]
pub struct SshFailure;

impl SshFailure {
    /// The cause to tell the equipment.
    pub fn cause(&self) -> Cause {
        Cause::NoSuchCarrier
    }
}

pub(crate) async fn call(
    _: Wire,
    _: Peer,
    _: &Target<'_>,
    _: &Arc<SshClient>,
) -> Result<Call, SshFailure> {
    Err(SshFailure)
}
