//! The numbers and texts of result codes, which differ by family of modems.

use std::borrow::Cow;
use std::fmt;

use super::ResultCode;
use super::rates::{GSM, HAYES, ROCKWELL, USR};
use crate::limits::{CODE_ENTRIES_MAX, CODE_TEXT_MAX};

/// Whose numbers are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Family {
    /// Hayes, and Conexant after it.
    #[default]
    Hayes,
    /// Rockwell RC series.
    Rockwell,
    /// U.S. Robotics Courier and Sportster.
    Usr,
    /// Data modems in mobile telephones.
    Gsm,
}

impl Family {
    const ALL: [Self; 4] = [Self::Hayes, Self::Rockwell, Self::Usr, Self::Gsm];

    /// Its name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hayes => "hayes",
            Self::Rockwell => "rockwell",
            Self::Usr => "usr",
            Self::Gsm => "gsm",
        }
    }

    /// The family called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    const fn rates(self) -> &'static [(u32, u16)] {
        match self {
            Self::Hayes => HAYES,
            Self::Rockwell => ROCKWELL,
            Self::Usr => USR,
            Self::Gsm => GSM,
        }
    }

    /// The code that a modem of this family means by `number`.
    ///
    /// ```
    /// use at::result::{Family, ResultCode};
    ///
    /// assert_eq!(Family::Hayes.code(12), Some(ResultCode::Connect(Some(9600))));
    /// assert_eq!(Family::Usr.code(12), None, "VOICE there");
    /// ```
    pub fn code(self, number: u16) -> Option<ResultCode> {
        let own = |code: &ResultCode| self.number(*code) == Some(number);
        ResultCode::ALL.into_iter().find(own).or_else(|| {
            let rate = self.rates().iter().find(|(_, known)| *known == number);
            rate.map(|(rate, _)| ResultCode::Connect(Some(*rate)))
        })
    }

    /// `None`: this family has no such code and says `NO CARRIER` instead.
    const fn number(self, code: ResultCode) -> Option<u16> {
        match (code, self) {
            (ResultCode::Ok, _) => Some(0),
            (ResultCode::Connect(_), _) => Some(1),
            (ResultCode::Ring, _) => Some(2),
            (ResultCode::NoCarrier, _) => Some(3),
            (ResultCode::Error, _) => Some(4),
            (ResultCode::NoDialtone, _) => Some(6),
            (ResultCode::Busy, _) => Some(7),
            (ResultCode::NoAnswer, _) => Some(8),
            (ResultCode::Delayed, Self::Rockwell) => Some(24),
            (ResultCode::Delayed, Self::Gsm) => Some(13),
            (ResultCode::Blacklisted, Self::Rockwell) => Some(32),
            (ResultCode::Blacklisted, Self::Gsm) => Some(14),
            (ResultCode::Delayed | ResultCode::Blacklisted, Self::Hayes | Self::Usr) => None,
        }
    }
}

/// The numbers and texts in use: a family's, with a profile's own entries over them.
///
/// ```
/// use at::result::{Codes, Family, ResultCode};
///
/// let mut codes = Codes::new(Family::Usr);
/// assert_eq!(codes.number(ResultCode::Connect(Some(9600))), 13);
/// codes.set_text(ResultCode::NoDialtone, "NO DIAL TONE")?;
/// assert_eq!(codes.text(ResultCode::NoDialtone), "NO DIAL TONE");
/// # Ok::<(), at::result::CodesError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Codes {
    family: Family,
    numbers: Vec<(ResultCode, u16)>,
    texts: Vec<(ResultCode, String)>,
}

impl Codes {
    /// A family's codes as they are.
    pub const fn new(family: Family) -> Self {
        Self { family, numbers: Vec::new(), texts: Vec::new() }
    }

    /// Gives a code its own number. `Connect(Some(rate))` sets it for that rate, `Connect(None)`
    /// for the bare word and for rates without a number of their own.
    pub fn set_number(&mut self, code: ResultCode, number: u16) -> Result<(), CodesError> {
        set(&mut self.numbers, code, number)
    }

