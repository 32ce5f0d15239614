//! Function 08: tests and counters of the serial line.

use super::reader::{Reader, put_words};
use super::{PduError, Row};
use crate::limits;

/// A counter of the line, as function 08 numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Counter {
    /// Messages on the bus, whomever for.
    BusMessages = 0x0b,
    /// Messages with a wrong CRC.
    BusErrors = 0x0c,
    /// Exceptions that the unit answered.
    Exceptions = 0x0d,
    /// Messages for the unit, broadcasts included.
    UnitMessages = 0x0e,
    /// Messages for the unit that it left unanswered.
    Unanswered = 0x0f,
    /// Messages that it refused with exception 07.
    NegativeAcknowledges = 0x10,
    /// Messages that it refused because it was busy.
    Busy = 0x11,
    /// Messages that it lost because characters came too fast.
    Overruns = 0x12,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::BusMessages,
        Self::BusErrors,
        Self::Exceptions,
        Self::UnitMessages,
        Self::Unanswered,
        Self::NegativeAcknowledges,
        Self::Busy,
        Self::Overruns,
    ];

    fn of(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|counter| *counter as u16 == code)
    }
}

/// What function 08 asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Diagnostic {
    /// 00: say the same back. Over RTU more than one word is only recognised after a silence.
    Echo(Row<u16, 1, { limits::ECHO }>),
    /// 01: restart communication, leave listen-only mode; `clear_log` forgets the event log too.
    Restart {
        /// Whether the event log is cleared.
        clear_log: bool,
    },
    /// 02: the diagnostic register.
    Register,
    /// 03: this character ends ASCII frames from now on instead of LF.
    Delimiter(u8),
    /// 04: hear everything and answer nothing. Not even this is answered.
    ListenOnly,
    /// 0A: set all counters to zero.
    Clear,
    /// 0B to 12: tell a counter.
    Count(Counter),
    /// 14: set the overrun counter to zero.
    ClearOverruns,
}

impl Diagnostic {
    /// The number of the sub-function.
    pub const fn sub_function(&self) -> u16 {
        match self {
            Self::Echo(_) => 0x00,
            Self::Restart { .. } => 0x01,
            Self::Register => 0x02,
            Self::Delimiter(_) => 0x03,
            Self::ListenOnly => 0x04,
            Self::Clear => 0x0a,
            Self::Count(counter) => *counter as u16,
            Self::ClearOverruns => 0x14,
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_words(out, &[self.sub_function()]);
        match self {
            Self::Echo(words) => put_words(out, words),
            Self::Restart { clear_log: true } => put_words(out, &[0xff00]),
            Self::Delimiter(character) => out.extend([*character, 0]),
            _ => put_words(out, &[0]),
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        let code = reader.u16()?;
        if code == 0 {
            let words = reader.words(reader.left())?;
            return Row::new(words).map(Self::Echo);
        }
        let word = reader.u16()?;
        let zero = |this: Self| match word {
            0 => Ok(this),
            value => Err(PduError::Value { what: "word of a diagnostic that takes none", value }),
        };
        match code {
            0x01 => match word {
                0 => Ok(Self::Restart { clear_log: false }),
                0xff00 => Ok(Self::Restart { clear_log: true }),
                value => Err(PduError::Value { what: "way to restart", value }),
            },
            0x02 => zero(Self::Register),
            0x03 => match word.to_be_bytes() {
                [character, 0] => Ok(Self::Delimiter(character)),
                _ => Err(PduError::Value { what: "end of an ASCII frame", value: word }),
            },
            0x04 => zero(Self::ListenOnly),
            0x0a => zero(Self::Clear),
            0x14 => zero(Self::ClearOverruns),
            code => match Counter::of(code) {
                Some(counter) => zero(Self::Count(counter)),
                None => Err(PduError::SubFunction { code }),
            },
        }
    }
}
