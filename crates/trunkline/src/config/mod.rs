//! The configuration: TOML files, checked as a whole before anything is done with them.
//!
//! Files are read (`files`), their values one by one (`draft`), then what they say together is checked
//! (`check`). A mistake anywhere refuses the whole, and is shown where it stands.

mod check;
mod diagnostic;
mod draft;
mod files;
mod glob;
mod source;

use std::path::{Path, PathBuf};

use line::{LineConfig, Personas, Phonebook};

pub(crate) use diagnostic::{Diagnostic, show_all};

use crate::log::Filter;

/// The configuration that is meant when none is named.
pub(crate) const USUAL_FILE: &str = "trunkline.toml";

/// What an instance runs.
pub(crate) struct Config {
    /// The file that was named.
    pub(crate) path: PathBuf,
    /// Where lines keep what outlives a power cut.
    pub(crate) state: Option<PathBuf>,
    /// Where the instance takes orders.
    pub(crate) control: Option<PathBuf>,
    /// What is logged.
    pub(crate) log: Option<Filter>,
    /// Which modems lines can be.
    pub(crate) personas: Personas,
    /// Whom lines can call by name or number.
    pub(crate) phonebook: Phonebook,
    /// The lines.
    pub(crate) lines: Vec<LineConfig>,
    /// The answering side.
    #[cfg(feature = "exchange")]
    pub(crate) answering: Option<Answering>,
}

impl Config {
    /// What the command line describes, without a file.
    pub(crate) fn of(personas: Personas, phonebook: Phonebook, lines: Vec<LineConfig>) -> Self {
        Self {
            path: PathBuf::new(),
            state: None,
            control: None,
            log: None,
            personas,
            phonebook,
            lines,
            #[cfg(feature = "exchange")]
            answering: None,
        }
    }
}

/// The answering side of a configuration.
#[cfg(feature = "exchange")]
#[derive(Clone, Debug)]
pub(crate) struct Answering {
    /// Listeners, login, limits.
    pub(crate) exchange: exchange::ExchangeConfig,
    /// Who may log in, with paths made absolute.
    pub(crate) accounts: Vec<exchange::AccountConfig>,
}

/// Reads and checks the configuration of `path` and everything it includes.
///
/// # Errors
/// All mistakes in it.
pub(crate) fn load(path: &Path) -> Result<Config, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let sources = files::read_all(path, &mut mistakes);
    let draft = draft::Draft::new(&sources, &mut mistakes);
    match check::check(draft, &mut mistakes) {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => {
            mistakes.sort_by_key(|mistake| mistake.order(&sources));
            Err(mistakes)
        }
    }
}

/// The path as seen from the root, so that it holds wherever it is used.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// An account and the file in which it stands.
#[cfg(feature = "exchange")]
pub(crate) struct FoundAccount {
    /// The account.
    pub(crate) account: exchange::AccountConfig,
    /// Its file.
    pub(crate) file: PathBuf,
}

/// The accounts of a configuration, whatever else may be wrong with it.
///
/// # Errors
/// A file can't be read, or says something that no file may say.
#[cfg(feature = "exchange")]
pub(crate) fn accounts(path: &Path) -> Result<Vec<FoundAccount>, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let sources = files::read_all(path, &mut mistakes);
    let draft = draft::Draft::new(&sources, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let file = |placed: &draft::Placed<_>| {
        draft.files.get(placed.file).map(|file| file.source.path.clone())
    };
    let found = |placed: &draft::Placed<exchange::AccountConfig>| {
        Some(FoundAccount { account: placed.value.clone(), file: file(placed)? })
    };
    Ok(draft.accounts.iter().filter_map(found).collect())
}

/// Checks the accounts in a text that is about to be written, but for their passwords.
///
/// # Errors
/// All mistakes in it.
#[cfg(feature = "exchange")]
pub(crate) fn check_accounts(text: &str) -> Result<(), Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let sources = [std::sync::Arc::new(source::Source {
        path: "(the account)".into(),
        text: text.to_owned(),
    })];
    let mut draft = draft::Draft::new(&sources, &mut mistakes);
    check::accounts::check(&mut draft, check::accounts::Secrets::Elsewhere, &mut mistakes);
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}
