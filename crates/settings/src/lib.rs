//! Values as configuration files write them: spans of time, one-or-many lists, texts with a parser, and
//! references to secrets.
//!
//! A value that is text in the file is parsed while the file is read, so that a mistake is reported at
//! its line and column. Start from [`Span`].
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Table {
//!     patience: settings::Span,
//!     listen: settings::OneOrMany<String>,
//! }
//!
//! let table: Table = toml::from_str("patience = \"90s\"\nlisten = \"localhost:23\"")?;
//! assert_eq!(table.patience, settings::Span::secs(90));
//! assert_eq!(table.listen.0.len(), 1);
//! # Ok::<(), toml::de::Error>(())
//! ```
#![forbid(unsafe_code)]

mod flow;
mod hunt;
pub mod limits;
mod secret;

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

pub use flow::FlowConfig;
pub use hunt::HuntOrder;
pub use secret::{Full, Secret, SecretError, SecretRef, wipe};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor, value};

/// A value read from a string by its own parser, so that a mistake is reported at its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parsed<T>(pub T);

impl<'de, T> Deserialize<'de> for Parsed<T>
where
    T: FromStr,
    T::Err: Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ParsedVisitor(PhantomData))
    }
}

/// Reads while the text is being visited: a mistake then has the place of this text, and not of the list it stands in.
struct ParsedVisitor<T>(PhantomData<T>);

impl<T> Visitor<'_> for ParsedVisitor<T>
where
    T: FromStr,
    T::Err: Display,
{
    type Value = Parsed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Parsed).map_err(E::custom)
    }
}

/// A span of time, written with its unit: `"250ms"`, `"5s"`, `"2m"`, `"1h"`, `"30d"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Span {
    /// A span of whole seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

impl fmt::Display for Span {
    /// In the greatest unit that it is a whole number of: what the parser reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        let (unit, word) = units
            .into_iter()
            .find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit))
            .unwrap_or((1, "ms"));
        write!(f, "{}{word}", ms / unit)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "`{text}` is no span of time; expected a number with its unit: ms, s, m, h or d"
            )
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| refused())?;
        let millis = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(refused()),
        };
        number.checked_mul(millis).map(|ms| Self(Duration::from_millis(ms))).ok_or_else(refused)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(|Parsed(span)| span)
    }
}

/// One value or a list of them: `listen = "…"` as well as `listen = ["…", "…"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

/// A value that may be written short, as text, or long, as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextOrTable<Text, Table> {
    /// The short form.
    Text(Text),
    /// The long form.
    Table(Table),
}

// Not derived as an untagged enum: that would hide which key of a table is wrong, and where.
impl<'de, Text, Table> Deserialize<'de> for TextOrTable<Text, Table>
where
    Text: Deserialize<'de>,
    Table: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTableVisitor(PhantomData))
    }
}

struct TextOrTableVisitor<Text, Table>(PhantomData<(Text, Table)>);

impl<'de, Text, Table> Visitor<'de> for TextOrTableVisitor<Text, Table>
where
    Text: Deserialize<'de>,
    Table: Deserialize<'de>,
{
    type Value = TextOrTable<Text, Table>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Text::deserialize(value::StrDeserializer::new(text)).map(TextOrTable::Text)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        Table::deserialize(value::MapAccessDeserializer::new(table)).map(TextOrTable::Table)
    }
}

/// Reads a value that is written as a text of several lines, or as a list of them, for `deserialize_with`:
/// `access = ["allow 10.0.0.0/8", "default deny"]`.
///
/// # Errors
/// One of them can't be read, or all together can't.
pub fn lines<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr,
    T::Err: Display,
    D: Deserializer<'de>,
{
    let OneOrMany(lines) = OneOrMany::<Parsed<Line<T>>>::deserialize(deserializer)?;
    let lines: Vec<String> = lines.into_iter().map(|Parsed(line)| line.text).collect();
    lines.join("\n").parse().map_err(D::Error::custom)
}

/// One of several lines, read by itself too: a mistake is then known to be in this one.
struct Line<T> {
    text: String,
    of: PhantomData<T>,
}

impl<T: FromStr> FromStr for Line<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse::<T>().map(|_| Self { text: text.to_owned(), of: PhantomData })
    }
}

struct OneOrManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(value::StrDeserializer::new(text)).map(|one| OneOrMany(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = list.next_element()? {
            many.push(one);
        }
        Ok(OneOrMany(many))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        T::deserialize(value::MapAccessDeserializer::new(table)).map(|one| OneOrMany(vec![one]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_its_unit() {
        assert_eq!("250ms".parse(), Ok(Span(Duration::from_millis(250))));
        assert_eq!("5 s".parse(), Ok(Span::secs(5)));
        assert_eq!("2m".parse(), Ok(Span::secs(120)));
        assert_eq!("1h".parse(), Ok(Span::secs(3600)));
        for text in ["250ms", "90s", "1d", "25h", "0ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Long {
        path: String,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct File {
        end: TextOrTable<String, Long>,
    }

    #[test]
    fn a_value_may_be_short_or_long_and_a_wrong_key_is_named() {
        let short: File = toml::from_str("end = \"a\"").unwrap();
        assert_eq!(short.end, TextOrTable::Text("a".into()));
        let long: File = toml::from_str("end = { path = \"a\" }").unwrap();
        assert_eq!(long.end, TextOrTable::Table(Long { path: "a".into() }));
        let wrong = toml::from_str::<File>("end = { path = \"a\", pth = 1 }").unwrap_err();
        assert!(wrong.to_string().contains("unknown field `pth`"), "{wrong}");
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Sums {
        #[serde(deserialize_with = "lines")]
        numbers: Sum,
    }

    #[derive(Debug, PartialEq)]
    struct Sum(u32);

    impl FromStr for Sum {
        type Err = std::num::ParseIntError;

        fn from_str(text: &str) -> Result<Self, Self::Err> {
            text.lines().map(str::parse::<u32>).sum::<Result<u32, _>>().map(Self)
        }
    }

    #[test]
    fn of_several_lines_the_wrong_one_is_pointed_at() {
        for text in ["numbers = [\"1\", \"20\"]", "numbers = \"1\\n20\"", "numbers = \"21\""] {
            assert_eq!(toml::from_str::<Sums>(text).unwrap().numbers, Sum(21));
        }
        let text = "numbers = [\"1\", \"2x\"]";
        let wrong = toml::from_str::<Sums>(text).unwrap_err();
        assert_eq!(wrong.span().and_then(|span| text.get(span)), Some("\"2x\""), "{wrong}");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "5", "s", "-1s", "1.5s", "5 days", "99999999999999999999s", "99999999999999999h"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