    /// Gives a code its own text, such as `NO DIAL TONE`. The text of `Connect(None)` stands in
    /// front of every rate.
    pub fn set_text(&mut self, code: ResultCode, text: &str) -> Result<(), CodesError> {
        if text.is_empty() || text.len() > CODE_TEXT_MAX || text.contains(|c: char| c.is_control())
        {
            return Err(CodesError::Text);
        }
        set(&mut self.texts, code, text.to_owned())
    }

    /// The number a code goes by in the short form.
    pub fn number(&self, code: ResultCode) -> u16 {
        if let Some(own) = own(&self.numbers, code) {
            return *own;
        }
        let known = match code {
            ResultCode::Connect(Some(rate)) => self.rate_number(rate),
            other => self.family.number(other),
        };
        known.unwrap_or_else(|| self.number(stand_in(code)))
    }

    fn rate_number(&self, rate: u32) -> Option<u16> {
        self.family.rates().iter().find(|entry| entry.0 == rate).map(|entry| entry.1)
    }

    /// The words of a code in the long form.
    pub fn text(&self, code: ResultCode) -> Cow<'_, str> {
        if let Some(own) = own(&self.texts, code) {
            return Cow::Borrowed(own);
        }
        let words = match code {
            ResultCode::Ok => "OK",
            ResultCode::Connect(Some(rate)) => {
                return Cow::Owned(format!("{} {rate}", self.text(ResultCode::Connect(None))));
            }
            ResultCode::Connect(None) => "CONNECT",
            ResultCode::Ring => "RING",
            ResultCode::NoCarrier => "NO CARRIER",
            ResultCode::Error => "ERROR",
            ResultCode::NoDialtone => "NO DIALTONE",
            ResultCode::Busy => "BUSY",
            ResultCode::NoAnswer => "NO ANSWER",
            ResultCode::Delayed if self.has(code) => "DELAYED",
            ResultCode::Blacklisted if self.has(code) => "BLACKLISTED",
            ResultCode::Delayed | ResultCode::Blacklisted => {
                return self.text(ResultCode::NoCarrier);
            }
        };
        Cow::Borrowed(words)
    }

    fn has(&self, code: ResultCode) -> bool {
        self.family.number(code).is_some() || own(&self.numbers, code).is_some()
    }
}

/// What is said in place of a code that has no number. Ends with one that every family has.
const fn stand_in(code: ResultCode) -> ResultCode {
    match code {
        ResultCode::Connect(Some(_)) => ResultCode::Connect(None),
        _ => ResultCode::NoCarrier,
    }
}

fn own<T>(entries: &[(ResultCode, T)], code: ResultCode) -> Option<&T> {
    entries.iter().find(|entry| entry.0 == code).map(|entry| &entry.1)
}

fn set<T>(entries: &mut Vec<(ResultCode, T)>, code: ResultCode, to: T) -> Result<(), CodesError> {
    if let Some(entry) = entries.iter_mut().find(|entry| entry.0 == code) {
        entry.1 = to;
    } else if entries.len() < CODE_ENTRIES_MAX {
        entries.push((code, to));
    } else {
        return Err(CodesError::TooMany);
    }
    Ok(())
}

/// Why a profile's own entry is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodesError {
    /// There are [`CODE_ENTRIES_MAX`] entries already.
    TooMany,
    /// The text is empty, longer than [`CODE_TEXT_MAX`], or has control characters.
    Text,
}

impl fmt::Display for CodesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "more than {CODE_ENTRIES_MAX} result codes of its own"),
            Self::Text => {
                write!(f, "the text of a result code is 1 to {CODE_TEXT_MAX} printable bytes")
            }
        }
    }
}

