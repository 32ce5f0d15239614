//! Accounts from both of their places: the configuration's files and the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange::{AccountConfig, AccountError, Accounts, ExchangeConfig, Pepper, PepperError};

use super::Answering;
#[cfg(feature = "store")]
use crate::stored::{self, StoredError};

/// Why the accounts can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    /// One is wrong.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The key of machines' secrets can't be had.
    #[error(transparent)]
    Pepper(#[from] PepperError),
    /// The store can't be read, or a row in it.
    #[cfg(feature = "store")]
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// One name stands for two accounts.
    #[cfg(feature = "store")]
    #[error(
        "account `{0}` is in the store and in a file; remove one of them (`trunkline account remove {0}` takes it \
         out of the store)"
    )]
    InBoth(String),
}

/// The accounts of the files and of the store, with the pepper.
pub(super) fn all(config: &Answering) -> Result<Accounts, AccountsError> {
    let accounts = tables(config)?;
    let pepper = pepper(&config.exchange)?;
    // Their paths are absolute since they were read.
    Ok(Accounts::with_pepper(&accounts, Path::new("/"), pepper.as_ref())?)
}

#[cfg(feature = "store")]
fn tables(config: &Answering) -> Result<Vec<AccountConfig>, AccountsError> {
    let mut accounts = config.accounts.clone();
    let Some(store) = &config.exchange.store else { return Ok(accounts) };
    let stored = stored::accounts(store)?;
    let names: std::collections::HashSet<&str> =
        accounts.iter().map(|account| account.name.as_str()).collect();
    if let Some(both) = stored.iter().find(|account| names.contains(account.name.as_str())) {
        return Err(AccountsError::InBoth(both.name.clone()));
    }
    accounts.extend(stored);
    Ok(accounts)
}

#[cfg(not(feature = "store"))]
fn tables(config: &Answering) -> Result<Vec<AccountConfig>, AccountsError> {
    Ok(config.accounts.clone())
}

/// Where the pepper is, if there is to be one.
pub(crate) fn pepper_path(config: &ExchangeConfig) -> Option<PathBuf> {
    config.pepper.clone().or_else(|| {
        let mut beside = config.store.clone()?.into_os_string();
        beside.push(".pepper");
        Some(beside.into())
    })
}

/// The pepper, made if it isn't there yet.
pub(crate) fn pepper(config: &ExchangeConfig) -> Result<Option<Arc<Pepper>>, PepperError> {
    pepper_path(config).map(|path| Pepper::load_or_make(&path)).transpose()
}
