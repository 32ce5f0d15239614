//! Real GSM modules: who calls through them, and what they need.

use carrier::Address;
#[cfg(feature = "translator")]
use translator::GsmConfig;

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::Draft;

pub(super) fn check(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = modules(draft).collect();
    let expected = match known.is_empty() {
        true => "expected a [[gsm]] module of this name".to_owned(),
        false => format!("expected one of `{}`", known.join("`, `")),
    };
    let is_known = |name: &str| known.contains(&name);
    for placed in &draft.phonebook {
        let unknown = |call: &&String| match call.parse() {
            Ok(Address::Gsm { name, .. }) => !is_known(&name),
            // What a pattern puts into it may be missing yet.
            _ => call.strip_prefix("gsm:").is_some_and(|rest| {
                let rest = rest.trim_start_matches('/');
                !rest.split('/').next().is_some_and(|name| name.contains('$') || is_known(name))
            }),
        };
        if let Some(call) = placed.value.1.call.iter().find(unknown) {
            let message = format!("`{call}` is called through a module that there is not");
            mistakes.push(draft.mistake(placed, &[], message).note(expected.clone()));
        }
    }
    #[cfg(feature = "translator")]
    mistakes.extend(draft.modules.iter().filter_map(|module| {
        let (key, message) = match module.value.wake.as_ref()?.whom() {
            Some(translator::Sleeper::Line(line, _)) => {
                let there = draft.lines.iter().any(|known| known.value.name == line);
                (!there).then(|| ("line", format!("there is no line `{line}`")))?
            }
            Some(translator::Sleeper::Station) => {
                let message =
                    "there is no [station] to wake; name a `line`, and whom to `call` for it";
                (!has_station(draft)).then(|| ("secret", message.to_owned()))?
            }
            None => (
                "secret",
                "`line` and `call` go together; without both the station is woken".to_owned(),
            ),
        };
        Some(draft.mistake(module, &["wake".into(), key.into()], message))
    }));
    #[cfg(feature = "translator")]
    for module in &draft.modules {
        let Some(listen) = &module.value.listen else { continue };
        if !draft.lines.iter().any(|line| line.value.name == listen.line) {
            let message = format!("there is no line `{}`", listen.line);
            mistakes.push(draft.mistake(module, &["listen".into(), "line".into()], message));
        }
        if module.value.session == translator::SessionConfig::PerCall {
            let message = "without a data session between calls nobody can call the module";
            let mistake = draft.mistake(module, &["listen".into()], message.to_owned());
            mistakes.push(mistake.note("`session = \"kept\"` goes with it".to_owned()));
        }
        if module.value.dialect.is_some_and(|dialect| dialect.listening.is_none()) {
            let message = "how modules of this dialect take calls isn't known";
            mistakes.push(draft.mistake(module, &["listen".into()], message.to_owned()));
        }
    }
    for line in &draft.lines {
        if let Some(via) = &line.value.carrier
            && !is_known(via.0.module())
        {
            let message = format!("there is no GSM module `{}`", via.0.module());
            let mistake = draft.mistake(line, &["carrier".into()], message);
            mistakes.push(mistake.note(expected.clone()));
        }
    }
}

#[cfg(feature = "translator")]
fn modules<'a>(draft: &'a Draft<'_>) -> impl Iterator<Item = &'a str> {
    draft.modules.iter().map(|module| module.value.name.as_str())
}

#[cfg(not(feature = "translator"))]
fn modules<'a>(_: &'a Draft<'_>) -> impl Iterator<Item = &'a str> {
    std::iter::empty()
}

/// The modules, with their paths seen from their file.
#[cfg(feature = "translator")]
pub(super) fn take(draft: &mut Draft<'_>) -> Vec<GsmConfig> {
    let folders: Vec<_> =
        draft.modules.iter().map(|module| draft.folder(module).to_owned()).collect();
    let modules = std::mem::take(&mut draft.modules).into_iter().zip(folders);
    modules
        .map(|(module, folder)| {
            module.value.seen_from(|path| crate::place::absolute(&folder.join(path)))
        })
        .collect()
}

#[cfg(all(any(feature = "translator", feature = "modems"), feature = "station"))]
pub(super) fn has_station(draft: &Draft<'_>) -> bool {
    draft.station.is_some()
}

#[cfg(all(any(feature = "translator", feature = "modems"), not(feature = "station")))]
pub(super) const fn has_station(_: &Draft<'_>) -> bool {
    false
}
