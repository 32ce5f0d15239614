//! JSON, as much of it as the control socket and `--json` need.
//!
//! A library for all of JSON would be a tenth of the small build. Numbers are integers: nothing here counts in
//! fractions.

use std::fmt::{self, Write as _};

use crate::limits::JSON_DEPTH;

/// A JSON value. Objects keep the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Number(i64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object of these members.
    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The string member of an object.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer member of an object.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The array member of an object, empty if there is none.
    pub(crate) fn list(&self, name: &str) -> &[Json] {
        match self.get(name) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }

    /// Reads one value that is the whole of `text`.
    ///
    /// # Errors
    /// What was expected, and where.
    pub(crate) fn parse(text: &str) -> Result<Self, JsonError> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(JSON_DEPTH)?;
        reader.blank();
        if reader.at < text.len() { Err(reader.expected("the end")) } else { Ok(value) }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// Text that is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON: expected {expected} at byte {at}")]
pub(crate) struct JsonError {
    expected: &'static str,
    at: usize,
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => quoted(f, text),
            Self::List(list) => {
                f.write_char('[')?;
                for (n, value) in list.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { "," })?;
                    write!(f, "{value}")?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (n, (name, value)) in members.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { "," })?;
                    quoted(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            // C1 controls are legal inside JSON, but a terminal that shows the line would obey them.
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.expected("less nesting")) };
        self.blank();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut members = Vec::new();
        self.blank();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blank();
            let name = self.string()?;
            self.blank();
            if !self.take(b':') {
                return Err(self.expected("a colon"));
            }
            members.push((name, self.value(depth)?));
            self.blank();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.expected("a comma or `}`"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut values = Vec::new();
        self.blank();
        if self.take(b']') {
            return Ok(Json::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            self.blank();
            if self.take(b']') {
                return Ok(Json::List(values));
            }
            if !self.take(b',') {
                return Err(self.expected("a comma or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        if !self.take(b'"') {
            return Err(self.expected("a string"));
        }
        let mut text = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.expected("a closing quote"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                c if c < ' ' => return Err(self.expected("an escaped control character")),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(c) = self.peek() else { return Err(self.expected("an escape")) };
        self.at += 1;
        Ok(match c {
            b'"' | b'\\' | b'/' => char::from(c),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.unicode(),
            _ => return Err(self.expected("an escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let high = self.unit()?;
        let code = if (0xD800..0xDC00).contains(&high) && self.take(b'\\') && self.take(b'u') {
            let low = self.unit()?;
            0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF)
        } else {
            high
        };
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.expected("four hexadecimal digits"));
        };
        self.at += 4;
        Ok(unit)
    }

    fn integer(&mut self) -> Result<Json, JsonError> {
        let rest = self.rest();
        let end = rest.bytes().position(|b| !matches!(b, b'-' | b'0'..=b'9')).unwrap_or(rest.len());
        let Some(number) = rest.get(..end).and_then(|digits| digits.parse().ok()) else {
            return Err(self.expected("an integer of 64 bits"));
        };
        self.at += end;
        Ok(Json::Number(number))
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.expected("a value"))
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError { expected, at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let value = Json::object([
            ("line", "pump \"house\" \\ \u{1b}[2J\u{9b} ü 𝄞".into()),
            ("bytes", u64::MAX.into()),
            ("none", Json::Null),
            (
                "list",
                Json::List(vec![
                    Json::Bool(true),
                    Json::Number(-3),
                    Json::List(vec![]),
                    Json::object([]),
                ]),
            ),
        ]);
        let text = value.to_string();
        assert!(!text.chars().any(char::is_control), "{text}");
        assert_eq!(Json::parse(&text), Ok(value));
    }

    #[test]
    fn foreign_spellings_are_read() {
        let text = " { \"a\" : [ 1 , \"\\u00fc\\ud834\\udd1e\\/\\b\\f\\ud834x\" ] }\n";
        let list = Json::List(vec![Json::Number(1), "ü𝄞/\u{8}\u{c}\u{fffd}x".into()]);
        assert_eq!(Json::parse(text), Ok(Json::object([("a", list)])));
    }

    #[test]
    fn garbage_is_refused_where_it_stands() {
        for (text, says) in [
            ("", "expected a value at byte 0"),
            ("{\"a\" 1}", "expected a colon at byte 5"),
            ("[1 2]", "expected a comma or `]` at byte 3"),
            ("\"abc", "expected a closing quote at byte 4"),
            ("\"\\u12é4\"", "expected four hexadecimal digits at byte 3"),
            ("1.5", "expected the end at byte 1"),
            ("99999999999999999999", "expected an integer of 64 bits at byte 0"),
            ("{} {}", "expected the end at byte 3"),
        ] {
            assert_eq!(
                Json::parse(text).unwrap_err().to_string(),
                format!("not JSON: {says}"),
                "{text}"
            );
        }
        let deep = "[".repeat(10_000);
        assert!(Json::parse(&deep).unwrap_err().to_string().contains("less nesting"));
    }
}
