//! What a session says, and what it lets a name be.

use std::time::Duration;

use crate::config::{Echo, LoginConfig};

/// The texts and rules of a login, shared by all sessions of an exchange.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) banner: Vec<u8>,
    pub(super) name_prompt: Vec<u8>,
    pub(super) password_prompt: Vec<u8>,
    pub(super) refusal: Vec<u8>,
    pub(super) welcome: Vec<u8>,
    pub(super) goodbye: Vec<u8>,
    pub(super) timed_out: Vec<u8>,
    pub(crate) busy: Vec<u8>,
    pub(crate) calling_back: Vec<u8>,
    pub(crate) unavailable: Vec<u8>,
    pub(super) echo: Echo,
    pub(crate) tries: u32,
    pub(crate) deadline: Duration,
    name_characters: Vec<u8>,
}

impl Script {
    /// Prepares texts for the wire.
    pub fn new(config: &LoginConfig) -> Self {
        Self {
            banner: line(&config.banner),
            name_prompt: text(&config.name_prompt),
            password_prompt: text(&config.password_prompt),
            refusal: line(&config.refusal),
            welcome: line(&config.welcome),
            goodbye: line(&config.goodbye),
            timed_out: line(&config.timed_out),
            busy: line(&config.busy),
            calling_back: line(&config.calling_back),
            unavailable: line(&config.unavailable),
            echo: config.echo,
            tries: config.tries.max(1),
            deadline: config.deadline.0,
            name_characters: config.name_characters.clone().into_bytes(),
        }
    }

    /// Whether a name may be looked up. A leading `-` never passes: `login` programs have taken it
    /// for an option, and a name may end up in some program's argument one day.
    pub(crate) fn is_name(&self, name: &[u8]) -> bool {
        let allowed = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || (byte.is_ascii_graphic() && self.name_characters.contains(byte))
        };
        !name.is_empty() && !name.starts_with(b"-") && name.iter().all(allowed)
    }
}

/// A text with the line ends of the wire.
fn text(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

/// A text that ends its line, unless there is none.
pub(crate) fn line(line: &str) -> Vec<u8> {
    let mut line = text(line);
    if !line.is_empty() && !line.ends_with(b"\n") {
        line.extend_from_slice(b"\r\n");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_get_the_line_ends_of_the_wire_once() {
        assert_eq!(text("a\nb\r\nc"), b"a\r\nb\r\nc");
        assert_eq!(line("a"), b"a\r\n");
        assert_eq!(line("a\n"), b"a\r\n");
        assert_eq!(line(""), b"");
    }

    #[test]
    fn a_name_is_narrow() {
        let script = Script::new(&LoginConfig::default());
        for name in ["rtu", "site-0042", "A.b_c+d@e"] {
            assert!(script.is_name(name.as_bytes()), "{name}");
        }
        for name in
            ["", "-f", "-froot", " rtu", "rtu ", "a b", "a/b", "a\tb", "a;b", "caf\u{e9}", "a$b"]
        {
            assert!(!script.is_name(name.as_bytes()), "{name}");
        }
    }
}
