//! Stands for `ssh` in a build without it.

use std::convert::Infallible;
use std::sync::Arc;

use carrier::{CallOptions, Caller};

use crate::config::SshConfig;
use crate::listen::Running;
use crate::registry::Entry;
use crate::shared::Shared;

/// What callers over SSH would meet.
#[derive(Clone, Debug)]
pub(crate) struct Host(Infallible);

/// Callers over SSH can't be received.
#[derive(Debug, thiserror::Error)]
#[error("callers over SSH are not built into this program; take \"ssh\" out of `accept`")]
pub struct SshFault;

impl Host {
    pub(crate) fn open(_: &SshConfig) -> Result<Self, SshFault> {
        Err(SshFault)
    }
}

impl SshConfig {
    /// Says that it can't be.
    ///
    /// # Errors
    /// Always.
    pub fn fingerprints(&self) -> Result<Vec<(String, String)>, SshFault> {
        Err(SshFault)
    }
}

pub(crate) async fn receive(
    shared: Arc<Shared>,
    _: Box<Caller>,
    _: Box<Entry>,
    _: CallOptions,
) -> Option<Running> {
    if let Some(host) = &shared.settings().ssh {
        match host.0 {}
    }
    None
}
