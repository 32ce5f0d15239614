//! Sites that push lines of text, as patterns describe them: `T={temperature} P={pressure};{state:text}`.
//!
//! What stands outside of braces must stand in the line. A field reaches up to the text behind it. `{}` is skipped. No
//! field is looked for twice, so that a line costs no more than its length.

use std::str::FromStr;

use crate::limits;

/// A pattern of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Skip,
    Number(String),
    Text(String),
}

/// What a field of a line says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    Number(f64),
    Text(String),
    /// It should be a number.
    Bad,
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if pieces.len() >= limits::PATTERN {
                return Err(format!("a pattern has at most {} pieces", limits::PATTERN));
            }
            let Some(inside) = rest.strip_prefix('{') else {
                let end = rest.find('{').unwrap_or(rest.len());
                let (literal, behind) = rest.split_at(end);
                pieces.push(Piece::Literal(literal.to_owned()));
                rest = behind;
                continue;
            };
            let (field, behind) = inside.split_once('}').ok_or("a `{` without its `}`")?;
            if pieces.last().is_some_and(|last| !matches!(last, Piece::Literal(_))) {
                return Err("two fields with nothing between them can't be told apart".to_owned());
            }
            let (name, kind) = field.split_once(':').unwrap_or((field, "number"));
            if !name.is_empty() && !crate::point::is_name(name) {
                return Err(format!("`{name}` is no name of a point"));
            }
            pieces.push(match (name, kind) {
                ("", _) => Piece::Skip,
                (name, "number") => Piece::Number(name.to_owned()),
                (name, "text") => Piece::Text(name.to_owned()),
                (_, kind) => return Err(format!("`{kind}` is neither `number` nor `text`")),
            });
            rest = behind;
        }
        let fields = pieces.iter().any(|piece| matches!(piece, Piece::Number(_) | Piece::Text(_)));
        if fields {
            Ok(Self(pieces))
        } else {
            Err("a pattern without a field tells nothing".to_owned())
        }
    }
}

impl Pattern {
    /// Whether it has a field of this name that is a number.
    pub(crate) fn measures(&self, name: &str) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Number(field) if field == name))
    }

    /// What a line says, if it is such a line.
    pub(crate) fn read(&self, line: &str) -> Option<Vec<(String, Field)>> {
        let mut found = Vec::new();
        let mut rest = line;
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            if let Piece::Literal(literal) = piece {
                rest = rest.strip_prefix(literal.as_str())?;
                continue;
            }
            let end = match pieces.peek() {
                Some(Piece::Literal(next)) => rest.find(next.as_str())?,
                _ => rest.len(),
            };
            let (text, behind) = rest.split_at(end);
            rest = behind;
            let text = text.trim();
            match piece {
                Piece::Number(name) => {
                    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                    found.push((name.clone(), number.map_or(Field::Bad, Field::Number)));
                }
                Piece::Text(name) => found.push((name.clone(), Field::Text(text.to_owned()))),
                Piece::Skip | Piece::Literal(_) => {}
            }
        }
        rest.is_empty().then_some(found)
    }
}

/// Finds the lines in what a site sends.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Each whole line that ends in `bytes`; one that is too long or no text is left out.
    pub(crate) fn push(&mut self, bytes: &[u8], mut told: impl FnMut(&str)) {
        for byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    let whole = !std::mem::take(&mut self.too_long) && !line.is_empty();
                    if let (true, Ok(text)) = (whole, std::str::from_utf8(&line)) {
                        told(text);
                    }
                }
                _ if self.line.len() >= limits::LINE => self.too_long = true,
                byte => self.line.push(*byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_its_pattern_says() {
        let pattern: Pattern = "T={temp} P={p/bar};{state:text} {}".parse().expect("a pattern");
        let number = |name: &str, number| (name.to_owned(), Field::Number(number));
        let state = ("state".to_owned(), Field::Text("ok".to_owned()));
        let read = pattern.read("T=-3.5 P= 1e2;ok 77");
        assert_eq!(read, Some(vec![number("temp", -3.5), number("p/bar", 100.0), state.clone()]));
        assert_eq!(
            pattern.read("T=NaN P=1;ok x").expect("such a line")[0],
            ("temp".to_owned(), Field::Bad)
        );
        for line in ["", "T=1", "X=1 P=1;ok x", "T=1 P=1,ok x"] {
            assert_eq!(pattern.read(line), None, "{line}");
        }
    }

    #[test]
    fn patterns_that_can_not_be_are_refused() {
        for text in ["", "abc", "{a}{b}", "{a", "{a:date}", "{h:1}", "{a b}"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        assert!("x{a}".repeat(100).parse::<Pattern>().is_err());
    }

    #[test]
    fn lines_are_found_however_they_are_cut_and_long_ones_are_left_out() {
        let long = "y".repeat(limits::LINE + 1);
        let mut text = format!("one\r\n\n{long}\ntwo?\nthree\rrest").into_bytes();
        // No text at all.
        text.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xff);
        for size in [1, 2, 7, 4096] {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            text.chunks(size)
                .for_each(|piece| lines.push(piece, |line| found.push(line.to_owned())));
            assert_eq!(found.first().map(String::as_str), Some("one"));
            assert_eq!(found.last().map(String::as_str), Some("three"));
            assert!(found.iter().all(|line| line.len() <= limits::LINE));
        }
    }
}
