//! Whether what the files say makes sense together.

#[cfg(feature = "exchange")]
pub(super) mod accounts;
#[cfg(feature = "modbus")]
mod gateways;
mod lines;
mod modems;
mod modules;
#[cfg(feature = "web")]
mod page;
mod ports;
#[cfg(feature = "collector")]
mod sites;
#[cfg(feature = "station")]
pub(super) mod station;
mod trust;

use line::{EntryError, Personas, Phonebook};

use super::Config;
use super::diagnostic::Diagnostic;
use super::draft::Draft;
use super::source::Step;
use crate::instance::Plan;
use crate::log::Filter;

/// Makes a configuration of a draft, or says all that is wrong with it.
pub(super) fn check(mut draft: Draft<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<Config> {
    // What could not be read is missing elsewhere; those mistakes would only follow from the first ones.
    let whole = mistakes.is_empty();
    let personas = personas(&draft, mistakes);
    trust::check(&mut draft, mistakes);
    let phonebook = phonebook(&mut draft, mistakes);
    lines::check(&draft, personas.as_ref(), phonebook.as_ref().filter(|_| whole), mistakes);
    if whole {
        lines::check_hunting(&draft, mistakes);
        modems::check(&draft, mistakes);
    }
    ports::check(&draft, mistakes);
    #[cfg(feature = "modbus")]
    gateways::check(&draft, mistakes);
    #[cfg(feature = "station")]
    station::check(&draft, mistakes);
    #[cfg(feature = "collector")]
    let sites = sites::check(&draft, mistakes);
    let log = log(&draft, mistakes);
    #[cfg(feature = "exchange")]
    accounts::check(&mut draft, accounts::Secrets::Needed, mistakes);
    #[cfg(feature = "web")]
    page::check(&mut draft, mistakes);
    if !mistakes.is_empty() {
        return None;
    }
    Some(Config {
        path: draft.files.first()?.source.path.clone(),
        control: draft.resolve(draft.control.as_ref()).or_else(|| draft.control_of_exchange()),
        log,
        plan: Plan {
            state: draft.resolve(draft.state.as_ref()),
            personas: personas?,
            phonebook: phonebook?,
            hunts: modems::take_hunts(&mut draft),
            #[cfg(feature = "modems")]
            modems: modems::take(&mut draft),
            #[cfg(feature = "translator")]
            modules: modules::take(&mut draft),
            #[cfg(feature = "modbus")]
            gateways: gateways::take(&mut draft),
            #[cfg(feature = "station")]
            station: station::take(&mut draft),
            #[cfg(feature = "collector")]
            sites,
            lines: lines::take(&mut draft),
            #[cfg(feature = "exchange")]
            answering: accounts::take(&mut draft),
            #[cfg(feature = "web")]
            page: page::take(&mut draft),
        },
    })
}

fn log(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<Filter> {
    let log = draft.log.as_ref()?;
    match log.value.level.as_deref()?.parse() {
        Ok(filter) => Some(filter),
        Err(error) => {
            let error: crate::log::FilterError = error;
            mistakes.push(draft.mistake(log, &["level".into()], error.to_string()));
            None
        }
    }
}

fn personas(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<Personas> {
    let mut personas = match Personas::built_in() {
        Ok(personas) => personas,
        Err(error) => {
            mistakes.extend(
                draft
                    .files
                    .first()
                    .map(|file| Diagnostic::file(&file.source.path, error.to_string())),
            );
            return None;
        }
    };
    for placed in &draft.personas {
        let folder = draft.folder(placed);
        for pattern in &placed.value.0 {
            let added = super::glob::expand(folder, pattern)
                .map_err(|error| format!("can't look for `{pattern}`: {error}"))
                .and_then(|paths| {
                    paths.iter().try_for_each(|path| {
                        personas.add_file(path).map_err(|error| error.to_string())
                    })
                });
            if let Err(message) = added {
                mistakes.push(draft.mistake(placed, &[], message));
            }
        }
    }
    Some(personas)
}

fn phonebook(draft: &mut Draft<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<Phonebook> {
    let folders: Vec<_> =
        draft.phonebook.iter().map(|entry| draft.folder(entry).to_owned()).collect();
    for (entry, folder) in draft.phonebook.iter_mut().zip(folders) {
        let listing = &mut entry.value.1;
        let files = listing.ssh.iter_mut().flat_map(|ssh| ssh.files_mut());
        files.for_each(|path| *path = crate::place::absolute(&folder.join(&*path)));
    }
    let draft = &*draft;
    let mut entries: Vec<_> = draft.phonebook.iter().collect();
    let before = mistakes.len();
    loop {
        let error =
            match Phonebook::new(entries.iter().map(|placed| placed.value.clone()).collect()) {
                Ok(book) => return (mistakes.len() == before).then_some(book),
                Err(error) => error,
            };
        let (key, part) = place_of(&error);
        // Of two equal keys the later one is the mistake. The others are looked at without it.
        let n = entries.iter().rposition(|placed| placed.value.0 == key)?;
        let mut wrong = entries.remove(n).clone();
        if part == Part::Key {
            wrong.steps = vec!["phonebook".into(), Step::Name(key.to_owned())];
        }
        mistakes.push(draft.mistake(&wrong, &[], error.to_string()));
    }
}

/// Which half of a phonebook's entry is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Call,
}

/// Where a mistake in the phonebook stands.
fn place_of(error: &EntryError) -> (&str, Part) {
    match error {
        EntryError::Pattern { key, .. } | EntryError::Twice { key } => (key, Part::Key),
        EntryError::Nobody { key } | EntryError::Call { key, .. } => (key, Part::Call),
    }
}
