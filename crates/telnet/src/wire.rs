//! The bytes of RFC 854 and the option numbers.

pub(crate) const NUL: u8 = 0x00;
pub(crate) const LF: u8 = 0x0A;
pub(crate) const CR: u8 = 0x0D;

pub(crate) const EOF: u8 = 236;
pub(crate) const SUSP: u8 = 237;
pub(crate) const ABORT: u8 = 238;
pub(crate) const SE: u8 = 240;
pub(crate) const NOP: u8 = 241;
pub(crate) const BRK: u8 = 243;
pub(crate) const IP: u8 = 244;
pub(crate) const AO: u8 = 245;
pub(crate) const AYT: u8 = 246;
pub(crate) const EC: u8 = 247;
pub(crate) const EL: u8 = 248;
pub(crate) const SB: u8 = 250;
pub(crate) const IAC: u8 = 255;

/// RFC 860. It has no state: every DO is a question of its own.
pub(crate) const TIMING_MARK: u8 = 6;

/// The four commands that negotiate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Will,
    Wont,
    Do,
    Dont,
}

impl Verb {
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            251 => Some(Self::Will),
            252 => Some(Self::Wont),
            253 => Some(Self::Do),
            254 => Some(Self::Dont),
            _ => None,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Will => 251,
            Self::Wont => 252,
            Self::Do => 253,
            Self::Dont => 254,
        }
    }
}

/// The options that we may agree to. All others are refused, and no state is kept for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// RFC 856.
    Binary,
    /// RFC 857.
    Echo,
    /// RFC 858.
    SuppressGoAhead,
    /// RFC 1091.
    TerminalType,
    /// RFC 1073.
    WindowSize,
    /// RFC 2217.
    ComPort,
}

impl Known {
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Binary),
            1 => Some(Self::Echo),
            3 => Some(Self::SuppressGoAhead),
            24 => Some(Self::TerminalType),
            31 => Some(Self::WindowSize),
            44 => Some(Self::ComPort),
            _ => None,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Binary => 0,
            Self::Echo => 1,
            Self::SuppressGoAhead => 3,
            Self::TerminalType => 24,
            Self::WindowSize => 31,
            Self::ComPort => 44,
        }
    }
}
