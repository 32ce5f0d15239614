//! How a connection is to be treated: what its owner decides before it starts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits;

/// How one connection is to be treated.
///
/// Start from [`Options::client`] or [`Options::server`] and change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which end we are.
    pub side: Side,
    /// Whether the connection is telnet at all.
    pub mode: Mode,
    /// Who sits at the far end.
    pub profile: Profile,
    /// The terminal type that a client tells when asked; without one it refuses to have any.
    pub terminal: Option<TerminalName>,
    /// The window size that a client reports; without one it refuses to report any.
    pub size: Option<WindowSize>,
    /// Whether the connection controls a serial port (RFC 2217).
    pub com_port: ComPort,
    /// What becomes of a received CR LF while the peer is not binary.
    pub line_ends: LineEnds,
}

impl Options {
    /// The calling end: transparent, terminal type `DUMB`, no window.
    pub fn client(mode: Mode) -> Self {
        Self {
            side: Side::Client,
            mode,
            profile: Profile::Machine,
            terminal: Some(TerminalName::dumb()),
            size: None,
            com_port: ComPort::Refuse,
            line_ends: LineEnds::Keep,
        }
    }

    /// The answering end for field equipment.
    pub fn server(mode: Mode) -> Self {
        Self { side: Side::Server, terminal: None, ..Self::client(mode) }
    }
}

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that called.
    Client,
    /// The end that answered.
    Server,
}

/// Whether a connection is telnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Raw: every byte is data.
    Off,
    /// Telnet from the first byte.
    On,
    /// Raw until the peer's first bytes contain a negotiation, telnet from there.
    Auto,
    /// Telnet whose data are binary both ways whatever is agreed, and which never asks for anything.
    BinaryBlind,
}

impl Mode {
    /// The word for this mode in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Auto => "auto",
            Self::BinaryBlind => "binary-blind",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word is not one of `off`, `on`, `auto` and `binary-blind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMode;

impl fmt::Display for UnknownMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected off, on, auto or binary-blind")
    }
}

impl std::error::Error for UnknownMode {}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(word: &str) -> Result<Self, UnknownMode> {
        [Self::Off, Self::On, Self::Auto, Self::BinaryBlind]
            .into_iter()
            .find(|mode| mode.name() == word)
            .ok_or(UnknownMode)
    }
}

/// Who sits at the far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Equipment: nothing but its data may appear in the stream.
    Machine,
    /// A person at a terminal: a server asks for its type and size, and AYT gets a readable answer.
    Human,
}

/// What becomes of a received CR LF while the peer is not binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnds {
    /// Both bytes are data.
    Keep,
    /// One CR, as a key press would give: for a terminal's line discipline.
    Cr,
}

/// The part we play in RFC 2217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComPort {
    /// None: the option is refused.
    Refuse,
    /// We own the serial port and the peer controls it.
    AccessServer,
    /// We have one that the peer may control if it asks to; we don't.
    IfAsked,
    /// The peer owns the serial port and we control it.
    Client,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Characters in a line; 0 is "unknown".
    pub columns: u16,
    /// Lines; 0 is "unknown".
    pub rows: u16,
}

/// A terminal type: at most 40 letters, digits and `. _ + -`, so that it is harmless wherever it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalName(Arc<str>);

impl TerminalName {
    /// The name of a terminal that can nothing.
    pub fn dumb() -> Self {
        Self("DUMB".into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is empty, longer than 40 characters or has characters that no terminal type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTerminalName;

impl fmt::Display for BadTerminalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a terminal type is 1 to 40 letters, digits or any of . _ + -")
    }
}

impl std::error::Error for BadTerminalName {}

impl FromStr for TerminalName {
    type Err = BadTerminalName;

    fn from_str(text: &str) -> Result<Self, BadTerminalName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
        if (1..=limits::TERMINAL_NAME).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(BadTerminalName)
        }
    }
}

impl fmt::Display for TerminalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_read_back_from_its_name() {
        for mode in [Mode::Off, Mode::On, Mode::Auto, Mode::BinaryBlind] {
            assert_eq!(mode.name().parse(), Ok(mode));
        }
        assert_eq!("On".parse::<Mode>(), Err(UnknownMode));
    }

    #[test]
    fn a_terminal_name_that_could_be_a_path_or_a_command_is_refused() {
        for text in ["", "../vt100", "vt 100", "vt100;reboot", "v\u{e9}t", &"x".repeat(41)] {
            assert_eq!(text.parse::<TerminalName>(), Err(BadTerminalName), "{text}");
        }
        assert_eq!("xterm-256color".parse::<TerminalName>().unwrap().as_str(), "xterm-256color");
    }
}
