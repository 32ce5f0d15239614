//! Colour, where there is an eye to see it.

use std::fmt::Display;
use std::io::IsTerminal;

/// Whether text may carry colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// It goes to a terminal that shows them.
    Colour,
    /// It goes to a file, a pipe, or somebody who said `NO_COLOR`.
    Plain,
}

impl Style {
    /// The style for what is written to this stream.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        if wanted && able && stream.is_terminal() { Self::Colour } else { Self::Plain }
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn red(self, text: impl Display) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(self, text: impl Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn yellow(self, text: impl Display) -> String {
        self.paint("33", text)
    }

    pub(crate) fn blue(self, text: impl Display) -> String {
        self.paint("34", text)
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        match self {
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_string(),
        }
    }
}
