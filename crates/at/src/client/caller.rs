//! Who calls, as modems tell it between the rings.

use crate::limits::CALLER_MAX;

/// What is known of a caller. Texts are printable ASCII of a bounded length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerId {
    /// Its number; empty when none was told, `P` when it is withheld, `O` when it isn't known.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Which of our numbers was called.
    pub called: String,
    /// Month and day, `MMDD`.
    pub date: String,
    /// Hour and minute, `HHMM`.
    pub time: String,
    /// What stood behind `RING`, or the cadence that `DRON=` and `DROF=` told.
    pub ring: String,
}

/// One fact of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Number(String),
    Name(String),
    Called(String),
    Date(String),
    Time(String),
    Cadence(String),
    /// Number and name in one line, as mobile modules have it.
    Line {
        number: String,
        name: String,
    },
}

/// What begins a line, and what follows it: the forms of Rockwell and its kin, of ZyXEL, ELSA and ISDN
/// boxes, as mgetty knows them.
type Form = (&'static str, fn(String) -> Item);

const FORMS: [Form; 13] = [
    ("NMBR", Item::Number),
    ("CALLER NUMBER", Item::Number),
    ("CALLER NAME", Item::Name),
    ("CID", Item::Number),
    ("FM", Item::Number),
    ("NAME", Item::Name),
    ("DDN_NMBR", Item::Called),
    ("TO", Item::Called),
    ("CALLED NUMBER", Item::Called),
    ("DATE", Item::Date),
    ("TIME", Item::Time),
    ("DRON", |value| Item::Cadence(format!("on {value}"))),
    ("DROF", |value| Item::Cadence(format!("off {value}"))),
];

/// Reads a line that tells something of the caller.
pub(super) fn item(line: &str) -> Option<Item> {
    if let Some(number) = line.strip_prefix("RING;") {
        return Some(Item::Number(clean(number)));
    }
    if let Some(clip) = line.strip_prefix("+CLIP:") {
        return Some(calling_line(clip));
    }
    FORMS.iter().find_map(|(word, item)| {
        let rest = line.strip_prefix(word)?.trim_start();
        let value = rest.strip_prefix(['=', ':'])?;
        Some(item(clean(value)))
    })
}

/// `"+495551234",145,"",0,"Pump house"`
fn calling_line(text: &str) -> Item {
    let mut quoted = text.split('"').skip(1).step_by(2);
    let number = clean(quoted.next().unwrap_or_default());
    // Between number and name stands a subaddress, as a rule empty.
    let name = clean(quoted.filter(|text| !text.is_empty()).last().unwrap_or_default());
    Item::Line { number, name }
}

/// Only printable ASCII, of a bounded length.
pub(super) fn clean(text: &str) -> String {
    let printable = text.trim().chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
    printable.take(CALLER_MAX).collect::<String>().trim().to_owned()
}

impl CallerId {
    pub(super) fn learn(&mut self, item: Item) {
        match item {
            Item::Number(number) => self.number = number,
            Item::Name(name) => self.name = name,
            Item::Called(called) => self.called = called,
            Item::Date(date) => self.date = date,
            Item::Time(time) => self.time = time,
            Item::Cadence(span) => {
                // A cadence is a few spans; a modem that keeps telling them repeats itself.
                if self.ring.len() + span.len() < CALLER_MAX {
                    self.ring = format!("{} {span}", self.ring).trim_start().to_owned();
                }
            }
            Item::Line { number, name } => {
                self.number = number;
                if !name.is_empty() {
                    self.name = name;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> CallerId {
        let mut caller = CallerId::default();
        for line in lines {
            caller.learn(item(line).unwrap_or_else(|| panic!("{line} tells nothing")));
        }
        caller
    }

    #[test]
    fn every_makers_form_tells_number_and_name() {
        let rockwell = told(&["DATE = 1122", "TIME=1311", "NMBR = 5551234", "NAME = PUMP HOUSE"]);
        assert_eq!((&*rockwell.number, &*rockwell.name), ("5551234", "PUMP HOUSE"));
        assert_eq!((&*rockwell.date, &*rockwell.time), ("1122", "1311"));
        for form in ["RING;5551234", "CALLER NUMBER: 5551234", "FM:5551234", "NMBR=5551234"] {
            assert_eq!(told(&[form]).number, "5551234", "{form}");
        }
        let clip = told(&["+CLIP: \"+495551234\",145,\"\",0,\"Pump house\",0"]);
        assert_eq!((&*clip.number, &*clip.name), ("+495551234", "Pump house"));
        assert_eq!(told(&["+CLIP: \"\",128"]).number, "");
        assert_eq!(told(&["DRON=11", "DROF=4", "DRON=11"]).ring, "on 11 off 4 on 11");
    }

    #[test]
    fn what_only_begins_like_a_form_tells_nothing() {
        for line in ["NAMELESS", "TOTAL: 5", "DATED = 1", "NUMBER 5", ""] {
            assert_eq!(item(line), None, "{line}");
        }
    }

    #[test]
    fn nothing_unprintable_and_nothing_endless_is_kept() {
        assert_eq!(told(&["NAME = a\u{1b}[2Jb\u{e9}"]).name, "a[2Jb");
        let long = format!("NMBR = {}", "5".repeat(1000));
        assert_eq!(told(&[&long]).number.len(), CALLER_MAX);
        let caller = told(&["DRON=99"; 1000]);
        assert!(caller.ring.len() <= CALLER_MAX, "{}", caller.ring.len());
    }
}
