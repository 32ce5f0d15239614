//! Calls as comma-separated values, as RFC 4180 has them.

use std::io::{self, Write};

use super::Show;
use crate::calls::MEMBERS;
use crate::json::Json;

/// A heading, then one line per call.
pub(super) struct Csv<W> {
    out: W,
    begun: bool,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        write!(self.out, "{}\r\n", MEMBERS.join(","))
    }
}

impl<W: Write> Show for Csv<W> {
    fn call(&mut self, call: &Json) -> io::Result<()> {
        self.begin()?;
        let values = MEMBERS.map(|member| match call.get(member) {
            Some(Json::Text(text)) => field(text),
            Some(value) => value.to_string(),
            None if member == "count" => "1".to_owned(),
            None => String::new(),
        });
        write!(self.out, "{}\r\n", values.join(","))
    }

    fn end(&mut self) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }
}

/// A text, in quotes where it needs them.
pub(in crate::command) fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_in_their_field() {
        for (text, written) in [
            ("pump-house", "pump-house"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("", ""),
        ] {
            assert_eq!(field(text), written);
        }
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out);
        let call = Json::object([
            ("call", "1\"\n,".into()),
            ("party", "192.0.2.1,\"\r\n=1+1".into()),
            ("sent", 5_u64.into()),
        ]);
        csv.call(&call).unwrap();
        csv.end().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.split(',').count() - 1, 2 * (MEMBERS.len() - 1) + 2);
        assert!(text.ends_with(",1\r\n"), "{text}");
    }

    #[test]
    fn a_table_without_calls_has_its_heading() {
        let mut out = Vec::new();
        Csv::new(&mut out).end().unwrap();
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1);
    }
}
