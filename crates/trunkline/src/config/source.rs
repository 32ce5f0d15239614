//! One file of a configuration, and places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

/// A file as it was read: what a diagnostic quotes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path as its owner writes it.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) text: String,
}

/// A line and a column as people count them, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Source {
    /// The folder to which the file's relative paths refer.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Where a byte stands.
    pub(crate) fn position(&self, at: usize) -> Position {
        let before = self.before(at);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Position { line, column }
    }

    /// The line on which a byte stands, without its end, and where in the file it begins.
    pub(crate) fn line(&self, at: usize) -> (usize, &str) {
        let start = self.before(at).rfind('\n').map_or(0, |end| end + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        (start, line.strip_suffix('\r').unwrap_or(line))
    }

    fn before(&self, at: usize) -> &str {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        self.text.get(..at).unwrap_or_default()
    }
}

/// A step on the way from a file's root to one of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into the member of a table.
    Key(String),
    /// Into the element of an array.
    Element(usize),
    /// To the name of a member, not its value; nothing follows.
    Name(String),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(element: usize) -> Self {
        Self::Element(element)
    }
}

/// The span of the value that `steps` lead to, or of the last one on the way that exists.
pub(crate) fn find<'a>(
    root: &DeTable<'_>,
    steps: impl IntoIterator<Item = &'a Step>,
) -> Range<usize> {
    let mut steps = steps.into_iter();
    let Some(Step::Key(key)) = steps.next() else { return 0..0 };
    let Some(mut place) = root.get(key.as_str()) else { return 0..0 };
    for step in steps {
        let next = match (step, place.get_ref()) {
            (Step::Name(name), DeValue::Table(table)) => {
                let key = table.get_key_value(name.as_str()).map(|(key, _)| key.span());
                return key.unwrap_or_else(|| place.span());
            }
            (Step::Key(key), DeValue::Table(table)) => table.get(key.as_str()),
            (Step::Element(element), DeValue::Array(array)) => array.get(*element),
            _ => None,
        };
        match next {
            Some(next) => place = next,
            None => break,
        }
    }
    place.span()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_by_its_path() {
        let text = "[[line]]\nname = \"a\"\n[[line]]\nserial = { device = \"/x\" }\nlisten = [\"1\", \"2\"]\n";
        let root = DeTable::parse(text).unwrap();
        let at = |steps: &[Step]| &text[find(root.get_ref(), steps)];
        assert_eq!(at(&["line".into(), 1.into(), "serial".into(), "device".into()]), "\"/x\"");
        assert_eq!(at(&["line".into(), 1.into(), "listen".into(), 1.into()]), "\"2\"");
        assert_eq!(at(&["line".into(), 0.into(), "pty".into()]), "[[line]]", "where it would be");
        assert_eq!(at(&["line".into(), 0.into(), Step::Name("name".into())]), "name");
        assert_eq!(at(&["phonebook".into()]), "");
    }

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source { path: "x/y.toml".into(), text: "ä = 1\r\nbü = ?\n".into() };
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        let at = source.text.find('?').unwrap();
        assert_eq!(source.position(at), Position { line: 2, column: 6 });
        assert_eq!(source.line(at), (8, "bü = ?"));
        assert_eq!(source.line(0), (0, "ä = 1"));
        assert_eq!(source.position(usize::MAX), Position { line: 3, column: 1 });
        assert_eq!(source.folder(), Path::new("x"));
    }
}
