//! The card's telephone numbers: `+CPBS`, `+CPBR`, `+CPBF`, `+CPBW`.

use at::body::{ExtendedAct, Value};
use sms::{DIGITS, Number};

use super::book::{Entry, NAME};
use super::error::{self, Refusal};
use super::{Done, Part, Reply, Turn};

/// Which numbers the commands are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shelf {
    /// Those that the equipment writes.
    #[default]
    Card,
    /// The line's own.
    Own,
}

const SHELVES: [(&str, Shelf); 2] = [("SM", Shelf::Card), ("ON", Shelf::Own)];

impl Shelf {
    /// The one of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let mut known = SHELVES.iter();
        known.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, shelf)| *shelf)
    }

    fn name(self) -> &'static str {
        SHELVES.iter().find(|(_, shelf)| *shelf == self).map_or("", |(name, _)| name)
    }
}

/// `+CPBS`
pub(super) fn shelf(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            part.sim.ready()?;
            let used = part.entries(part.shelf, turn).len();
            let (name, room) = (part.shelf.name(), part.room(part.shelf));
            Ok(Done::Lines(vec![format!("+CPBS: \"{name}\",{used},{room}")]))
        }
        ExtendedAct::Test => {
            let names: Vec<String> =
                SHELVES.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            Ok(Done::Lines(vec![format!("+CPBS: ({})", names.join(","))]))
        }
        ExtendedAct::Set(values) => {
            part.sim.ready()?;
            let value = values.single();
            let name = value.as_ref().and_then(Value::text).ok_or(Refusal::Syntax)?;
            part.shelf = Shelf::of(name).ok_or(error::NOT_SUPPORTED)?;
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CPBR`
pub(super) fn read(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Test => {
            part.sim.ready()?;
            Ok(Done::Lines(vec![format!("+CPBR: (1-{}),{DIGITS},{NAME}", part.room(part.shelf))]))
        }
        ExtendedAct::Set(values) => {
            part.sim.ready()?;
            let values: Vec<Value<'_>> = values.iter().collect();
            let (first, last) = match values.as_slice() {
                [Value::Number(only)] => (*only, *only),
                [Value::Number(first), Value::Number(last)] => (*first, *last),
                _ => return Err(Refusal::Syntax),
            };
            let there = 1..=u32::from(part.room(part.shelf));
            if !there.contains(&first) || !there.contains(&last) || first > last {
                return Err(error::BAD_PLACE);
            }
            let wanted = |place: u16| (first..=last).contains(&u32::from(place));
            Ok(part.shown("+CPBR", turn, |place, _| wanted(place)))
        }
        ExtendedAct::Read | ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CPBF`: the names that begin so.
pub(super) fn find(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Test => {
            part.sim.ready()?;
            Ok(Done::Lines(vec![format!("+CPBF: {DIGITS},{NAME}")]))
        }
        ExtendedAct::Set(values) => {
            part.sim.ready()?;
            if values.single().is_none() {
                return Err(Refusal::Syntax);
            }
            let wanted = part.spelled(values.raw(), 0).ok_or(error::BAD_NAME)?.to_lowercase();
            let begins = |_, entry: &Entry| entry.name.to_lowercase().starts_with(&wanted);
            match part.shown("+CPBF", turn, begins) {
                Done::Bytes(lines) if lines.is_empty() => Err(error::NOT_FOUND),
                shown => Ok(shown),
            }
        }
        ExtendedAct::Read | ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CPBW`: with a place alone it is emptied; without one the first that is free is taken.
pub(super) fn write(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Test => {
            part.sim.ready()?;
            let range = format!("+CPBW: (1-{}),{DIGITS},(129,145),{NAME}", part.room(part.shelf));
            Ok(Done::Lines(vec![range]))
        }
        ExtendedAct::Set(values) => {
            part.sim.ready()?;
            if part.shelf == Shelf::Own {
                return Err(error::NOT_ALLOWED);
            }
            let raw = values.raw();
            let values: Vec<Value<'_>> = values.iter().collect();
            let place = match values.first() {
                Some(Value::Number(place)) => {
                    Some(part.book.place(*place).ok_or(error::BAD_PLACE)?)
                }
                Some(Value::Omitted) => None,
                _ => return Err(Refusal::Syntax),
            };
            if let ([_], Some(place)) = (values.as_slice(), place) {
                part.put_entry(place, None, turn);
                return Ok(Done::Ok);
            }
            let entry = part.entry(&values, raw)?;
            let place = place.or_else(|| part.book.free()).ok_or(error::MEMORY_FULL)?;
            part.put_entry(place, Some(entry), turn);
            Ok(Done::Ok)
        }
        ExtendedAct::Read | ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

impl Part {
    pub(super) fn room(&self, shelf: Shelf) -> u16 {
        match shelf {
            Shelf::Card => self.book.room(),
            Shelf::Own => 1,
        }
    }

    pub(super) fn entries(&self, shelf: Shelf, turn: &Turn<'_, '_>) -> Vec<(u16, Entry)> {
        match shelf {
            Shelf::Card => self.book.all().map(|(place, entry)| (place, entry.clone())).collect(),
            Shelf::Own => {
                let own = turn.facts().number.iter().cloned();
                own.map(|number| (1, Entry { number, name: String::new() })).collect()
            }
        }
    }

    fn shown(&self, name: &str, turn: &Turn<'_, '_>, wanted: impl Fn(u16, &Entry) -> bool) -> Done {
        let entries = self.entries(self.shelf, turn).into_iter();
        let found = entries.filter(|(place, entry)| wanted(*place, entry));
        let line = |(place, entry): (u16, Entry)| {
            let Entry { number, name: text } = entry;
            let mut line =
                format!("{name}: {place},\"{number}\",{},\"", number.kind()).into_bytes();
            line.extend(self.charset.write(&text));
            line.push(b'"');
            line
        };
        Done::Bytes(found.map(line).collect())
    }

    /// A text as the equipment typed it, in its character set.
    fn spelled(&self, raw: &[u8], place: usize) -> Option<String> {
        let mut quoted = false;
        let mut pieces = raw.split(|byte| {
            quoted ^= *byte == b'"';
            *byte == b',' && !quoted
        });
        let piece = pieces.nth(place)?.trim_ascii();
        let inside = piece.strip_prefix(b"\"").and_then(|piece| piece.strip_suffix(b"\""));
        self.charset.read(inside.unwrap_or(piece))
    }

    fn entry(&self, values: &[Value<'_>], raw: &[u8]) -> Result<Entry, Refusal> {
        if values.len() > 4 {
            return Err(Refusal::Syntax);
        }
        let number = match values.get(1) {
            Some(Value::Text(text) | Value::Word(text)) => text.clone().into_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Omitted) | None => return Err(Refusal::Syntax),
        };
        let number = match values.get(2) {
            None | Some(Value::Omitted | Value::Number(129)) => number,
            Some(Value::Number(145)) => format!("+{}", number.trim_start_matches('+')),
            Some(Value::Number(_)) => return Err(error::NOT_ALLOWED),
            Some(_) => return Err(Refusal::Syntax),
        };
        if number.trim_start_matches('+').len() > DIGITS {
            return Err(error::LONG_NUMBER);
        }
        let number = Number::parse(&number).ok_or(error::BAD_NUMBER)?;
        let name = match values.get(3) {
            None | Some(Value::Omitted) => String::new(),
            Some(_) => self.spelled(raw, 3).ok_or(error::BAD_NAME)?.trim().to_owned(),
        };
        if name.chars().count() > NAME {
            return Err(error::LONG_NAME);
        }
        if name.contains(|c: char| c.is_control() || c == '"') {
            return Err(error::BAD_NAME);
        }
        Ok(Entry { number, name })
    }

    fn put_entry(&mut self, place: u16, entry: Option<Entry>, turn: &mut Turn<'_, '_>) {
        let text = entry.as_ref().map(Entry::to_text).unwrap_or_default();
        self.book.put(place, entry);
        let kept = turn.core.stored.set_entry(place, &text);
        turn.store(kept, error::MEMORY_FAILURE);
    }
}
