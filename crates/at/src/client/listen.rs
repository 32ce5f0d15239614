//! From bytes to lines.

use crate::limits::REPLY_MAX;

/// Gathers a modem's lines. However long one is, little is kept of it.
#[derive(Debug, Default)]
pub(super) struct Listener {
    line: String,
    before: Before,
}

/// What came right before the line that is being gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    Cr,
    Lf,
}

/// A line that has just come to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) end: LineEnd,
}

/// What is still to come of a line's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// All of it was there.
    Whole,
    /// Its CR was there; an LF follows, since an LF stood before the line.
    LfFollows,
    /// Its CR was there, and no LF before it: the short form, unless an LF follows after all.
    Short,
}

impl Listener {
    /// The next byte; a line, if it ends one with something in it.
    pub(super) fn push(&mut self, byte: u8) -> Option<Line> {
        // A modem at another format sends parity in the eighth bit.
        match byte & 0x7F {
            b'\r' => self.end(Before::Cr),
            b'\n' => self.end(Before::Lf),
            0 => None,
            seven => {
                if self.line.len() < REPLY_MAX {
                    self.line.push(char::from(seven));
                }
                None
            }
        }
    }

    fn end(&mut self, with: Before) -> Option<Line> {
        let before = std::mem::replace(&mut self.before, with);
        let text = std::mem::take(&mut self.line);
        if text.trim().is_empty() {
            return None;
        }
        let end = match (with, before) {
            (Before::Lf, _) => LineEnd::Whole,
            (_, Before::Lf) => LineEnd::LfFollows,
            _ => LineEnd::Short,
        };
        Some(Line { text, end })
    }

    /// Forgets what came so far: it was no answer to what is about to be said.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Line> {
        let mut listener = Listener::default();
        bytes.iter().filter_map(|byte| listener.push(*byte)).collect()
    }

    fn line(text: &str, end: LineEnd) -> Line {
        Line { text: text.into(), end }
    }

    #[test]
    fn long_and_short_forms_are_told_by_what_stands_around_them() {
        assert_eq!(lines(b"\r\nOK\r\n"), [line("OK", LineEnd::LfFollows)]);
        assert_eq!(lines(b"ATZ\r0\r"), [line("ATZ", LineEnd::Short), line("0", LineEnd::Short)]);
        assert_eq!(lines(b"OK\n"), [line("OK", LineEnd::Whole)]);
    }

    #[test]
    fn parity_nuls_and_endless_lines_do_no_harm() {
        let even: Vec<u8> = b"\r\nOK\r\n\0".iter().map(|byte| byte | 0x80).collect();
        assert_eq!(lines(&even), [line("OK", LineEnd::LfFollows)]);
        let noise = [vec![b'x'; 100_000], b"\r".to_vec()].concat();
        assert_eq!(lines(&noise).first().map(|line| line.text.len()), Some(REPLY_MAX));
    }
}
