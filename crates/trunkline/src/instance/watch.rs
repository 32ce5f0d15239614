//! Accounts of the store that are changed by a command beside the running instance.

use std::path::PathBuf;

use super::{Answering, Instance, accounts, lock};
use crate::stored;

/// Tells when the store's accounts have changed.
#[derive(Default)]
pub(super) struct Watch {
    last: Option<(PathBuf, i64)>,
}

impl Watch {
    /// Waits for a change; the first look counts as one, for what happened during the start. May be
    /// dropped and called again.
    pub(super) async fn changed(&mut self, instance: &Instance) -> Look {
        // Lines alone have nothing to look at, and are not to wake for it; a reload calls again.
        let Some(store) = instance.store_path() else { return std::future::pending().await };
        loop {
            tokio::time::sleep(crate::limits::ACCOUNTS_LOOK).await;
            let path = store.clone();
            let asked = tokio::task::spawn_blocking(move || stored::changes(&path)).await;
            // A store that can't be read now is complained of by those who need it.
            let Ok(Some(now)) = asked else { continue };
            let now = (store.clone(), now);
            match self.last.replace(now.clone()) {
                None => return Look::First,
                Some(last) if last != now => return Look::Changed,
                Some(_) => {}
            }
        }
    }
}

/// What looking at the store has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Its accounts, whatever has become of them during the start.
    First,
    /// That its accounts have changed.
    Changed,
}

impl Instance {
    fn store_path(&self) -> Option<PathBuf> {
        lock(&self.answering).as_ref()?.exchange.store.clone()
    }

    /// Lets callers log in by the store's accounts as they are now. Wrong ones change nothing.
    pub(super) async fn take_accounts(&self, look: Look) {
        let Some(config) = lock(&self.answering).clone() else { return };
        let Some(running) = lock(&self.exchange).clone() else { return };
        let taken = tokio::task::spawn_blocking(move || {
            let accounts = accounts::all(&config)?;
            Ok((config, accounts))
        });
        let taken: Result<(Answering, _), super::StartError> = match taken.await {
            Ok(taken) => taken,
            // The runtime is ending.
            Err(_) => return,
        };
        let before = running.accounts();
        let taken = taken.and_then(|(config, accounts)| {
            let count = accounts.len();
            running.reload(&config.exchange, accounts)?;
            Ok(count)
        });
        match taken {
            Ok(count) if look == Look::First && count == before => {}
            Ok(count) => tracing::info!(accounts = count, "the store's accounts have changed"),
            Err(error) => {
                let why = crate::failure::chain(&error);
                tracing::error!(why, "the store's accounts are refused; the ones before stay");
            }
        }
    }
}
