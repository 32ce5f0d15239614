//! The operator's own orders, typed after a line's end: `~.` and its kin.

/// What the operator typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A byte for the far end.
    Byte(u8),
    /// `~.`: hang up.
    HangUp,
    /// `~#`: send a break.
    Break,
    /// `~e`: show what is typed, or stop showing it.
    Echo,
    /// `~?`: which orders are there?
    Help,
}

/// Finds the orders among what is typed.
///
/// ```text
///  AtLineStart ──~──► Held ──order──► AtLineStart
///    ▲    └─other─┐     └─other─┐
///    └─CR/LF── InLine ◄─────────┘
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tilde {
    /// A `~` would begin an order.
    #[default]
    AtLineStart,
    /// It did.
    Held,
    /// It would not.
    InLine,
}

impl Tilde {
    /// What a typed byte means: nothing yet, or one or two things.
    pub(super) fn push(&mut self, byte: u8) -> [Option<Typed>; 2] {
        let line_start = matches!(byte, b'\r' | b'\n');
        let after = if line_start { Self::AtLineStart } else { Self::InLine };
        let (next, typed) = match (*self, byte) {
            (Self::AtLineStart, b'~') => (Self::Held, [None, None]),
            (Self::Held, b'.') => (Self::AtLineStart, [Some(Typed::HangUp), None]),
            (Self::Held, b'#') => (Self::AtLineStart, [Some(Typed::Break), None]),
            (Self::Held, b'e') => (Self::AtLineStart, [Some(Typed::Echo), None]),
            (Self::Held, b'?') => (Self::AtLineStart, [Some(Typed::Help), None]),
            (Self::Held, b'~') => (Self::InLine, [Some(Typed::Byte(b'~')), None]),
            (Self::Held, byte) => (after, [Some(Typed::Byte(b'~')), Some(Typed::Byte(byte))]),
            (_, byte) => (after, [Some(Typed::Byte(byte)), None]),
        };
        *self = next;
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<Typed> {
        let mut tilde = Tilde::default();
        text.bytes().flat_map(|byte| tilde.push(byte)).flatten().collect()
    }

    fn bytes(text: &str) -> Vec<Typed> {
        text.bytes().map(Typed::Byte).collect()
    }

    #[test]
    fn an_order_counts_at_the_start_of_a_line_only() {
        assert_eq!(typed("~."), [Typed::HangUp]);
        assert_eq!(typed("a~."), bytes("a~."));
        assert_eq!(
            typed("a\r~#~e~?"),
            [bytes("a\r"), vec![Typed::Break, Typed::Echo, Typed::Help]].concat()
        );
    }

    #[test]
    fn two_tildes_are_one_and_other_letters_pass() {
        assert_eq!(typed("~~."), bytes("~."));
        assert_eq!(typed("~x~."), bytes("~x~."));
        assert_eq!(typed("~\r~."), [bytes("~\r"), vec![Typed::HangUp]].concat());
    }
}
