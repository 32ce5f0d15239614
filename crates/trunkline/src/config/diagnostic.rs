//! A mistake in a configuration, shown where it stands.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::source::Source;
use crate::cli::{nearest, plainly};
use crate::limits::DIAGNOSTICS_SHOWN;
use crate::style::Style;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// What is wrong, in the owner's words.
    message: String,
    /// Where.
    place: Place,
    /// What would be right, or where else to look.
    notes: Vec<String>,
}

/// Where a mistake stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In the text of a file.
    Span(Arc<Source>, Range<usize>),
    /// In a file that could not be read.
    File(PathBuf),
}

impl Diagnostic {
    /// Something is wrong at `span`.
    pub(crate) fn at(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: Place::Span(Arc::clone(source), span),
            notes: Vec::new(),
        }
    }

    /// Something is wrong with the file as a whole.
    pub(crate) fn file(path: &Path, message: impl Into<String>) -> Self {
        Self { message: message.into(), place: Place::File(path.to_owned()), notes: Vec::new() }
    }

    /// What the TOML reader says, in our words.
    pub(crate) fn toml(source: &Arc<Source>, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let (message, note) = match error.message() {
            "duplicate key" => (twice(source.text.get(span.clone()).unwrap_or_default()), None),
            message => reword(message),
        };
        let diagnostic = Self::at(source, span, message);
        match note {
            Some(note) => diagnostic.note(note),
            None => diagnostic,
        }
    }

    /// Adds what would be right.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds where the other one stands.
    pub(crate) fn also_at(self, what: &str, source: &Source, span: &Range<usize>) -> Self {
        let position = source.position(span.start);
        self.note(format!("{what} {}:{}:{}", source.path.display(), position.line, position.column))
    }

    /// Where it stands among these files, for people who read from top to bottom.
    pub(crate) fn order(&self, sources: &[Arc<Source>]) -> (usize, usize) {
        match &self.place {
            Place::File(_) => (0, 0),
            Place::Span(source, span) => (
                sources.iter().position(|other| Arc::ptr_eq(other, source)).unwrap_or(usize::MAX),
                span.start,
            ),
        }
    }

    /// In one line, for whoever has the text at hand: where, and what.
    #[cfg(feature = "station")]
    pub(crate) fn brief(&self) -> String {
        match &self.place {
            Place::File(_) => self.message.clone(),
            Place::Span(source, span) => {
                let position = source.position(span.start);
                format!("{}:{}: {}", position.line, position.column, self.message)
            }
        }
    }

    /// Shows it: the message, the place, the line with a caret, and the notes.
    pub(crate) fn show(&self, style: Style, out: &mut String) {
        let _ = writeln!(out, "{} {}", style.red("error:"), style.bold(&self.message));
        let margin = match &self.place {
            Place::File(path) => {
                let _ = writeln!(out, "  {} {}", style.blue("-->"), path.display());
                2
            }
            Place::Span(source, span) => quote(source, span, style, out),
        };
        for note in &self.notes {
            let _ = writeln!(out, "{:margin$}{} {note}", "", style.blue("="));
        }
    }
}

/// Shows them all, or as many as are of use.
pub(crate) fn show_all(diagnostics: &[Diagnostic], style: Style) -> String {
    let mut out = String::new();
    for (n, diagnostic) in diagnostics.iter().take(DIAGNOSTICS_SHOWN).enumerate() {
        out.push_str(if n == 0 { "" } else { "\n" });
        diagnostic.show(style, &mut out);
    }
    if let Some(more) = diagnostics.len().checked_sub(DIAGNOSTICS_SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "\n… and {more} more mistakes");
    }
    out
}

fn quote(source: &Source, span: &Range<usize>, style: Style, out: &mut String) -> usize {
    let position = source.position(span.start);
    let (start, line) = source.line(span.start);
    let number = position.line.to_string();
    let margin = number.len() + 1;
    let bar = style.blue("|");
    let _ = writeln!(
        out,
        "{:2$}{} {3}:{4}:{5}",
        "",
        style.blue("-->"),
        number.len(),
        source.path.display(),
        position.line,
        position.column
    );
    let _ = writeln!(out, "{:margin$}{bar}", "");
    let _ = writeln!(out, "{} {bar} {}", style.blue(&number), printable(line));
    let caret = carets(line, start, span);
    let _ =
        writeln!(out, "{:margin$}{bar} {:2$}{3}", "", "", position.column - 1, style.red(caret));
    margin
}

