//! `ATI` and `AT&V`.

use crate::core::Core;
use crate::table::{
    AMPERSAND, Asked, BACKSLASH, BASIC, Command, Does, EXTENDED, Kept, OWN, REGISTERS, Told,
};
use crate::{help, report, sets};

/// A terminal is eighty columns wide.
const WIDTH: usize = 78;

/// `ATI`
pub(crate) fn identity(asked: &Asked<'_>) -> Told {
    let Asked { core, number, .. } = *asked;
    let identity = &core.persona().identity;
    if let Some(own) = identity.information.get(&number) {
        return match own.as_str() {
            "OK" => Told::Nothing,
            "ERROR" => Told::Refused,
            text => Told::Lines(text.lines().map(str::to_owned).collect()),
        };
    }
    if let Some(lines) = sets::information(core, number) {
        return Told::Lines(lines);
    }
    let line = |text: String| Told::Lines(vec![text]);
    match number {
        // A speed, as most modems have it, and none that a prober takes for a certain make.
        0 => line("28800".to_owned()),
        1 => line("000".to_owned()),
        2 => Told::Nothing,
        3 => line(format!("{} {}", identity.model, identity.revision)),
        4 => line(format!("{} {} {}", identity.maker, identity.model, identity.capabilities)),
        5 => line(identity.country.clone()),
        6 => Told::Lines(report::last_call(core)),
        7 => Told::Lines(active(core)),
        8 => Told::Lines(help::all(core)),
        9 => line(report::peer(asked)),
        _ => line(core.persona().name.clone()),
    }
}

/// `AT&V`
pub(crate) fn view(asked: &Asked<'_>) -> Told {
    let core = asked.core;
    let mut lines = vec!["ACTIVE PROFILE:".to_owned()];
    lines.extend(active(core));
    for (number, profile) in core.stored.profiles() {
        lines.push(format!("STORED PROFILE {number}:"));
        wrap(profile.split(' '), &mut lines);
    }
    lines.push(format!("PROFILE AT POWER-UP: {}", core.stored.power_up()));
    if core.stored.numbers().next().is_some() {
        lines.push("TELEPHONE NUMBERS:".to_owned());
        for (slot, number) in core.stored.numbers() {
            lines.push(format!("{slot:02}={}", crate::mask::secrets(number)));
        }
    }
    Told::Lines(lines)
}

/// All settings, one family after another.
fn active(core: &Core) -> Vec<String> {
    let mut lines = Vec::new();
    let of_sets = sets::settings(core.persona());
    let is_of_sets = |name: &str| of_sets.iter().any(|command| command.name == name);
    for family in [BASIC, AMPERSAND, BACKSLASH, REGISTERS, EXTENDED, OWN, of_sets] {
        let own = std::ptr::eq(family, of_sets);
        let known = family.iter().filter(|command| own || !is_of_sets(command.name));
        let items: Vec<String> = known.filter_map(|command| shown(command, core)).collect();
        wrap(items.iter().map(String::as_str), &mut lines);
    }
    lines
}

/// A command as it would be typed to have it as it is; `None` if it is nothing that is set.
fn shown(command: &Command, core: &Core) -> Option<String> {
    let sets = matches!(command.does, Does::Sets | Does::Means(..))
        && command.kept == Kept::Profile
        || matches!(command.does, Does::Means(..)) && command.name.starts_with(['&', '\\']);
    if !sets || !core.persona().has(command.name) {
        return None;
    }
    let mut text = String::new();
    if command.name.starts_with('S') && command.name.len() > 1 {
        text = format!("{}={:03}", command.name, core.settings.read(command));
    } else {
        core.settings.write(command, &mut text);
    }
    Some(text.trim_end_matches(';').to_owned())
}

/// Appends words to lines as many as fit.
fn wrap<'w>(words: impl Iterator<Item = &'w str>, lines: &mut Vec<String>) {
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
}
