//! The card's list of networks that are preferred abroad: `+CPOL`, `+CPLS`.

use std::collections::BTreeMap;
use std::fmt::Write;

use at::body::{ExtendedAct, Value};

use super::error::{self, Refusal};
use super::facts::Facts;
use super::security::single_number;
use super::{Done, Part, Reply, Turn, network};

/// Places of the list: as many as the smallest cards have.
const PLACES: u32 = 8;
/// How a network is written as digits.
const DIGITS: u8 = 2;

/// The list, with each network's country and number as digits.
#[derive(Clone, Debug)]
pub(super) struct Preferred {
    networks: BTreeMap<u32, String>,
    /// How `+CPOL?` writes them.
    format: u8,
}

impl Default for Preferred {
    fn default() -> Self {
        Self { networks: BTreeMap::new(), format: DIGITS }
    }
}

impl Preferred {
    /// What is kept over a power cut: `1=20801 3=26202`.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for (place, network) in &self.networks {
            let gap = if text.is_empty() { "" } else { " " };
            // Writing to a string can't fail.
            let _ = write!(text, "{gap}{place}={network}");
        }
        text
    }

    /// Reads what [`to_text`](Self::to_text) wrote. What can't be read is left out.
    pub(super) fn from_text(text: &str) -> Self {
        let entry = |word: &str| {
            let (place, network) = word.split_once('=')?;
            let place = place.parse().ok().filter(|place| (1..=PLACES).contains(place))?;
            is_network(network).then(|| (place, network.to_owned()))
        };
        Self { networks: text.split(' ').filter_map(entry).collect(), format: DIGITS }
    }
}

fn is_network(text: &str) -> bool {
    (5..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `+CPOL`: a place alone empties it, and without a place the first that is free is taken.
pub(super) fn operators(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            part.sim.ready()?;
            let lines = part.preferred.networks.iter();
            Ok(Done::Bytes(
                lines.map(|(place, name)| part.preference(*place, name, turn)).collect(),
            ))
        }
        ExtendedAct::Test => {
            part.sim.ready()?;
            Ok(Done::Lines(vec![format!("+CPOL: (1-{PLACES}),(0-2)")]))
        }
        ExtendedAct::Set(values) => {
            part.sim.ready()?;
            write_down(part, &network::with_digits(values), turn)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

fn write_down(part: &mut Part, values: &[Value<'_>], turn: &mut Turn<'_, '_>) -> Reply {
    let place = match values.first() {
        Some(Value::Number(place)) if (1..=PLACES).contains(place) => Some(*place),
        Some(Value::Number(_)) => return Err(error::BAD_PLACE),
        Some(Value::Omitted) => None,
        _ => return Err(Refusal::Syntax),
    };
    let format = match values.get(1) {
        None | Some(Value::Omitted) => None,
        Some(Value::Number(format @ 0..=2)) => u8::try_from(*format).ok(),
        Some(Value::Number(_)) => return Err(error::NOT_ALLOWED),
        Some(_) => return Err(Refusal::Syntax),
    };
    match (place, format, values.get(2)) {
        (None, Some(format), None) => part.preferred.format = format,
        (Some(place), None, None) => {
            part.preferred.networks.remove(&place);
        }
        (place, Some(format), Some(name)) if values.len() == 3 => {
            let network = part.network_of(format, name, turn.facts()).ok_or(error::NOT_FOUND)?;
            let networks = &mut part.preferred.networks;
            let free = || (1..=PLACES).find(|place| !networks.contains_key(place));
            let place = place.or_else(free).ok_or(error::MEMORY_FULL)?;
            networks.insert(place, network);
        }
        _ => return Err(Refusal::Syntax),
    }
    turn.keep("preferred", &part.preferred.to_text());
    Ok(Done::Ok)
}

/// `+CPLS`: the card has one list.
pub(super) fn lists(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    part.sim.ready()?;
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec!["+CPLS: 0".to_owned()])),
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CPLS: (0)".to_owned()])),
        ExtendedAct::Set(values) if single_number(values)? == 0 => Ok(Done::Ok),
        ExtendedAct::Set(_) => Err(error::NOT_SUPPORTED),
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

impl Part {
    /// The digits of a network that is given in this format; a module knows few names.
    fn network_of(&self, format: u8, name: &Value<'_>, facts: &Facts) -> Option<String> {
        match (format, name) {
            (DIGITS, Value::Text(text) | Value::Word(text)) => Some(text.clone().into_owned()),
            _ => network::is_ours(name, self.charset, facts).then(|| facts.network.clone()),
        }
        .filter(|network| is_network(network))
    }

    fn preference(&self, place: u32, known: &str, turn: &Turn<'_, '_>) -> Vec<u8> {
        let facts = turn.facts();
        let format = if *known == facts.network { self.preferred.format } else { DIGITS };
        let line = format!("+CPOL: {place},{format},").into_bytes();
        let name = match format {
            DIGITS => format!("\"{known}\"").into_bytes(),
            format => network::name(format, self.charset, facts),
        };
        [line, name].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_kept_as_text() {
        let text = "1=20801 8=310410";
        assert_eq!(Preferred::from_text(text).to_text(), text);
        assert_eq!(Preferred::from_text("0=20801 9=20801 1=208 2=x 3").to_text(), "");
    }
}
