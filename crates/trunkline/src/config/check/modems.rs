//! Real modems and hunt groups: names, members, and who dials with them.

#[cfg(feature = "modems")]
use std::path::PathBuf;

use carrier::Address;
use line::HuntConfig;
#[cfg(feature = "modems")]
use rack::ModemConfig;

use super::lines::{NAME, is_name};
use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::config::source::Step;

pub(super) fn check(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    names(draft, mistakes);
    mistakes.extend(draft.hunts.iter().filter_map(|hunt| members(draft, hunt)));
    super::modules::check(draft, mistakes);
    #[cfg(feature = "modems")]
    mistakes.extend(draft.modems.iter().filter_map(|modem| {
        let message = match modem.value.on_ring {
            rack::OnRing::CallCentre | rack::OnRing::Station
                if !super::modules::has_station(draft) =>
            {
                "there is no [station] to serve or to call its centre; `on-ring = \"answer\"` needs none"
            }
            rack::OnRing::Station if !lets_in(draft) => {
                "the [station] lets nobody in: give it the password by which it knows its centre, answer = { password = \"file:PATH\" }"
            }
            _ => return None,
        };
        Some(draft.mistake(modem, &["on-ring".into()], message.to_owned()))
    }));
    mistakes.extend(draft.phonebook.iter().filter_map(|placed| {
        let call = placed.value.1.call.iter().find(|call| !is_known(draft, call))?;
        let message = format!("`{call}` is dialled by a modem or group that there is not");
        let known: Vec<&str> = modems(draft).chain(hunts(draft)).collect();
        let mistake = draft.mistake(placed, &[], message);
        Some(match known.is_empty() {
            true => mistake.note("expected a [[modem]] of this name"),
            false => mistake.note(format!("there are `{}`", known.join("`, `"))),
        })
    }));
}

/// Whether the station lets anybody in who calls it.
#[cfg(all(feature = "modems", feature = "station"))]
fn lets_in(draft: &Draft<'_>) -> bool {
    draft.station.as_ref().is_some_and(|station| station.value.answer.is_some())
}

#[cfg(all(feature = "modems", not(feature = "station")))]
const fn lets_in(_: &Draft<'_>) -> bool {
    false
}

/// Whether whoever is called needs no modem, or has one.
fn is_known(draft: &Draft<'_>, call: &str) -> bool {
    match call.parse() {
        Ok(Address::Modem { name, .. }) => {
            modems(draft).chain(hunts(draft)).any(|known| known == name)
        }
        _ => true,
    }
}

fn hunts<'a>(draft: &'a Draft<'_>) -> impl Iterator<Item = &'a str> {
    draft.hunts.iter().map(|hunt| hunt.value.name.as_str())
}

#[cfg(feature = "modems")]
fn modems<'a>(draft: &'a Draft<'_>) -> impl Iterator<Item = &'a str> {
    draft.modems.iter().map(|modem| modem.value.name.as_str())
}

#[cfg(not(feature = "modems"))]
fn modems<'a>(_: &'a Draft<'_>) -> impl Iterator<Item = &'a str> {
    std::iter::empty()
}

/// Lines, modems and groups have names of their own: one word says which is meant.
fn names(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    let place = |what: &'static str, name: &str, at: Placed<()>| (what, name.to_owned(), at);
    let mut taken: Vec<(&str, String, Placed<()>)> = Vec::new();
    for line in &draft.lines {
        taken.push(place("line", &line.value.name, line.place()));
    }
    let mut named = Vec::new();
    #[cfg(feature = "modems")]
    named.extend(draft.modems.iter().map(|m| place("modem", &m.value.name, m.place())));
    #[cfg(feature = "translator")]
    named.extend(draft.modules.iter().map(|m| place("GSM module", &m.value.name, m.place())));
    #[cfg(feature = "modbus")]
    named.extend(draft.gateways.iter().map(|g| place("gateway", &g.value.name, g.place())));
    named.extend(draft.hunts.iter().map(|h| place("hunt group", &h.value.name, h.place())));
    for (what, name, at) in named {
        let key = ["name".into()];
        if !is_name(&name) {
            let expected = format!(
                "expected up to {NAME} letters, digits, `.`, `_` and `-`, a letter or digit first"
            );
            let message = format!("`{name}` is no name for a {what}");
            mistakes.push(draft.mistake(&at, &key, message).note(expected));
        } else if let Some((other, _, twin)) = taken.iter().find(|(_, other, _)| *other == name) {
            let message = format!("`{name}` is the name of this {what} and of a {other}");
            let mistake = draft.mistake(&at, &key, message);
            mistakes.push(draft.also("the first one is at", twin, &key, mistake));
        }
        taken.push((what, name, at));
    }
}

fn members(draft: &Draft<'_>, hunt: &Placed<HuntConfig>) -> Option<Diagnostic> {
    let HuntConfig { members, listen, .. } = &hunt.value;
    let is_line = |name: &&String| draft.lines.iter().any(|line| line.value.name == **name);
    let is_modem = |name: &&String| modems(draft).any(|modem| modem == *name);
    if let Some((n, name)) =
        members.iter().enumerate().find(|(_, name)| !is_line(name) && !is_modem(name))
    {
        let message = format!("there is neither a line nor a modem `{name}`");
        return Some(draft.mistake(hunt, &["members".into(), Step::Element(n)], message));
    }
    if members.is_empty() {
        return Some(draft.mistake(hunt, &["members".into()], "a group needs members"));
    }
    if !listen.0.is_empty() && !members.iter().any(|name| is_line(&name)) {
        let message = "callers ring on lines, and no member of this group is one";
        return Some(draft.mistake(hunt, &["listen".into()], message));
    }
    None
}

/// The groups, with the rules that hold for all where they have none.
pub(super) fn take_hunts(draft: &mut Draft<'_>) -> Vec<HuntConfig> {
    let access = draft.access.as_ref().map(|access| access.value.answer.clone());
    let hunts = std::mem::take(&mut draft.hunts).into_iter().map(|hunt| hunt.value);
    hunts
        .map(|mut hunt| {
            if hunt.answer_access == line::Access::default() {
                hunt.answer_access = access.clone().unwrap_or_default();
            }
            hunt
        })
        .collect()
}

/// The modems, with their paths seen from their file. Without an exchange there is nobody to answer for.
#[cfg(feature = "modems")]
pub(super) fn take(draft: &mut Draft<'_>) -> Vec<ModemConfig> {
    let folders: Vec<_> = draft.modems.iter().map(|modem| draft.folder(modem).to_owned()).collect();
    let answers = draft.exchange.is_some();
    let modems = std::mem::take(&mut draft.modems).into_iter().zip(folders);
    modems
        .map(|(modem, folder)| {
            let mut modem = modem.value;
            let seen = |path: &mut PathBuf| *path = crate::place::absolute(&folder.join(&*path));
            seen(&mut modem.device);
            seen(&mut modem.lock_folder);
            modem.busy_file.iter_mut().for_each(seen);
            if !answers {
                modem.reserve = rack::Reserve::Outgoing;
            }
            modem
        })
        .collect()
}
