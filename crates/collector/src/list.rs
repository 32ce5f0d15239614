//! Lists of points as spreadsheets write them: CSV.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use modbus::value::Order;
use settings::Parsed;

use crate::limits;
use crate::point::PointConfig;

/// What is wrong with a list of points, and where.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The file can't be read.
    #[error("can't read {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too long.
    #[error("{} is longer than {} bytes; split the site", .0.display(), limits::LIST)]
    Long(PathBuf),
    /// A row is wrong.
    #[error("{}:{line}:{column}: {words}", path.display())]
    Row {
        /// Which file.
        path: PathBuf,
        /// Which line of it.
        line: usize,
        /// Where in that line, in characters from 1 on.
        column: usize,
        /// What is wrong.
        words: String,
    },
}

/// A point, and where it stands in its list.
#[derive(Debug)]
pub(crate) struct ListRow {
    pub(crate) point: PointConfig,
    line: usize,
    /// Where the cells of the known columns begin.
    cells: Vec<(String, Place)>,
}

/// A line and a column, both from 1 on.
type Place = (usize, usize);

/// What is wrong, and where.
type Wrong = (Place, String);

impl ListRow {
    /// What is wrong with the cell of a column.
    pub(crate) fn fault(&self, path: &Path, column: &str, words: &str) -> ListError {
        let cell = self.cells.iter().find(|(name, _)| name == column);
        let (line, column) = cell.map_or((self.line, 1), |(_, place)| *place);
        ListError::Row { path: path.to_owned(), line, column, words: words.to_owned() }
    }
}

/// The columns that are known. Others are left alone: such lists have many fathers.
const COLUMNS: [&str; 11] = [
    "name", "device", "unit", "address", "type", "order", "scale", "offset", "measure", "low",
    "high",
];

/// Reads a list of points.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Vec<ListRow>, ListError> {
    let failed = |source| ListError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limits::LIST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits::LIST {
        return Err(ListError::Long(path.to_owned()));
    }
    let wrong =
        |((line, column), words)| ListError::Row { path: path.to_owned(), line, column, words };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let words = "this is UTF-16; save the list as CSV in UTF-8";
        return Err(wrong(((1, 1), words.to_owned())));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(last).chars().count() + 1;
        wrong(((line, column), "this is no UTF-8; save the list as UTF-8".to_owned()))
    })?;
    // Spreadsheets put a mark in front of UTF-8.
    parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(wrong)
}

fn parse(text: &str) -> Result<Vec<ListRow>, Wrong> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [';', '\t'].into_iter().find(|c| first.contains(*c)).unwrap_or(',');
    let mut rows = rows(text, separator)?.into_iter();
    let (line, head) = rows.next().ok_or(((1, 1), "the list is empty".to_owned()))?;
    let names: Vec<String> =
        head.iter().map(|cell| cell.text.trim().to_ascii_lowercase()).collect();
    for needed in ["name", "address"] {
        if !names.iter().any(|name| name == needed) {
            let words = format!(
                "there is no column `{needed}`; the first row names the columns: {}",
                COLUMNS.join(", ")
            );
            return Err(((line, 1), words));
        }
    }
    for (n, (name, cell)) in names.iter().zip(&head).enumerate() {
        let earlier = names.iter().take(n).any(|earlier| earlier == name);
        if earlier && COLUMNS.contains(&name.as_str()) {
            return Err((cell.place, format!("there are two columns `{name}`")));
        }
    }
    let mut points = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (line, cells) in rows {
        if cells.iter().all(|cell| cell.text.trim().is_empty()) {
            continue;
        }
        if let Some(cell) = cells.get(names.len()) {
            let words = format!("{} cells under {} columns", cells.len(), names.len());
            return Err((cell.place, words));
        }
        if points.len() >= limits::POINTS {
            return Err(((line, 1), format!("a site has at most {} points", limits::POINTS)));
        }
        let point = point(&Cells { names: &names, cells: &cells, line, separator })?;
        let cells: Vec<_> =
            names.iter().cloned().zip(cells.iter().map(|cell| cell.place)).collect();
        let row = ListRow { point, line, cells };
        if let Some(earlier) = known.insert(row.point.name.clone(), line) {
            let words = format!("`{}` stands in line {earlier} already", row.point.name);
            let place = row.cells.iter().find(|(name, _)| name == "name");
            return Err((place.map_or((line, 1), |(_, place)| *place), words));
        }
        points.push(row);
    }
    Ok(points)
}

