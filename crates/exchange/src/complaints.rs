//! What a program on pipes writes to standard error, for the log.

use std::task::{Context, Poll};

use tty::ErrorOutput;

use crate::call::CallId;
use crate::limits;

/// How much a program has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It says no more.
    All,
    /// There may be more, but others have their turn first.
    Some,
}

/// Reads standard error to its end, whatever comes; a bounded part of it gets into the log.
pub(crate) struct Complaints {
    output: ErrorOutput,
    line: Vec<u8>,
    lines_left: u32,
}

impl Complaints {
    pub(crate) fn new(output: ErrorOutput) -> Self {
        Self { output, line: Vec::new(), lines_left: limits::STDERR_LINES }
    }

    /// Reads what is there, a few pieces at most.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, call: CallId) -> Poll<Said> {
        carrier::scratch::with(|buf| {
            for _ in 0..limits::TURNS {
                match self.output.poll_read(cx, buf) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(0) | Err(_)) => {
                        self.log(call);
                        return Poll::Ready(Said::All);
                    }
                    Poll::Ready(Ok(count)) => self.take(buf.get(..count).unwrap_or_default(), call),
                }
            }
            Poll::Ready(Said::Some)
        })
    }

    fn take(&mut self, bytes: &[u8], call: CallId) {
        for byte in bytes {
            if self.lines_left == 0 {
                return;
            }
            if *byte == b'\n' || self.line.len() == limits::STDERR_LINE {
                self.log(call);
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
    }

    fn log(&mut self, call: CallId) {
        if self.line.is_empty() || self.lines_left == 0 {
            return;
        }
        self.lines_left -= 1;
        let text = String::from_utf8_lossy(&self.line);
        // A program's words must not draw on the terminal of whoever reads the log.
        tracing::info!(%call, "program says: {}", text.trim_end().escape_debug());
        match self.lines_left {
            0 => {
                tracing::info!(%call, "program says more than {} lines; the rest is not logged", limits::STDERR_LINES);
                self.line = Vec::new();
            }
            _ => self.line.clear(),
        }
    }
}
