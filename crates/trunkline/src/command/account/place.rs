//! Where accounts are kept: a file of the configuration, or the store.

use std::fs;
use std::path::{Path, PathBuf};

use exchange::{AccountConfig, ExchangeConfig};

#[cfg(feature = "store")]
use super::shelf::Shelf;
use super::{Failure, edit, file};
use crate::cli::nearest;
use crate::config;
use crate::style::Style;

/// Keys of an account, with their values as TOML writes them.
pub(super) type Keys = Vec<(String, String)>;

/// An account and where it is.
pub(super) struct Known {
    pub(super) account: AccountConfig,
    pub(super) place: Place,
}

/// Where an account is, or is to be.
pub(super) enum Place {
    /// In a file of the configuration.
    File(PathBuf),
    /// In the store.
    #[cfg(feature = "store")]
    Store(Shelf),
}

/// The accounts of a configuration, wherever they are.
pub(super) struct Accounts {
    pub(super) configuration: PathBuf,
    /// The `[exchange]` table, if there is one that can be read.
    pub(super) exchange: Option<ExchangeConfig>,
}

impl Place {
    /// Its path, as people write it.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            #[cfg(feature = "store")]
            Self::Store(shelf) => shelf.path(),
        }
    }

    /// Puts an account there that wasn't.
    pub(super) fn add(&self, keys: &Keys) -> Result<(), Failure> {
        match self {
            Self::File(path) => {
                let before = file::read(path).map_err(|error| io(path, &error))?;
                let header = if before.is_empty() {
                    "# Who may log in. `trunkline account` adds and changes accounts here.\n"
                } else {
                    ""
                };
                let after = edit::append(&format!("{header}{before}"), &edit::table(keys));
                checked(&after)?;
                file::write(path, &after).map_err(|error| io(path, &error))
            }
            #[cfg(feature = "store")]
            Self::Store(shelf) => shelf.add(keys),
        }
    }

    /// Sets keys of an account, and takes others from it.
    pub(super) fn set(&self, name: &str, keys: &Keys, without: &[String]) -> Result<(), Failure> {
        match self {
            Self::File(path) => change(path, |mut text| {
                for (key, value) in keys {
                    text = edit::set(&text, name, key, value)?;
                }
                without.iter().try_fold(text, |text, key| edit::unset(&text, name, key))
            }),
            #[cfg(feature = "store")]
            Self::Store(shelf) => shelf.set(name, keys, without),
        }
    }

    /// Takes an account away.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        match self {
            Self::File(path) => change(path, |text| edit::remove(&text, name)),
            #[cfg(feature = "store")]
            Self::Store(shelf) => shelf.remove(name),
        }
    }
}

impl Accounts {
    pub(super) fn of(configuration: PathBuf) -> Self {
        let exchange = config::exchange(&configuration);
        Self { configuration, exchange }
    }

    /// All accounts. A file that can't be read at all is told.
    pub(super) fn all(&self) -> Result<Vec<Known>, Failure> {
        let found = config::accounts(&self.configuration).map_err(|mistakes| {
            Failure::Configuration(config::show_all(&mistakes, Style::of(&std::io::stderr())))
        })?;
        let known = |found: config::FoundAccount| Known {
            account: found.account,
            place: Place::File(found.file),
        };
        let mut all: Vec<Known> = found.into_iter().map(known).collect();
        all.extend(self.stored()?);
        Ok(all)
    }

    /// Those that a new name must differ from. A configuration with mistakes, or none at all yet, is
    /// no hindrance; `check` tells about those.
    pub(super) fn known(&self) -> Result<Vec<Known>, Failure> {
        match self.all() {
            Err(Failure::Configuration(_)) => self.stored(),
            all => all,
        }
    }

    /// The account of this name.
    pub(super) fn find(&self, name: &str) -> Result<Known, Failure> {
        let all = self.all()?;
        let near = nearest(name, all.iter().map(|known| known.account.name.as_str()));
        let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
        let missing = format!("there is no account {name}{hint}");
        all.into_iter().find(|known| known.account.name == name).ok_or(Failure::Other(missing))
    }

    /// Where new accounts go: the file that was named, the store if there is one, or a file beside the
    /// configuration.
    pub(super) fn target(&self, file: Option<&str>) -> Place {
        if let Some(file) = file {
            return Place::File(file.into());
        }
        self.shelf()
            .unwrap_or_else(|| Place::File(self.configuration.with_file_name("accounts.toml")))
    }

    #[cfg(feature = "store")]
    fn shelf(&self) -> Option<Place> {
        Some(Place::Store(Shelf::new(self.exchange.as_ref()?)?))
    }

    #[cfg(not(feature = "store"))]
    fn shelf(&self) -> Option<Place> {
        None
    }

    #[cfg(feature = "store")]
    fn stored(&self) -> Result<Vec<Known>, Failure> {
        match self.exchange.as_ref().and_then(Shelf::new) {
            Some(shelf) => shelf.accounts(),
            None => Ok(Vec::new()),
        }
    }

    #[cfg(not(feature = "store"))]
    fn stored(&self) -> Result<Vec<Known>, Failure> {
        Ok(Vec::new())
    }

    /// What to do so that the running instance knows an account in `path`; nothing if it will.
    pub(super) fn hint(&self, path: &Path, name: &str) -> String {
        let same = |file: &Path| fs::canonicalize(file).ok() == fs::canonicalize(path).ok();
        let known = config::accounts(&self.configuration).unwrap_or_default();
        if known.iter().any(|found| found.account.name == name && same(&found.file)) {
            return String::new();
        }
        format!(
            "{} doesn't include it yet; put at its top: include = [{}]\n",
            self.configuration.display(),
            edit::text(&self.seen_from(path))
        )
    }

    /// The file's path as the configuration would include it.
    fn seen_from(&self, path: &Path) -> String {
        let near = self.configuration.parent().and_then(|folder| path.strip_prefix(folder).ok());
        near.map_or_else(|| crate::place::absolute(path), Path::to_owned).display().to_string()
    }
}

fn change(
    path: &Path,
    edit: impl FnOnce(String) -> Result<String, edit::EditError>,
) -> Result<(), Failure> {
    let before = file::read(path).map_err(|error| io(path, &error))?;
    let after =
        edit(before).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    checked(&after)?;
    file::write(path, &after).map_err(|error| io(path, &error))
}

/// Nothing is written that the next start would refuse.
pub(super) fn checked(text: &str) -> Result<(), Failure> {
    config::check_accounts(text).map_err(|mistakes| {
        Failure::Configuration(config::show_all(&mistakes, Style::of(&std::io::stderr())))
    })
}

fn io(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Other(format!("{}: {error}", path.display()))
}