impl std::error::Error for CodesError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(family: Family, rates: &[u32]) -> Vec<u16> {
        let codes = Codes::new(family);
        rates.iter().map(|&rate| codes.number(ResultCode::Connect(Some(rate)))).collect()
    }

    #[test]
    fn each_family_numbers_its_rates_its_own_way() {
        let rates = [300, 1200, 2400, 4800, 7200, 9600, 14_400, 19_200, 28_800];
        assert_eq!(numbers(Family::Hayes, &rates), [1, 5, 10, 11, 24, 12, 13, 14, 58]);
        assert_eq!(numbers(Family::Rockwell, &rates), [1, 5, 10, 11, 13, 12, 15, 16, 64]);
        assert_eq!(numbers(Family::Usr, &rates), [1, 5, 10, 18, 20, 13, 25, 85, 107]);
        assert_eq!(numbers(Family::Gsm, &rates), [1, 5, 10, 11, 1, 12, 17, 18, 19]);
    }

    #[test]
    fn the_numbers_a_campbell_com220_understands_are_those_of_usr() {
        let rates = [300, 1200, 2400, 9600, 4800, 7200, 12_000, 14_400];
        assert_eq!(numbers(Family::Usr, &rates), [1, 5, 10, 13, 18, 20, 21, 25]);
    }

    #[test]
    fn the_core_numbers_are_the_same_everywhere() {
        let core = [
            (ResultCode::Ok, 0, "OK"),
            (ResultCode::Connect(None), 1, "CONNECT"),
            (ResultCode::Ring, 2, "RING"),
            (ResultCode::NoCarrier, 3, "NO CARRIER"),
            (ResultCode::Error, 4, "ERROR"),
            (ResultCode::NoDialtone, 6, "NO DIALTONE"),
            (ResultCode::Busy, 7, "BUSY"),
            (ResultCode::NoAnswer, 8, "NO ANSWER"),
        ];
        for family in Family::ALL {
            let codes = Codes::new(family);
            for (code, number, text) in core {
                assert_eq!((codes.number(code), &*codes.text(code)), (number, text));
            }
        }
    }

    #[test]
    fn a_rate_without_a_number_is_a_bare_connect_in_the_short_form_only() {
        let codes = Codes::new(Family::Hayes);
        let odd = ResultCode::Connect(Some(31_250));
        assert_eq!((codes.number(odd), &*codes.text(odd)), (1, "CONNECT 31250"));
    }

    #[test]
    fn a_family_without_blacklisted_says_no_carrier() {
        let hayes = Codes::new(Family::Hayes);
        assert_eq!(
            (hayes.number(ResultCode::Blacklisted), &*hayes.text(ResultCode::Blacklisted)),
            (3, "NO CARRIER")
        );
        let rockwell = Codes::new(Family::Rockwell);
        assert_eq!(
            (rockwell.number(ResultCode::Blacklisted), &*rockwell.text(ResultCode::Blacklisted)),
            (32, "BLACKLISTED")
        );
    }

    #[test]
    fn a_profile_s_own_entries_win() {
        let mut codes = Codes::new(Family::Hayes);
        codes.set_number(ResultCode::Connect(Some(300)), 40).unwrap();
        codes.set_number(ResultCode::Blacklisted, 9).unwrap();
        codes.set_text(ResultCode::Blacklisted, "BLOCKED").unwrap();
        codes.set_text(ResultCode::Connect(None), "CARRIER DETECTED").unwrap();
        assert_eq!(codes.number(ResultCode::Connect(Some(300))), 40);
        assert_eq!(codes.number(ResultCode::Connect(Some(1200))), 5);
        assert_eq!(codes.number(ResultCode::Blacklisted), 9);
        assert_eq!(codes.text(ResultCode::Blacklisted), "BLOCKED");
        assert_eq!(codes.text(ResultCode::Connect(Some(1200))), "CARRIER DETECTED 1200");
    }

    #[test]
    fn own_entries_are_bounded_and_printable() {
        let mut codes = Codes::default();
        for text in ["", "two\r\nlines", &"x".repeat(CODE_TEXT_MAX + 1)] {
            assert_eq!(codes.set_text(ResultCode::Ok, text), Err(CodesError::Text));
        }
        for rate in 0..CODE_ENTRIES_MAX as u32 {
            codes.set_number(ResultCode::Connect(Some(rate)), 1).unwrap();
        }
        assert_eq!(codes.set_number(ResultCode::Ok, 1), Err(CodesError::TooMany));
        assert_eq!(codes.set_number(ResultCode::Connect(Some(3)), 2), Ok(()));
    }

    #[test]
    fn a_family_is_found_by_its_name() {
        for family in Family::ALL {
            assert_eq!(Family::from_name(family.name()), Some(family));
        }
    }
}
