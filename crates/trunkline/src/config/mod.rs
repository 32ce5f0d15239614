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

pub(crate) use diagnostic::{Diagnostic, show_all};

use crate::instance::Plan;
use crate::log::Filter;

/// The configuration that is meant when none is named.
pub(crate) const USUAL_FILE: &str = "trunkline.toml";

/// A configuration.
pub(crate) struct Config {
    /// The file that was named.
    pub(crate) path: PathBuf,
    /// Where the instance takes orders.
    pub(crate) control: Option<PathBuf>,
    /// What is logged.
    pub(crate) log: Option<Filter>,
    /// What the instance runs.
    pub(crate) plan: Plan,
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

/// The `[exchange]` table of a configuration with whole paths, whatever else may be wrong; nothing if there is none
/// that can be read.
#[cfg(feature = "exchange")]
pub(crate) fn exchange(path: &Path) -> Option<exchange::ExchangeConfig> {
    let mut mistakes = Vec::new();
    let sources = files::read_all(path, &mut mistakes);
    let mut draft = draft::Draft::new(&sources, &mut mistakes);
    check::accounts::take(&mut draft).map(|answering| answering.exchange)
}

/// What a launcher goes by: the exchange and its accounts with whole paths, whatever else may be wrong, and the files
/// that say so. No other file is read.
///
/// # Errors
/// A file can't be read, or says something that no file may say.
#[cfg(feature = "exchange")]
pub(crate) fn launched(
    path: &Path,
) -> Result<(Vec<PathBuf>, Option<crate::instance::Answering>), Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let sources = files::read_all(path, &mut mistakes);
    let mut draft = draft::Draft::new(&sources, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    check::accounts::see_from_their_files(&mut draft);
    let answering = check::accounts::take(&mut draft);
    Ok((sources.iter().map(|source| source.path.clone()).collect(), answering))
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

/// The station in a text that the centre has sent: nothing but a `[station]` with its buses and devices, seen from
/// `folder`. Numbers are those that somebody else knows; no secret is read.
///
/// # Errors
/// The first mistake, with its place.
#[cfg(feature = "station")]
pub(crate) fn station(
    text: &str,
    folder: &Path,
    known: &dyn Fn(&str) -> bool,
) -> Result<station::Plan, String> {
    let source = std::sync::Arc::new(source::Source {
        path: folder.join("configuration"),
        text: text.to_owned(),
    });
    let first = |mut mistakes: Vec<Diagnostic>, sources: &[std::sync::Arc<source::Source>]| {
        mistakes.sort_by_key(|mistake| mistake.order(sources));
        mistakes.first().map_or_else(|| "it makes no sense".to_owned(), Diagnostic::brief)
    };
    let root = toml::de::DeTable::parse(text)
        .map_err(|error| Diagnostic::toml(&source, &error).brief())?;
    let foreign =
        root.get_ref().keys().find(|key| !matches!(&**key.get_ref(), "station" | "bus" | "device"));
    if let Some(key) = foreign {
        let message =
            "the centre may send [station], [[bus]] and [[device]] tables, and nothing else";
        return Err(Diagnostic::at(&source, key.span(), message).brief());
    }
    let sources = [source];
    let mut mistakes = Vec::new();
    let mut draft = draft::Draft::new(&sources, &mut mistakes);
    if mistakes.is_empty() {
        check::station::check_with(&draft, known, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(first(mistakes, &sources));
    }
    check::station::take(&mut draft).ok_or_else(|| "there is no [station] table in it".to_owned())
}
