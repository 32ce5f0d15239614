//! Keys of the phonebook that are patterns.

use regex_lite::{Captures, Regex};

use super::EntryError;

#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

/// What the pattern's groups have taken from what was dialled.
pub(super) struct Groups<'a>(Captures<'a>);

impl Pattern {
    pub(super) fn new(key: &str) -> Result<Self, EntryError> {
        Regex::new(&format!("^(?:{key})$"))
            .map(Self)
            .map_err(|error| EntryError::Pattern { key: key.to_owned(), reason: error.to_string() })
    }

    pub(super) fn groups<'a>(&self, dialled: &'a str) -> Option<Groups<'a>> {
        self.0.captures(dialled).map(Groups)
    }
}

impl Groups<'_> {
    pub(super) fn put_into(&self, call: &str) -> String {
        let mut text = String::new();
        self.0.expand(call, &mut text);
        text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{book, called};

    #[test]
    fn a_pattern_hands_its_groups_to_the_address() {
        let book = book(r#""9,?(\\d{3})" = "tcp://gw.example:23$1""#).unwrap();
        assert_eq!(called(&book, "9,123"), ["tcp://gw.example:23123"]);
        assert_eq!(called(&book, "9123"), ["tcp://gw.example:23123"]);
        assert_eq!(called(&book, "91234"), Vec::<String>::new());
    }

    #[test]
    fn an_exact_key_wins_over_a_pattern_and_an_earlier_pattern_over_a_later_one() {
        let book = book(
            "\"(1..)\" = \"tcp://a:1\"\n\"(.+)\" = \"tcp://b:2\"\n\"100\" = \"tcp://c:3\"\n\"zz(.*)\" = \"tcp://d:4\"",
        )
        .unwrap();
        assert_eq!(called(&book, "100"), ["tcp://c:3"]);
        assert_eq!(called(&book, "101"), ["tcp://a:1"]);
        assert_eq!(called(&book, "zz1"), ["tcp://b:2"]);
    }

    #[test]
    fn patterns_that_look_alike_without_their_brackets_are_two() {
        let book = book(
            "'(\\d)' = 'tcp://a:1'\n'\\D' = 'tcp://b:2'\n'(7)' = 'tcp://c:3'\n7 = 'tcp://d:4'",
        );
        let book = book.unwrap();
        assert_eq!(called(&book, "1"), ["tcp://a:1"]);
        assert_eq!(called(&book, "x"), ["tcp://b:2"]);
        assert_eq!(called(&book, "7"), ["tcp://d:4"]);
    }
}
