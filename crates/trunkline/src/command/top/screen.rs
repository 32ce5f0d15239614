//! The screen: what has changed is sent, and all is as it was afterwards.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic;
use std::sync::Once;

use crate::style::Style;

/// A page of its own, without a cursor, and no line is ever wrapped.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// The terminal's other page, until dropped or until the program panics.
pub(super) struct Screen {
    style: Style,
    shown: Vec<String>,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn enter(style: Style) -> io::Result<Self> {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let next = panic::take_hook();
            panic::set_hook(Box::new(move |message| {
                leave();
                next(message);
            }));
        });
        put(ENTER)?;
        Ok(Self { style, shown: Vec::new() })
    }

    pub(super) const fn style(&self) -> Style {
        self.style
    }

    /// Shows these lines, and sends those that are others than before.
    pub(super) fn show(&mut self, lines: Vec<String>) -> io::Result<()> {
        let sent = difference(&self.shown, &lines);
        self.shown = lines;
        if sent.is_empty() { Ok(()) } else { put(&sent) }
    }

    /// The terminal has lost what it showed.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
        // The next picture comes from an empty page; if it can't be sent, neither can that.
        let _ = put("\x1b[0m\x1b[2J");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn leave() {
    // A terminal that is gone needs no cleaning.
    let _ = put(LEAVE);
}

fn put(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn difference(before: &[String], now: &[String]) -> String {
    let mut out = String::new();
    for n in 0..before.len().max(now.len()) {
        let (old, new) = (before.get(n), now.get(n));
        if old != new {
            let text = new.map_or("", String::as_str);
            let _ = write!(out, "\x1b[{};1H{text}\x1b[0m\x1b[K", n + 1);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_have_changed_are_sent() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(difference(&lines("a b c"), &lines("a b c")), "");
        assert_eq!(difference(&lines("a b c"), &lines("a x c")), "\x1b[2;1Hx\x1b[0m\x1b[K");
        assert_eq!(difference(&lines("a b"), &lines("a")), "\x1b[2;1H\x1b[0m\x1b[K");
        assert!(difference(&[], &lines("a b")).contains("\x1b[2;1Hb"));
    }
}
