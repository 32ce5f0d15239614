//! The operators' page: where it is, and who may log in.

use std::path::Path;

use settings::SecretRef;
use web::{Staff, StaffError};

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::instance::Page;

pub(super) fn check(draft: &mut Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    seen_from_their_files(draft);
    let Some(web) = &draft.web else {
        if let Some(operator) = draft.operators.first() {
            let message = "there are operators, but no page for them to log in to";
            mistakes.push(draft.mistake(operator, &[], message).note("expected a table [web]"));
        }
        return;
    };
    for fault in web.value.faults(draft.operators.len()) {
        mistakes.push(draft.mistake(web, &[fault.key().into()], fault.to_string()));
    }
    if let Some(Err(error)) = web.value.tls.as_ref().map(crate::instance::page_tls) {
        mistakes.push(draft.mistake(web, &["tls".into()], crate::failure::chain(&error)));
    }
    // One by one, so that one mistake hides no other.
    for (n, operator) in draft.operators.iter().enumerate() {
        let alone = [operator.value.clone()];
        if let Err(error) = Staff::new(&alone, &[], Path::new("/")) {
            mistakes.push(draft.mistake(
                operator,
                &[key(&error, "password").into()],
                words(&error),
            ));
        }
        let twin = |other: &&Placed<web::OperatorConfig>| other.value.name == operator.value.name;
        if let Some(twin) = draft.operators.iter().take(n).find(twin) {
            let message = format!("there are two operators `{}`", operator.value.name);
            let mistake = draft.mistake(operator, &["name".into()], message);
            mistakes.push(draft.also("the first one is at", twin, &["name".into()], mistake));
        }
    }
    if let Err(error) = Staff::new(&[], &web.value.token, Path::new("/")) {
        let part = ["token".into(), error.number.into(), key(&error, "secret").into()];
        mistakes.push(draft.mistake(web, &part, words(&error)));
    }
}

/// What the page needs, if there is one.
pub(super) fn take(draft: &mut Draft<'_>) -> Option<Page> {
    let operators = std::mem::take(&mut draft.operators).into_iter().map(|placed| placed.value);
    let config = draft.web.take()?.value;
    Some(Page { config, operators: operators.collect() })
}

/// Paths are those that their own file means.
fn seen_from_their_files(draft: &mut Draft<'_>) {
    let seen = |folder: &Path, secret: &mut SecretRef| {
        if let SecretRef::File(path) = secret {
            *path = crate::place::absolute(&folder.join(&*path));
        }
    };
    let folders: Vec<_> =
        draft.operators.iter().map(|operator| draft.folder(operator).to_owned()).collect();
    for (operator, folder) in draft.operators.iter_mut().zip(folders) {
        seen(&folder, &mut operator.value.password);
    }
    let folder = draft.web.as_ref().map(|web| draft.folder(web).to_owned());
    if let (Some(web), Some(folder)) = (&mut draft.web, folder) {
        web.value.token.iter_mut().for_each(|token| seen(&folder, &mut token.secret));
        if let Some(tls) = &mut web.value.tls {
            for path in [&mut tls.certificate, &mut tls.key] {
                *path = crate::place::absolute(&folder.join(&*path));
            }
        }
    }
}

fn key(error: &StaffError, secret: &'static str) -> &'static str {
    if error.fault.is_of_secret() { secret } else { "name" }
}

fn words(error: &StaffError) -> String {
    crate::failure::chain(error)
}