/// A row under its head.
struct Cells<'a> {
    names: &'a [String],
    cells: &'a [Cell],
    line: usize,
    separator: char,
}

impl<'a> Cells<'a> {
    fn find(&self, name: &str) -> Option<&'a Cell> {
        self.cells.get(self.names.iter().position(|known| known == name)?)
    }

    /// What stands in a cell, if anything does.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.find(name).map(|cell| cell.text.trim()).filter(|text| !text.is_empty())
    }

    fn wrong(&self, name: &str, words: &str) -> Wrong {
        let place = self.find(name).map_or((self.line, 1), |cell| cell.place);
        (place, format!("`{name}`: {words}"))
    }

    fn value<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Wrong> {
        let value = self.text(name).map(str::parse::<T>).transpose();
        value.map_err(|error| self.wrong(name, &error.to_string()))
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Wrong> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // Where the comma separates decimals, it doesn't separate cells.
        let plain = if self.separator == ',' { text.to_owned() } else { text.replace(',', ".") };
        let number = plain.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(name, &format!("`{text}` is no number")))
    }
}

fn point(row: &Cells<'_>) -> Result<PointConfig, Wrong> {
    let missing = |name: &str| row.wrong(name, "there is none");
    let measure = row.text("measure").unwrap_or_default();
    // It is shown, exported and opened in a spreadsheet again.
    if measure.starts_with(['=', '@', '+']) || measure.chars().count() > limits::NAME {
        return Err(row.wrong("measure", &format!("`{measure:.20}` is no unit of measure")));
    }
    let unit = row.text("unit").map(str::parse).transpose();
    Ok(PointConfig {
        name: row.text("name").ok_or_else(|| missing("name"))?.to_owned(),
        device: row.text("device").map(str::to_owned),
        unit: unit.map_err(|_| {
            let text = row.text("unit").unwrap_or_default();
            row.wrong("unit", &format!("`{text}` is none of 1 to 247"))
        })?,
        address: Some(Parsed(row.value("address")?.ok_or_else(|| missing("address"))?)),
        kind: row.value("type")?.map(Parsed),
        order: row.value::<Order>("order")?.map(Parsed),
        scale: row.number("scale")?,
        offset: row.number("offset")?,
        measure: measure.to_owned(),
        low: row.number("low")?,
        high: row.number("high")?,
    })
}

/// A cell, and where it begins.
#[derive(Debug, Default)]
struct Cell {
    text: String,
    place: Place,
}

/// The cells of a row, with the number of its first line.
type Row = (usize, Vec<Cell>);

