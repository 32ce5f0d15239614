//! Tables on standard output.

use std::fmt::Write as _;

use crate::style::Style;

/// Rows under a heading, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(
    heading: [&'static str; N],
    rows: &[[String; N]],
    style: Style,
) -> String {
    let table = Table::new(heading, rows);
    let mut out = table.heading(style);
    rows.iter().for_each(|row| out.push_str(&table.row(row)));
    out
}

/// A table whose rows may be printed as they come.
pub(crate) struct Table<const N: usize> {
    heading: [&'static str; N],
    widths: [usize; N],
}

impl<const N: usize> Table<N> {
    /// A table with columns as wide as their widest cells in `rows`; later rows may be wider.
    pub(crate) fn new(heading: [&'static str; N], rows: &[[String; N]]) -> Self {
        let mut widths = heading.map(|cell| cell.chars().count());
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        Self { heading, widths }
    }

    pub(crate) fn heading(&self, style: Style) -> String {
        format!("{}\n", style.dim(line(self.heading.iter().copied(), &self.widths)))
    }

    pub(crate) fn row(&self, row: &[String; N]) -> String {
        format!("{}\n", line(row.iter().map(String::as_str), &self.widths))
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths) {
        // What callers and dialled strings contain must not reach the terminal as orders.
        let cell: String = cell.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        let _ = write!(line, "{cell:width$}  ");
    }
    line.trim_end().to_owned()
}

/// Bytes in three digits: `7`, `1.2k`, `34M`.
pub(crate) fn bytes(count: i64) -> String {
    let mut value = count;
    let mut tenths = 0;
    for unit in ["", "k", "M", "G", "T"] {
        if value < 1_000 {
            return if value < 10 && !unit.is_empty() {
                format!("{value}.{tenths}{unit}")
            } else {
                format!("{value}{unit}")
            };
        }
        tenths = value % 1_000 / 100;
        value /= 1_000;
    }
    format!("{value}P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_hold_no_orders() {
        let rows = [
            ["pump-house".to_owned(), "online".to_owned()],
            ["b".to_owned(), "\u{1b}[2J".to_owned()],
        ];
        let text = table(["LINE", "STATE"], &rows, Style::Plain);
        assert_eq!(text, "LINE        STATE\npump-house  online\nb           ·[2J\n");
    }

    #[test]
    fn bytes_are_told_in_three_digits() {
        let told = [0, 999, 1_000, 9_950, 10_000, 1_500_000, 2_000_000_000].map(bytes);
        assert_eq!(told, ["0", "999", "1.0k", "9.9k", "10k", "1.5M", "2.0G"]);
    }
}
