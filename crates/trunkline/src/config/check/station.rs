//! A station, its buses and its devices: whether they go together.

use settings::SecretRef;
use station::Plan;

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::config::source::Step;

/// Characters of the password by which a station lets a caller in.
const SHORTEST: usize = 8;

/// Checks the station that a file describes.
pub(super) fn check(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    // A pattern of the phonebook may stand for it as well; that shows when it is called.
    let known = |target: &str| {
        draft
            .phonebook
            .iter()
            .any(|entry| entry.value.0 == target || entry.value.0.contains(['(', '[', '\\', '^']))
    };
    check_with(draft, &known, mistakes);
    if let Some(station) = &draft.station
        && let Some(login) = &station.value.login
        && let Err(error) = login.password.resolve(draft.folder(station))
    {
        let message = crate::failure::chain(&error);
        mistakes.push(draft.mistake(station, &["login".into(), "password".into()], message));
    }
    if let Some(station) = &draft.station
        && let Some(answer) = &station.value.answer
    {
        let message = match answer.password.resolve(draft.folder(station)) {
            Err(error) => crate::failure::chain(&error),
            Ok(password) if password.len() < SHORTEST => format!(
                "whoever rings may try this password: it needs {SHORTEST} characters or more"
            ),
            Ok(_) => return,
        };
        mistakes.push(draft.mistake(station, &["answer".into(), "password".into()], message));
    }
}

/// Checks a station whose phonebook and secrets are elsewhere.
pub(in crate::config) fn check_with(
    draft: &Draft<'_>,
    known: &dyn Fn(&str) -> bool,
    mistakes: &mut Vec<Diagnostic>,
) {
    let mut names: Vec<&Placed<gateway::BusConfig>> = Vec::new();
    for placed in &draft.buses {
        if let Err((key, error)) = placed.value.check() {
            mistakes.push(draft.mistake(placed, &[key.into()], error.to_string()));
        }
        if let Some(earlier) = names.iter().find(|known| known.value.name == placed.value.name) {
            let message = format!("there are two buses named `{}`", placed.value.name);
            let mistake = draft.mistake(placed, &["name".into()], message);
            mistakes.push(draft.also("the other one", earlier, &["name".into()], mistake));
        }
        names.push(placed);
    }
    let Some(station) = &draft.station else {
        // One that could not be read has its own mistake.
        if !mistakes.is_empty() {
            return;
        }
        let alone =
            draft.buses.iter().map(Placed::place).chain(draft.devices.iter().map(Placed::place));
        mistakes.extend(alone.take(1).map(|placed| {
            draft.mistake(
                &placed,
                &[],
                "buses and devices belong to a [station], and there is none",
            )
        }));
        return;
    };
    for target in &station.value.call.0 {
        if !known(target)
            && let Err(error) = target.parse::<carrier::Address>()
        {
            let message =
                format!("`{target}` is no number of the phonebook, and no address: {error}");
            mistakes.push(draft.mistake(station, &["call".into()], message));
        }
    }
    for mistake in plan(draft, station).mistakes() {
        let (key, point) = mistake.at;
        let mut steps: Vec<Step> = vec![key.into()];
        if let Some((n, part)) = point {
            steps.extend([n.into(), part.into()]);
        }
        let words = mistake.error.to_string();
        match mistake.device.and_then(|n| draft.devices.get(n)) {
            Some(device) => mistakes.push(draft.mistake(device, &steps, words)),
            None => mistakes.push(draft.mistake(station, &steps, words)),
        }
    }
}

fn plan(draft: &Draft<'_>, station: &Placed<station::StationConfig>) -> Plan {
    Plan {
        folder: crate::place::absolute(draft.folder(station)),
        station: station.value.clone(),
        buses: draft.buses.iter().map(|bus| bus.value.clone()).collect(),
        devices: draft.devices.iter().map(|device| device.value.clone()).collect(),
    }
}

/// The station, with its files seen from theirs.
pub(in crate::config) fn take(draft: &mut Draft<'_>) -> Option<Plan> {
    let station = draft.station.take()?;
    let mut plan = plan(draft, &station);
    let folder = draft.folder(&station).to_owned();
    plan.station.store = crate::place::absolute(&folder.join(&plan.station.store));
    let login = plan.station.login.as_mut().map(|login| &mut login.password);
    let answer = plan.station.answer.as_mut().map(|answer| &mut answer.password);
    for password in login.into_iter().chain(answer) {
        if let SecretRef::File(path) = password {
            *path = crate::place::absolute(&folder.join(&*path));
        }
    }
    for (bus, placed) in plan.buses.iter_mut().zip(&draft.buses) {
        if let Some(serial) = &mut bus.serial {
            serial.device = crate::place::absolute(&draft.folder(placed).join(&serial.device));
        }
    }
    Some(plan)
}