/// One caret per character of the span, as far as it stands on this line.
fn carets(line: &str, start: usize, span: &Range<usize>) -> String {
    let from = span.start.saturating_sub(start).min(line.len());
    let to = span.end.saturating_sub(start).clamp(from, line.len());
    let width = line.get(from..to).unwrap_or_default().trim_end().chars().count();
    "^".repeat(width.max(1))
}

/// A tab moves the caret, other control characters move the terminal.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Splits `unknown field `x`, expected one of `a`, `b`` into the mistake with a guess, and what would be right.
fn reword(message: &str) -> (String, Option<String>) {
    let message = message.trim_end();
    let (wrong, right) = match message.split_once(", expected ") {
        Some((wrong, right)) => (wrong, Some(format!("expected {}", plain_type(right)))),
        None => match plainly(message) {
            Some((wrong, right)) => (wrong, Some(right.to_owned())),
            None => (message, None),
        },
    };
    if let Some(found) = wrong.strip_prefix("invalid type: ") {
        return (format!("this is of the wrong kind: {found}"), right);
    }
    let Some((what, rest)) = wrong.split_once('`') else {
        return (wrong.to_owned(), right);
    };
    let word = rest.trim_end_matches('`');
    let kind = match what.trim_end() {
        "unknown field" => "there is no key",
        "unknown variant" => "there is no value",
        "missing field" => return (format!("the key `{word}` is missing"), right),
        "duplicate field" => return (twice(word), right),
        _ => return (wrong.to_owned(), right),
    };
    let candidates = right.as_deref().unwrap_or_default().split('`').skip(1).step_by(2);
    let hint =
        nearest(word, candidates).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    (format!("{kind} `{word}`{hint}"), right)
}

fn twice(key: &str) -> String {
    format!("the key `{key}` stands twice")
}

/// A type of the program's in the words of its users.
fn plain_type(right: &str) -> &str {
    match right {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "i64" => "a whole number",
        "path string" => "a path",
        "a string" | "literal string" => "text in quotes",
        right if right.starts_with("struct ") => "a table, such as { key = value }",
        right => right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, needle: &str, message: &str) -> String {
        let start = text.find(needle).unwrap();
        let source = Arc::new(Source { path: "a.toml".into(), text: text.into() });
        let diagnostic =
            Diagnostic::at(&source, start..start + needle.len(), message).note("expected x");
        show_all(&[diagnostic], Style::Plain)
    }

    #[test]
    fn the_caret_stands_under_the_mistake() {
        assert_eq!(
            shown("[log]\n\tlevel = \"löud\" # x\n", "\"löud\"", "no level"),
            "error: no level\n --> a.toml:2:10\n  |\n2 |  level = \"löud\" # x\n  |          ^^^^^^\n  = expected x\n"
        );
    }

    #[test]
    fn a_span_of_several_lines_is_marked_on_its_first() {
        let text = "x = [\n1,\n2]\n";
        assert!(shown(text, "[\n1,\n2]", "a list").contains("1 | x = [\n  |     ^\n"));
    }

    #[test]
    fn the_readers_words_become_ours() {
        for (theirs, wrong, right) in [
            (
                "unknown field `sped`, expected one of `speed`, `format`",
                "there is no key `sped`; did you mean `speed`?",
                Some("expected one of `speed`, `format`"),
            ),
            (
                "unknown variant `x`, expected `on` or `off`",
                "there is no value `x`",
                Some("expected `on` or `off`"),
            ),
            ("missing field `name`", "the key `name` is missing", None),
            ("key with no value, expected `=`", "key with no value", Some("expected `=`")),
            (
                "invalid type: integer `1`, expected a string",
                "this is of the wrong kind: integer `1`",
                Some("expected text in quotes"),
            ),
        ] {
            assert_eq!(reword(theirs), (wrong.to_owned(), right.map(str::to_owned)));
        }
    }
}
