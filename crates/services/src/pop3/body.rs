//! A mail as it comes: a dot in front of those at the begin of a line, and one alone at the end.

use std::ops::ControlFlow;

use memchr::memchr;

use crate::Out;

/// Where in a mail we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Body {
    /// At the begin of a line.
    #[default]
    Begin,
    /// Behind a dot there.
    Dot,
    /// Behind a dot and a return there.
    DotReturn,
    /// Within a line.
    Within,
}

impl Body {
    /// Takes a piece off the front of `bytes`; breaks behind the end.
    pub(crate) fn next(&mut self, bytes: &mut &[u8], out: &mut dyn Out) -> ControlFlow<()> {
        let Some((&first, rest)) = bytes.split_first() else { return ControlFlow::Continue(()) };
        match (*self, first) {
            (Self::Begin, b'.') => (*self, *bytes) = (Self::Dot, rest),
            (Self::Dot, b'\r') => (*self, *bytes) = (Self::DotReturn, rest),
            (Self::Dot | Self::DotReturn, b'\n') => {
                *bytes = rest;
                return ControlFlow::Break(());
            }
            (Self::Dot, _) => *self = Self::Within,
            // It was no end: the return is the mail's own.
            (Self::DotReturn, _) => {
                out.file(b"\r");
                *self = Self::Within;
            }
            (Self::Begin | Self::Within, _) => {
                let end = memchr(b'\n', bytes);
                let length = end.map_or(bytes.len(), |end| end + 1);
                let (line, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
                out.file(line);
                *self = if end.is_some() { Self::Begin } else { Self::Within };
                *bytes = rest;
            }
        }
        ControlFlow::Continue(())
    }
}
