//! Cells: the numbers that commands and registers set.

use std::fmt::Write;

/// Which cell: a register's number, or a hash of a command's name and the place among its values.
///
/// A test makes sure that no two cells of the table share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u32);

impl Key {
    /// The key of register `number`, whether the table knows it or not.
    pub(crate) const fn register(number: u16) -> Self {
        Self(number as u32)
    }

    /// The register that this is the key of.
    pub(crate) const fn as_register(self) -> Option<u16> {
        if self.0 <= u16::MAX as u32 { Some(self.0 as u16) } else { None }
    }

    /// The key of value `place` of the command `name`; `S7` is register 7.
    #[allow(clippy::indexing_slicing)] // evaluated by the compiler, which checks the bounds
    const fn named(name: &str, place: u8) -> Self {
        let bytes = name.as_bytes();
        if bytes[0] == b'S' && bytes.len() > 1 {
            let mut number = 0;
            let mut at = 1;
            while at < bytes.len() {
                number = number * 10 + (bytes[at] - b'0') as u16;
                at += 1;
            }
            return Self::register(number);
        }
        // FNV-1a
        let mut hash: u32 = 0x811c_9dc5;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        hash = (hash ^ place as u32).wrapping_mul(0x0100_0193);
        Self(hash | 0x8000_0000)
    }
}

/// One number that can be set, with its bounds and its default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Its name in the settings.
    pub(crate) key: Key,
    /// What it may hold.
    pub(crate) allowed: Allowed,
    /// What it holds unless the persona or the user says otherwise.
    pub(crate) default: u32,
}

/// What a cell may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allowed {
    /// From the first to the last, both included.
    Span(u32, u32),
    /// One of these.
    List(&'static [u32]),
    /// One of these words, kept as its place in the list, or a number, kept above [`NUMERIC`]:
    /// modulations have names in V.250 and numbers in Rockwell's sets.
    Words(&'static [&'static str]),
}

/// What is added to a number given where a word is usual.
const NUMERIC: u32 = 0x1_0000;

impl Cell {
    /// The first value of the command `name`, or the register of that name.
    pub(crate) const fn of(name: &str, allowed: Allowed, default: u32) -> Self {
        Self::field(name, 0, allowed, default)
    }

    /// Value `place` of the command `name`.
    pub(crate) const fn field(name: &str, place: u8, allowed: Allowed, default: u32) -> Self {
        Self { key: Key::named(name, place), allowed, default }
    }

    /// A register that the table does not name.
    pub(crate) const fn free_register(number: u16, last: u32) -> Self {
        Self { key: Key::register(number), allowed: Allowed::Span(0, last), default: 0 }
    }

    /// The number to keep for a number given by the user; `None` if it is out of range.
    pub(crate) fn accept(&self, number: u32) -> Option<u32> {
        match self.allowed {
            Allowed::Span(first, last) => (first..=last).contains(&number).then_some(number),
            Allowed::List(list) => list.contains(&number).then_some(number),
            Allowed::Words(_) => (number < NUMERIC).then_some(NUMERIC + number),
        }
    }

    /// The number to keep for a word given by the user; `None` if it is not one of the words.
    pub(crate) fn accept_word(&self, word: &str) -> Option<u32> {
        let Allowed::Words(words) = self.allowed else { return None };
        words
            .iter()
            .position(|known| known.eq_ignore_ascii_case(word))
            .and_then(|place| u32::try_from(place).ok())
    }

    /// Appends what the cell holds as the user would write it.
    pub(crate) fn show(&self, held: u32, to: &mut String) {
        let word = match self.allowed {
            Allowed::Words(words) => usize::try_from(held).ok().and_then(|place| words.get(place)),
            _ => None,
        };
        // Writing to a string can't fail.
        let _ = match word {
            Some(word) => write!(to, "{word}"),
            None if matches!(self.allowed, Allowed::Words(_)) => {
                write!(to, "{}", held.saturating_sub(NUMERIC))
            }
            None => write!(to, "{held}"),
        };
    }

    /// The range in the form of an answer to `=?`, without brackets.
    pub(crate) fn range(&self) -> String {
        match self.allowed {
            Allowed::Span(first, last) if first == last => first.to_string(),
            Allowed::Span(first, last) => format!("{first}-{last}"),
            Allowed::List(list) => list.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
            Allowed::Words(words) => words.join(","),
        }
    }
}
