//! Lists of points as spreadsheets write them: CSV.

use std::io::Read as _;
use std::path::{Path, PathBuf};

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
    #[error("{}:{line}: {words}", path.display())]
    Row {
        /// Which file.
        path: PathBuf,
        /// Which line of it.
        line: usize,
        /// What is wrong.
        words: String,
    },
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
pub(crate) fn read(path: &Path) -> Result<Vec<PointConfig>, ListError> {
    let failed = |source| ListError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limits::LIST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits::LIST {
        return Err(ListError::Long(path.to_owned()));
    }
    let row = |line, words: String| ListError::Row { path: path.to_owned(), line, words };
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        row(line, "this is no UTF-8; save the list as UTF-8".to_owned())
    })?;
    // Spreadsheets put a mark in front of UTF-8.
    parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(|(line, words)| row(line, words))
}

fn parse(text: &str) -> Result<Vec<PointConfig>, (usize, String)> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [';', '\t'].into_iter().find(|c| first.contains(*c)).unwrap_or(',');
    let mut rows = rows(text, separator)?.into_iter();
    let (line, head) = rows.next().ok_or((1, "the list is empty".to_owned()))?;
    let head: Vec<String> = head.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    for needed in ["name", "address"] {
        match head.iter().filter(|name| *name == needed).count() {
            1 => {}
            0 => {
                return Err((
                    line,
                    format!(
                        "there is no column `{needed}`; the first row names the columns: {}",
                        COLUMNS.join(", ")
                    ),
                ));
            }
            _ => return Err((line, format!("there are two columns `{needed}`"))),
        }
    }
    let mut points = Vec::new();
    for (line, cells) in rows {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if cells.len() > head.len() {
            let words = format!("{} cells under {} columns", cells.len(), head.len());
            return Err((line, words));
        }
        if points.len() >= limits::POINTS {
            return Err((line, format!("a site has at most {} points", limits::POINTS)));
        }
        let cell = |name: &str| {
            let at = head.iter().position(|known| known == name)?;
            cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
        };
        points.push(point(cell, separator).map_err(|words| (line, words))?);
    }
    Ok(points)
}

fn point<'a>(
    cell: impl Fn(&str) -> Option<&'a str>,
    separator: char,
) -> Result<PointConfig, String> {
    fn value<T: std::str::FromStr<Err: std::fmt::Display>>(
        name: &str,
        text: Option<&str>,
    ) -> Result<Option<T>, String> {
        text.map(|text| text.parse().map_err(|error| format!("`{name}`: {error}"))).transpose()
    }
    let number = |name: &str| -> Result<Option<f64>, String> {
        let Some(text) = cell(name) else { return Ok(None) };
        // Where the comma separates decimals, it doesn't separate cells.
        let plain = if separator == ',' { text.to_owned() } else { text.replace(',', ".") };
        let number = plain.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| format!("`{name}`: `{text}` is no number"))
    };
    Ok(PointConfig {
        name: cell("name").ok_or("there is no `name`")?.to_owned(),
        device: cell("device").map(str::to_owned),
        unit: match cell("unit") {
            Some(text) => {
                Some(text.parse().map_err(|_| format!("`unit`: `{text}` is none of 1 to 247"))?)
            }
            None => None,
        },
        address: Parsed(value("address", cell("address"))?.ok_or("there is no `address`")?),
        kind: value("type", cell("type"))?.map(Parsed),
        order: Parsed(value::<Order>("order", cell("order"))?.unwrap_or_default()),
        scale: number("scale")?,
        offset: number("offset")?,
        measure: cell("measure").unwrap_or_default().chars().take(limits::NAME).collect(),
        low: number("low")?,
        high: number("high")?,
    })
}

/// The cells of a row, with the number of its first line.
type Row = (usize, Vec<String>);

/// The rows of a list; what is wrong, with the number of its line.
fn rows(text: &str, separator: char) -> Result<Vec<Row>, (usize, String)> {
    let mut rows = Vec::new();
    let (mut row, mut cell, mut line, mut begun) = (Vec::new(), String::new(), 1, 1);
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => quoted = false,
            _ if quoted => cell.push(c),
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push((begun, std::mem::take(&mut row)));
                begun = line;
            }
            c if c == separator => row.push(std::mem::take(&mut cell)),
            c if c.is_control() => return Err((line, "a control character".to_owned())),
            c => cell.push(c),
        }
        if row.len() >= limits::COLUMNS {
            return Err((line, format!("more than {} columns", limits::COLUMNS)));
        }
    }
    if quoted {
        return Err((begun, "a quoted cell doesn't end".to_owned()));
    }
    if !cell.is_empty() || !row.is_empty() {
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
            let points = parse(text).expect("read");
            assert_eq!(points.len(), 2);
            assert_eq!((points[0].name.as_str(), points[0].scale), ("level", Some(0.1)));
            assert_eq!(points[1].address.0.number, 7);
        }
    }

    #[test]
    fn a_hostile_list_is_refused_with_its_line() {
        let wide = format!("name,address{}\n", ",x".repeat(100));
        for (text, line, word) in [
            ("", 1, "empty"),
            ("name,type\na,u16", 1, "address"),
            ("name,name,address\n", 1, "two columns"),
            ("name,address\na,h:1\nb,h:99999", 3, "65535"),
            ("name,address\na,h:1,2", 2, "3 cells"),
            ("name,address\n\"a,h:1\n", 2, "doesn't end"),
            ("name,address\n,h:1", 2, "name"),
            ("name,address,scale\na,h:1,NaN", 2, "no number"),
            ("name,address,unit\na,h:1,300", 2, "1 to 247"),
            ("name,address\na\u{0},h:1", 2, "control"),
            (&wide, 1, "columns"),
        ] {
            let (at, words) = parse(text).expect_err(text);
            assert!(at == line && words.contains(word), "{text:?}: {at}: {words}");
        }
        let many = "p,h:1\n".repeat(limits::POINTS + 1);
        assert!(parse(&format!("name,address\n{many}")).is_err());
    }
}
