//! The telephone numbers of a module's card: a few numbered places.

use sms::Number;
use std::collections::BTreeMap;

/// Characters of a name: cards have room for ten to forty.
pub(super) const NAME: usize = 20;

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: Number,
    pub(super) name: String,
}

/// The places of a card.
#[derive(Clone, Debug)]
pub(super) struct Book {
    room: u16,
    entries: BTreeMap<u16, Entry>,
}

impl Entry {
    /// As it is kept over a power cut.
    pub(super) fn to_text(&self) -> String {
        format!("{} {}", self.number, self.name).trim_end().to_owned()
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (number, name) = text.split_once(' ').unwrap_or((text, ""));
        let number = Number::parse(number)?;
        (name.chars().count() <= NAME).then(|| Self { number, name: name.to_owned() })
    }
}

impl Book {
    pub(super) fn with_room(room: u16) -> Self {
        Self { room, entries: BTreeMap::new() }
    }

    pub(super) fn room(&self) -> u16 {
        self.room
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.entries.len()
    }

    /// The number of a place that there is.
    pub(super) fn place(&self, number: u32) -> Option<u16> {
        u16::try_from(number).ok().filter(|place| (1..=self.room).contains(place))
    }

    /// The first place with nothing in it.
    pub(super) fn free(&self) -> Option<u16> {
        (1..=self.room).find(|place| !self.entries.contains_key(place))
    }

    /// The entries in the order of their places.
    pub(super) fn all(&self) -> impl Iterator<Item = (u16, &Entry)> {
        self.entries.iter().map(|(place, entry)| (*place, entry))
    }

    /// Puts an entry into a place, or nothing.
    pub(super) fn put(&mut self, place: u16, entry: Option<Entry>) {
        match entry {
            Some(entry) if (1..=self.room).contains(&place) => {
                self.entries.insert(place, entry);
            }
            _ => {
                self.entries.remove(&place);
            }
        }
    }

    /// A sum that differs where the numbers or names do (FNV-1a, 128 bits).
    pub(super) fn sum(&self) -> u128 {
        let mut sum: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        for (place, entry) in self.all() {
            for byte in format!("{place} {}\n", entry.to_text()).bytes() {
                sum = (sum ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: &str, name: &str) -> Entry {
        Entry { number: Number::parse(number).unwrap(), name: name.to_owned() }
    }

    #[test]
    fn an_entry_is_kept_as_text() {
        for entry in [entry("+4917", "The pump at the lake"), entry("*100#", "")] {
            assert_eq!(Entry::from_text(&entry.to_text()), Some(entry));
        }
        for wrong in ["", "name", "+49 a name that is longer than any"] {
            assert_eq!(Entry::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn places_are_bounded_and_filled_from_the_first() {
        let mut book = Book::with_room(2);
        assert_eq!((book.place(0), book.place(2), book.place(3)), (None, Some(2), None));
        book.put(9, Some(entry("1", "")));
        assert_eq!((book.used(), book.free()), (0, Some(1)));
        book.put(1, Some(entry("1", "a")));
        let sum = book.sum();
        book.put(2, Some(entry("2", "b")));
        assert_eq!(book.free(), None);
        assert_ne!(book.sum(), sum);
        book.put(2, None);
        assert_eq!(book.sum(), sum);
    }
}
