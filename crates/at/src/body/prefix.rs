//! The characters that stand in front of commands.

/// The character in front of the letter of a basic command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// `&`
    Ampersand,
    /// `%`
    Percent,
    /// `\`
    Backslash,
    /// `:`
    Colon,
}

impl Prefix {
    /// The character itself.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ampersand => b'&',
            Self::Percent => b'%',
            Self::Backslash => b'\\',
            Self::Colon => b':',
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'&' => Some(Self::Ampersand),
            b'%' => Some(Self::Percent),
            b'\\' => Some(Self::Backslash),
            b':' => Some(Self::Colon),
            _ => None,
        }
    }
}

/// The character in front of a maker's own command, whose name may have several letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `#`, Rockwell: `#CID=1`
    Hash,
    /// `*`, AirLink: `*NUMTOIP?`
    Star,
    /// `-`, Rockwell: `-J1`, `-SSE=1`
    Minus,
    /// `$`
    Dollar,
    /// `!`
    Bang,
    /// `@`: our own questions and settings
    At,
    /// `^`
    Caret,
}

impl Mark {
    /// The character itself.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Hash => b'#',
            Self::Star => b'*',
            Self::Minus => b'-',
            Self::Dollar => b'$',
            Self::Bang => b'!',
            Self::At => b'@',
            Self::Caret => b'^',
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'#' => Some(Self::Hash),
            b'*' => Some(Self::Star),
            b'-' => Some(Self::Minus),
            b'$' => Some(Self::Dollar),
            b'!' => Some(Self::Bang),
            b'@' => Some(Self::At),
            b'^' => Some(Self::Caret),
            _ => None,
        }
    }
}
