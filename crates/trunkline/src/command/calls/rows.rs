//! Calls as a table for people.

use std::io::{self, Write};
use std::time::Duration;

use super::Show;
use crate::json::Json;
use crate::limits;
use crate::style::Style;
use crate::table::{Table, bytes};
use crate::time;

const HEADING: [&str; 10] =
    ["CALL", "WAY", "LINE", "PARTY", "ACCOUNT", "SINCE", "LASTS", "SENT", "RECEIVED", "END"];

/// A table that is printed as it comes, once its columns' widths are known.
pub(super) struct Rows<W> {
    out: W,
    style: Style,
    waiting: Vec<[String; HEADING.len()]>,
    table: Option<Table<{ HEADING.len() }>>,
}

impl<W: Write> Rows<W> {
    pub(super) fn new(out: W, style: Style) -> Self {
        Self { out, style, waiting: Vec::new(), table: None }
    }

    fn begin(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let table = self.table.insert(Table::new(HEADING, &waiting));
        self.out.write_all(table.heading(self.style).as_bytes())?;
        waiting.iter().try_for_each(|row| self.out.write_all(table.row(row).as_bytes()))
    }
}

impl<W: Write> Show for Rows<W> {
    fn call(&mut self, call: &Json) -> io::Result<()> {
        let row = row(call);
        if let Some(table) = &self.table {
            return self.out.write_all(table.row(&row).as_bytes());
        }
        self.waiting.push(row);
        if self.waiting.len() < limits::TABLE { Ok(()) } else { self.begin() }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.table.is_none() {
            self.begin()?;
        }
        self.out.flush()
    }
}

fn row(call: &Json) -> [String; HEADING.len()] {
    let text = |key| call.text(key).filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
    let number = |key| call.number(key).unwrap_or_default();
    let lasts = time::span(Duration::from_secs(number("seconds").unsigned_abs()));
    let end = call.text("cause").unwrap_or("").to_owned();
    [
        match call.number("count") {
            Some(count) => format!("{count} calls"),
            None => text("call"),
        },
        text("direction"),
        text("line"),
        text("party"),
        text("account"),
        text("since"),
        lasts,
        bytes(number("sent")),
        bytes(number("received")),
        end,
    ]
}
