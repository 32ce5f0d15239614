//! Cutting pieces of text into lines.

use super::DecodeError;
use crate::limits;

/// The line that is begun.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    /// Lines finished so far.
    pub(super) number: u64,
    long: Long,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Long {
    #[default]
    No,
    /// The line's rest is skipped.
    Yes,
}

impl Lines {
    /// The next whole line of `text`, without its end; `text` is taken as far as it was looked at.
    pub(super) fn next(&mut self, text: &mut &[u8]) -> Option<Vec<u8>> {
        let end = text.iter().position(|byte| *byte == b'\n');
        let (line, rest) = text.split_at(end.unwrap_or(text.len()));
        *text = rest.get(1..).unwrap_or_default();
        self.keep(line);
        end?;
        self.number += 1;
        let mut line = std::mem::take(&mut self.begun);
        self.long = Long::No;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    /// The last line, if nothing ended it.
    pub(super) fn last(&mut self) -> Option<Vec<u8>> {
        (!self.begun.is_empty()).then(|| {
            self.number += 1;
            std::mem::take(&mut self.begun)
        })
    }

    /// Refuses a line that no such file has. Before a file begins anything may stand.
    pub(super) fn bounded(&self) -> Result<(), DecodeError> {
        match self.long {
            Long::No => Ok(()),
            Long::Yes => Err(DecodeError::Line { line: self.number + 1, what: "it is too long" }),
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = limits::LINE.saturating_sub(self.begun.len());
        if part.len() > room {
            self.long = Long::Yes;
        }
        self.begun.extend(part.iter().take(room));
    }
}

/// A name as a file says it: printable, of a bounded length.
pub(super) fn name(bytes: &[u8]) -> Option<String> {
    let name: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .take(limits::NAME)
        .collect();
    (!name.is_empty()).then_some(name)
}