/// The rows of a list; what is wrong, and where.
fn rows(text: &str, separator: char) -> Result<Vec<Row>, Wrong> {
    let mut rows = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    let mut cell = Cell { text: String::new(), place: (1, 1) };
    // Where the next character stands, and where the row began.
    let ((mut line, mut column), mut begun) = ((1, 1), 1);
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        let here = (line, column);
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => {
                column += 1;
                cell.text.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => cell.text.push(c),
            '"' if cell.text.trim().is_empty() => {
                cell.text.clear();
                quoted = true;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push((begun, std::mem::take(&mut row)));
                (begun, cell.place) = (line, (line, column));
            }
            c if c == separator => {
                row.push(std::mem::take(&mut cell));
                cell.place = (line, column);
            }
            c if c.is_control() => {
                return Err((here, format!("a control character, U+{:04X}", u32::from(c))));
            }
            c => cell.text.push(c),
        }
        if row.len() >= limits::COLUMNS {
            return Err((here, format!("more than {} columns", limits::COLUMNS)));
        }
    }
    if quoted {
        return Err((cell.place, "a quoted cell doesn't end".to_owned()));
    }
    if !cell.text.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push((begun, row));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_as_spreadsheets_write_it() {
        for text in [
            "name,address,type,order,scale,remark\nlevel,h:100,f32,CDAB,0.1,\"a, b\"\"c\"\"\"\n\nflow,30008,,,,\n",
            "Name;Address;Type;Order;Scale;Remark\r\nlevel;h:100;f32;CDAB;0,1;x\r\nflow;30008\r\n",
        ] {
            let rows = parse(text).expect("read");
            assert_eq!(rows.len(), 2);
            let points: Vec<_> = rows.iter().map(|row| &row.point).collect();
            assert_eq!((points[0].name.as_str(), points[0].scale), ("level", Some(0.1)));
            assert_eq!(points[1].address.as_ref().expect("one").0.number, 7);
        }
    }

    #[test]
    fn a_hostile_list_is_refused_with_its_line_and_column() {
        let wide = format!("name,address{}\n", ",x".repeat(100));
        let long = "x".repeat(100_000);
        let cell = format!("name,address,measure\na,h:1,{long}");
        for (text, place, word) in [
            ("", (1, 1), "empty"),
            ("name,type\na,u16", (1, 1), "address"),
            ("name,name,address\n", (1, 6), "two columns"),
            ("name,address,unit,unit\n", (1, 19), "two columns"),
            ("name,address\na,h:1\nb,h:99999", (3, 3), "65535"),
            ("name,address\na,h:1,2", (2, 7), "3 cells"),
            ("name,address\n\"a,h:1\n", (2, 1), "doesn't end"),
            ("name,address\n,h:1", (2, 1), "name"),
            ("name,address,scale\na,h:1,NaN", (2, 7), "no number"),
            ("name,address,scale\na,h:1,=1+1", (2, 7), "no number"),
            ("name,address,unit\na,h:1,300", (2, 7), "1 to 247"),
            ("name,address\na\u{0},h:1", (2, 2), "U+0000"),
            ("name,address\nä\u{7},h:1", (2, 2), "U+0007"),
            ("name,address\na,=A1", (2, 3), "address"),
            ("name,address,measure\na,h:1,=cmd|' /C calc'!A1", (2, 7), "no unit of measure"),
            ("name,address\na,h:1\n\"b\nc\",x", (4, 4), "address"),
            ("name,address\na,h:1\nb,h:2\na,h:3", (4, 1), "line 2 already"),
            (&cell, (2, 7), "no unit of measure"),
            (&wide, (1, 137), "columns"),
        ] {
            let (at, words) = parse(text).expect_err(text);
            assert!(at == place && words.contains(word), "{text:.80?}: {at:?}: {words:.200}");
            assert!(words.len() < 400, "an error says no more than one reads");
        }
        let many: String = (0..=limits::POINTS).map(|n| format!("p{n},h:1\n")).collect();
        assert!(parse(&format!("name,address\n{many}")).is_err());
    }

    #[test]
    fn what_is_no_utf_8_or_too_long_is_refused_before_it_is_looked_at() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("points.csv");
        for (bytes, place) in [
            (&b"name,address\nl\xfcfter,h:1\n"[..], ":2:2: this is no UTF-8"),
            (&b"\xff\xfen\0a\0"[..], ":1:1: this is UTF-16"),
        ] {
            std::fs::write(&path, bytes).expect("written");
            let error = read(&path).expect_err("wrong").to_string();
            assert!(error.contains(place), "{error}");
        }
        std::fs::write(&path, vec![b'a'; 2_000_000]).expect("written");
        assert!(matches!(read(&path), Err(ListError::Long(_))));
        assert!(matches!(read(folder.path()), Err(ListError::File { .. })));
    }
}
