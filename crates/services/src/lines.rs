//! Lines of a server, however they are cut.

use memchr::memchr;

use crate::limits::LINE;

/// What there is of a line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// Takes a line off the front of `bytes`, without its end; none as long as it isn't whole.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<String> {
        let end = memchr(b'\n', bytes);
        let (line, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len()))?;
        let room = LINE.saturating_sub(self.0.len());
        self.0.extend(line.iter().take(room));
        *bytes = rest.get(1..).unwrap_or_default();
        end?;
        let line = std::mem::take(&mut self.0);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        Some(String::from_utf8_lossy(line).into_owned())
    }
}

/// An answer of FTP and SMTP: three digits, and more lines behind a hyphen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// Its lines, without their codes where they have one.
    pub(crate) text: Vec<String>,
}

/// Gathers the lines of answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replies {
    lines: Lines,
    begun: Option<Reply>,
}

/// A line that is none of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoReply;

impl Replies {
    /// Takes an answer off the front of `bytes`.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<Result<Reply, NoReply>> {
        loop {
            let line = self.lines.next(bytes)?;
            let code = line.get(..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            let code = code.and_then(|digits| digits.parse().ok());
            let rest = line.get(4..).unwrap_or_default().to_owned();
            let goes_on = line.as_bytes().get(3) == Some(&b'-');
            match (&mut self.begun, code) {
                (None, None) => return Some(Err(NoReply)),
                (None, Some(code)) => {
                    let reply = Reply { code, text: vec![rest] };
                    if !goes_on {
                        return Some(Ok(reply));
                    }
                    self.begun = Some(reply);
                }
                (Some(reply), code) => {
                    let own = code == Some(reply.code);
                    if reply.text.len() >= crate::limits::LINES {
                        self.begun = None;
                        return Some(Err(NoReply));
                    }
                    // FTP's lines in between need no code.
                    reply.text.push(if own { rest } else { line });
                    if own && !goes_on {
                        return self.begun.take().map(Ok);
                    }
                }
            }
        }
    }
}
