//! The head of an answer.

use crate::limits::{HEADERS, LINES};
use crate::lines::Lines;

/// What a server says of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) code: u16,
    pub(crate) reason: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The values of the headers of a name, with commas between them.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let named = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<_> = named.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Reads a head, however it is cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    lines: Lines,
    head: Head,
    count: usize,
    kept: usize,
}

/// It is no head of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoHead;

impl Reader {
    /// Takes a head off the front of `bytes`; none as long as it isn't whole.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Result<Head, NoHead>> {
        while let Some(line) = self.lines.next(bytes) {
            self.count += 1;
            if self.count > LINES {
                return Some(Err(NoHead));
            }
            if self.head.code == 0 {
                // Feeds in front of a status line are forgiven: RFC 9112, 2.2.
                if !line.is_empty() && self.status(&line).is_none() {
                    return Some(Err(NoHead));
                }
            } else if line.is_empty() {
                return Some(Ok(std::mem::take(self).head));
            } else if let Some((name, value)) = line.split_once(':') {
                self.kept += line.len();
                if self.kept <= HEADERS {
                    self.head.headers.push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
        None
    }

    fn status(&mut self, line: &str) -> Option<()> {
        let rest = line.strip_prefix("HTTP/1.")?.get(1..)?.strip_prefix(' ')?;
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        self.head.code = code.parse().ok().filter(|code| (100..1000).contains(code))?;
        self.head.reason = reason.trim().to_owned();
        Some(())
    }
}
