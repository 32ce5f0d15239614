//! Stands for `ssh` in a build without it.

use std::sync::Arc;

use crate::hosts::Target;
use crate::wire::{Peer, Wire};
use crate::{Call, SshClient, SshFailure};

pub(crate) async fn call(
    _: Wire,
    _: Peer,
    _: &Target<'_>,
    _: &Arc<SshClient>,
) -> Result<Call, SshFailure> {
    Err(SshFailure::NotBuiltIn)
}
