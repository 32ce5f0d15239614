//! Lines: names, ends, personas, hunting.

use carrier::Address;
use line::config::SecondCaller;
use line::{Access, LineConfig, Personas, Phonebook};

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::config::source::Step;

/// Longest name of a line: it is the stem of a file and a column of a table.
pub(super) const NAME: usize = 64;

pub(super) fn check(
    draft: &Draft<'_>,
    personas: Option<&Personas>,
    phonebook: Option<&Phonebook>,
    mistakes: &mut Vec<Diagnostic>,
) {
    for (n, line) in draft.lines.iter().enumerate() {
        mistakes.extend(name(draft, line, &draft.lines[..n]));
        mistakes.extend(end(draft, line, &draft.lines[..n]));
        mistakes.extend(personas.and_then(|personas| persona(draft, line, personas)));
        mistakes.extend(phonebook.and_then(|book| default_call(draft, line, book)));
    }
}

pub(super) fn check_hunting(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    mistakes.extend(draft.lines.iter().filter_map(|line| hunt(draft, line)));
}

/// The lines, with their paths seen from their file, and the rules that hold for all where they have none.
pub(super) fn take(draft: &mut Draft<'_>) -> Vec<LineConfig> {
    let access = draft.access.take().map(|access| access.value).unwrap_or_default();
    let folders: Vec<_> = draft.lines.iter().map(|line| draft.folder(line).to_owned()).collect();
    let lines = std::mem::take(&mut draft.lines).into_iter().zip(folders);
    lines
        .map(|(line, folder)| {
            let mut line = line.value;
            let seen = |path: &mut std::path::PathBuf| {
                *path = crate::place::absolute(&folder.join(&*path))
            };
            line.serial.iter_mut().for_each(|serial| seen(&mut serial.device));
            line.pty.iter_mut().for_each(|pty| seen(&mut pty.link));
            line.unix.iter_mut().for_each(seen);
            line.trace.iter_mut().for_each(seen);
            line.tls.iter_mut().flat_map(line::TlsSettings::files_mut).for_each(seen);
            line.ssh.iter_mut().flat_map(|ssh| ssh.files_mut()).for_each(seen);
            #[cfg(feature = "gsm")]
            line.gsm.iter_mut().flat_map(|module| module.files_mut()).for_each(seen);
            for (own, common) in
                [(&mut line.dial_access, &access.dial), (&mut line.answer_access, &access.answer)]
            {
                if *own == Access::default() {
                    own.clone_from(common);
                }
            }
            line
        })
        .collect()
}

/// Whether this may be part of a path and a column of a table.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=NAME).contains(&name.len()) && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

fn name(
    draft: &Draft<'_>,
    line: &Placed<LineConfig>,
    before: &[Placed<LineConfig>],
) -> Option<Diagnostic> {
    let name = &line.value.name;
    let at = ["name".into()];
    if !is_name(name) {
        let message = format!("`{name}` is no name for a line");
        let expected = format!(
            "expected up to {NAME} letters, digits, `.`, `_` and `-`, a letter or digit first"
        );
        return Some(draft.mistake(line, &at, message).note(expected));
    }
    let twin = before.iter().find(|other| other.value.name == *name)?;
    let mistake = draft.mistake(line, &at, format!("there are two lines `{name}`"));
    Some(draft.also("the first one is at", twin, &at, mistake))
}

fn end(
    draft: &Draft<'_>,
    line: &Placed<LineConfig>,
    before: &[Placed<LineConfig>],
) -> Option<Diagnostic> {
    let LineConfig { serial, pty, tcp, unix, stdio, .. } = &line.value;
    let ends = [
        ("serial", serial.is_some()),
        ("pty", pty.is_some()),
        ("tcp", tcp.is_some()),
        ("unix", unix.is_some()),
        ("stdio", *stdio),
    ];
    let given: Vec<&str> = ends.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
    match given[..] {
        [] => {
            let message =
                format!("line `{}` has no place where its equipment plugs in", line.value.name);
            Some(
                draft
                    .mistake(line, &[], message)
                    .note("expected one of `serial`, `pty`, `tcp`, `unix`, `stdio`"),
            )
        }
        ["stdio"] => {
            let twin = before.iter().find(|other| other.value.stdio)?;
            let mistake = draft.mistake(
                line,
                &["stdio".into()],
                "two lines can't share standard input and output",
            );
            Some(draft.also("the first one is at", twin, &["stdio".into()], mistake))
        }
        [_] => None,
        [first, second, ..] => {
            let message = format!(
                "line `{}` has both `{first}` and `{second}`; equipment plugs in at one place",
                line.value.name
            );
            Some(draft.mistake(line, &[second.into()], message))
        }
    }
}

fn persona(
    draft: &Draft<'_>,
    line: &Placed<LineConfig>,
    personas: &Personas,
) -> Option<Diagnostic> {
    let name = &line.value.persona;
    if let Some(persona) = personas.get(name) {
        return match line::persona_of(&line.value, persona) {
            Err(error) => Some(draft.mistake(line, &["init".into()], error.to_string())),
            #[cfg(feature = "gsm")]
            Ok(persona) => status(draft, line, &persona),
            #[cfg(not(feature = "gsm"))]
            Ok(_) => None,
        };
    }
    let near = crate::cli::nearest(name, personas.names());
    let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    let known: Vec<&str> = personas.names().collect();
    let mistake =
        draft.mistake(line, &["persona".into()], format!("there is no persona `{name}`{hint}"));
    Some(mistake.note(format!("expected one of `{}`", known.join("`, `"))))
}

/// Who answers for signal and network, if that is to be a module.
#[cfg(feature = "gsm")]
fn status(
    draft: &Draft<'_>,
    line: &Placed<LineConfig>,
    persona: &modem::Persona,
) -> Option<Diagnostic> {
    let own = line.value.gsm.as_ref().and_then(|module| module.asks_module());
    if line.value.carrier.is_some() || !own.unwrap_or(persona.asks_module()) {
        return None;
    }
    let message = "its signal and network are asked of a module, and there is none";
    let mistake = draft.mistake(line, &["gsm".into(), "status".into()], message);
    Some(mistake.note("expected carrier = \"gsm:NAME\" beside status = \"module\""))
}

fn default_call(
    draft: &Draft<'_>,
    line: &Placed<LineConfig>,
    book: &Phonebook,
) -> Option<Diagnostic> {
    let call = line.value.default_call.as_deref()?;
    if book.find(&[call]).is_some() {
        return None;
    }
    let error = call.parse::<Address>().err()?;
    let message = format!("`{call}` is neither in the phonebook nor an address: {error}");
    Some(draft.mistake(line, &["default-call".into()], message))
}

fn hunt(draft: &Draft<'_>, line: &Placed<LineConfig>) -> Option<Diagnostic> {
    let hunt = &line.value.hunt;
    if hunt.is_empty() && line.value.second_caller == SecondCaller::Hunt {
        let message = "hunting needs lines to try";
        let mistake = draft.mistake(line, &["second-caller".into()], message);
        return Some(mistake.note("expected a key such as hunt = [\"line-2\", \"line-3\"]"));
    }
    let stranger = |name: &&String| !draft.lines.iter().any(|other| other.value.name == **name);
    let (n, name) = hunt.iter().enumerate().find(|(_, name)| stranger(name))?;
    Some(draft.mistake(
        line,
        &["hunt".into(), Step::Element(n)],
        format!("there is no line `{name}`"),
    ))
}
