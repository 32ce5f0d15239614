//! Terminal types: the one word that a caller may put into a program's environment.

use crate::limits;

/// Whether a terminal type may become `TERM`: programs use it in paths of terminfo, so it names no
/// directory and begins with a letter or digit.
pub(crate) fn is_terminal_type(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    text.len() <= limits::TERMINAL
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_terminal_types_pass() {
        for text in ["vt100", "xterm-256color", "dumb", "VT220", "ansi.sys", "h19+"] {
            assert!(is_terminal_type(text), "{text}");
        }
    }

    #[test]
    fn a_terminal_type_leads_nowhere_else() {
        let long = "x".repeat(limits::TERMINAL + 1);
        for text in ["", "../x", "a/b", ".", "-f", "x y", "x\n", "x=y", "é", &long] {
            assert!(!is_terminal_type(text), "{text}");
        }
    }
}
