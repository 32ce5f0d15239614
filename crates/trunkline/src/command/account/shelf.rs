//! The store's accounts, as `trunkline account` changes them.

use std::path::{Path, PathBuf};

use exchange::ExchangeConfig;
use store::AccountRow;

use super::Failure;
use super::edit;
use super::place::{Keys, Known, Place, checked};
use crate::stored::{self, StoredError};

/// The store of a configuration.
#[derive(Clone)]
pub(super) struct Shelf(PathBuf);

impl Shelf {
    pub(super) fn new(exchange: &ExchangeConfig) -> Option<Self> {
        exchange.store.clone().map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn accounts(&self) -> Result<Vec<Known>, Failure> {
        let known = |account| Known { account, place: Place::Store(self.clone()) };
        Ok(stored::accounts(&self.0).map_err(told)?.into_iter().map(known).collect())
    }

    pub(super) fn add(&self, keys: &Keys) -> Result<(), Failure> {
        let row = row(keys)?;
        stored::visit(&self.0).map_err(told)?.add_account(row).map_err(|error| self.wrong(error))
    }

    pub(super) fn set(&self, name: &str, keys: &Keys, without: &[String]) -> Result<(), Failure> {
        let store = stored::visit(&self.0).map_err(told)?;
        let gone = || Failure::Other(format!("account {name} isn't in the store any more"));
        let before = store.account(name).map_err(|error| self.wrong(error))?.ok_or_else(gone)?;
        let mut all = stored::keys(&before);
        all.retain(|(key, _)| !without.contains(key));
        for (key, value) in keys {
            match all.iter_mut().find(|(known, _)| known == key) {
                Some((_, old)) => old.clone_from(value),
                None => all.push((key.clone(), value.clone())),
            }
        }
        store.put_account(row(&all)?).map_err(|error| self.wrong(error))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        let store = stored::visit(&self.0).map_err(told)?;
        match store.remove_account(name).map_err(|error| self.wrong(error))? {
            true => Ok(()),
            false => Err(Failure::Other(format!("account {name} isn't in the store any more"))),
        }
    }

    fn wrong(&self, source: store::StoreError) -> Failure {
        told(StoredError::Store { path: self.0.clone(), source })
    }
}

/// The row of an account that a start would take.
fn row(keys: &Keys) -> Result<AccountRow, Failure> {
    checked(&edit::table(keys))?;
    stored::row(keys).map_err(Failure::Other)
}

fn told(error: StoredError) -> Failure {
    Failure::Other(crate::failure::chain(&error))
}
