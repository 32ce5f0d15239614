//! The certificates that lines trust and show when they dial.

use std::path::{Path, PathBuf};

use carrier::TlsDoor;
use line::TlsSettings;

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};

/// Makes the paths of the phonebook those that its own file means, and reads all certificates: what can't
/// be read would fail each call.
pub(super) fn check(draft: &mut Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    let mut entries = std::mem::take(&mut draft.phonebook);
    for entry in &mut entries {
        let folder = draft.folder(entry).to_owned();
        if let Some(tls) = &mut entry.value.1.tls {
            seen_from(tls, &folder);
        }
    }
    draft.phonebook = entries;
    let found = draft.phonebook.iter().filter_map(|entry| {
        let trouble = trouble(entry.value.1.tls.as_ref()?)?;
        Some(draft.mistake(entry, &["tls".into()], trouble))
    });
    mistakes.extend(found.collect::<Vec<_>>());
    let found = draft.lines.iter().filter_map(|line| in_line(draft, line));
    mistakes.extend(found.collect::<Vec<_>>());
}

fn in_line(draft: &Draft<'_>, line: &Placed<line::LineConfig>) -> Option<Diagnostic> {
    let mut tls = line.value.tls.clone()?;
    seen_from(&mut tls, draft.folder(line));
    Some(draft.mistake(line, &["tls".into()], trouble(&tls)?))
}

fn seen_from(tls: &mut TlsSettings, folder: &Path) {
    let seen = |path: &mut PathBuf| *path = crate::place::absolute(&folder.join(&*path));
    tls.files_mut().for_each(seen);
}

fn trouble(tls: &TlsSettings) -> Option<String> {
    TlsDoor::check_client(&tls.client()).err().map(|error| error.to_string())
}
