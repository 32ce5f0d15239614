//! What follows `D`: one grammar for every form of number, name and address that modems take.
//!
//! [`Dial::parse`] reads a dial string as it was typed. [`Dial::keys`] says what to look for in a
//! phonebook, and only when that knows nothing, [`Dial::target`] reads the string as what it looks
//! like. Where a string can be read in two ways, these rules decide:
//!
//! * One leading `T` or `P` is a modifier, never part of a name: `ATDtower.example` calls
//!   `ower.example`, unless the phonebook has `tower.example`, which is looked up first. `ATDT` or
//!   quotes help. A URL of a known scheme keeps its first letter (`ATDtls://…`).
//! * `L` is the last number only when nothing follows; `S3` and `S=3` are a stored number only when
//!   digits go on to the end. `ATDlocalhost` and `ATDserver7.example` are names.
//! * Four groups of digits, each up to 255, are an address whatever single separator stands between
//!   them, and a fifth group is a port. Separators other than `.`, `,` and `*` make a telephone
//!   number of it when a group has leading zeros that don't fill three digits, as in
//!   `01-23-45-67-89`.
//! * 12 digits are an address if each triple is up to 255, and up to five more digits are a port.
//!   [`DigitsAreIp::No`] turns this, and all separators that telephone numbers have, off.
//! * Four dotted groups of up to three digits with one above 255 are a mistyped address, not a
//!   telephone number; anything else of digits is a number for the phonebook.
//! * `W` and `R`, and a `T` or `P` inside, are modifiers in a number of three digits or more that
//!   has no dots; `W` also behind any number, and alone. Everywhere else letters make a name:
//!   `ATDTw3.example`, `ATDTrt1`.
//! * In quotes nothing is a modifier.

mod host;
mod numeric;
mod syntax;
mod target;
mod url;

use std::borrow::Cow;

use crate::limits::DIAL_MAX;

pub use syntax::DialSyntax;
pub use target::{DialRules, DigitsAreIp, Target};

/// One dial string.
///
/// ```
/// use at::dial::{Dial, DialRules, Target};
///
/// let dial = Dial::parse(b"T192,168,254,254,2003")?;
/// assert_eq!(dial.target(&DialRules::default())?.to_string(), "192.168.254.254:2003");
///
/// let dial = Dial::parse(b"T(555) 1212")?;
/// assert_eq!(dial.keys().collect::<Vec<_>>(), ["T(555) 1212", "(555) 1212", "5551212"]);
/// assert_eq!(dial.target(&DialRules::default())?, Target::Number("5551212".into()));
/// # Ok::<(), at::dial::DialSyntax>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    text: String,
    quoting: Quoting,
    then: Then,
}

/// Whether a dial string was quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// As telephones are dialled: modifiers count.
    Plain,
    /// Between quotes: everything is literal. The modifier is the one in front of the quotes.
    Quoted {
        /// `T` or `P` in upper case.
        modifier: Option<char>,
    },
}

/// What happens once a call is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Data state.
    GoOnline,
    /// Command state: the string ended in `;`.
    StayInCommand,
}

/// A dial string that stands for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recall {
    /// `L`: the last number dialled.
    Last,
    /// `L?`: show it.
    ShowLast,
    /// `S=3`, `S3`: a stored number. The slot saturates.
    Stored(u16),
}

/// Cuts what follows `D` behind the first `;` outside quotes and brackets.
pub fn split(rest: &[u8]) -> (&[u8], &[u8]) {
    let mut closing = None;
    let end = rest.iter().position(|&byte| {
        match (closing, byte) {
            (None, b'"') => closing = Some(b'"'),
            (None, b'[') => closing = Some(b']'),
            (Some(close), _) if close == byte => closing = None,
            _ => {}
        }
        closing.is_none() && byte == b';'
    });
    end.and_then(|at| rest.split_at_checked(at + 1)).unwrap_or((rest, &[]))
}

impl Dial {
    /// Reads what follows `D`, up to the end of the line or a `;` and without commands after it.
    pub fn parse(rest: &[u8]) -> Result<Self, DialSyntax> {
        let (dialled, after) = split(rest);
        if !after.trim_ascii().is_empty() {
            return Err(DialSyntax::AfterSemicolon);
        }
        let (dialled, then) = match dialled.strip_suffix(b";") {
            Some(before) => (before, Then::StayInCommand),
            None => (dialled, Then::GoOnline),
        };
        if dialled.len() > DIAL_MAX {
            return Err(DialSyntax::TooLong);
        }
        let text = str::from_utf8(dialled).map_err(|_| DialSyntax::NotText)?.trim();
        if text.contains(char::is_control) {
            return Err(DialSyntax::NotText);
        }
        let (text, quoting) = unquote(text)?;
        Ok(Self { text: text.to_owned(), quoting, then })
    }

    /// The string as it was typed, without `D`, quotes and `;`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it was quoted.
    pub const fn quoting(&self) -> Quoting {
        self.quoting
    }

    /// What happens once the call is up.
    pub const fn then(&self) -> Then {
        self.then
    }

    /// The number this one stands for, if it stands for one.
    pub fn recall(&self) -> Option<Recall> {
        if self.quoting != Quoting::Plain {
            return None;
        }
        let text: String = self.stripped().chars().filter(|&c| c != ' ').collect();
        let slot = text.strip_prefix(['S', 's']).map(|slot| slot.strip_prefix('=').unwrap_or(slot));
        match (slot, text.as_str()) {
            (_, "L" | "l") => Some(Recall::Last),
            (_, "L?" | "l?") => Some(Recall::ShowLast),
            (Some(digits), _) if !digits.is_empty() && is_digits(digits) => {
                Some(Recall::Stored(digits.parse().unwrap_or(u16::MAX)))
            }
            _ => None,
        }
    }

    /// What to look for in a phonebook, in this order: the text as typed, so that a name that begins
    /// like a modifier is found; the text without its modifier; and the bare number, if it is a
    /// number and not written as an address. None for `L`.
    pub fn keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let last = matches!(self.recall(), Some(Recall::Last | Recall::ShowLast));
        let typed = self.text.as_str();
        let stripped = self.stripped();
        let number = numeric::key(stripped, self.quoting).filter(|number| number != stripped);
        let keys = [
            Some(Cow::Borrowed(typed)),
            (stripped != typed).then_some(Cow::Borrowed(stripped)),
            number.map(Cow::Owned),
        ];
        keys.into_iter().flatten().filter(move |key| !last && !key.is_empty())
    }

    /// What the string is when no phonebook knows it.
    pub fn target(&self, rules: &DialRules) -> Result<Target, DialSyntax> {
        match self.recall() {
            Some(recall) => Ok(Target::Recall(recall)),
            None => target::read(self.called(rules).1, self.quoting, rules),
        }
    }

    /// The transport that a prefix asks for by the profile's table ([`DialRules::transports`]).
    pub fn transport<'r>(&self, rules: &'r DialRules) -> Option<&'r str> {
        self.called(rules).0
    }

    /// Whether this is the beginning of a number, to be joined with the next one: it ends in `;` and
    /// is a bare number, or empty.
    pub fn is_partial(&self, rules: &DialRules) -> bool {
        self.then == Then::StayInCommand
            && self.quoting == Quoting::Plain
            && matches!(self.target(rules), Ok(Target::Empty | Target::Number(_)))
    }

    /// The number begun by this string and finished by the next. A name, an address or a quoted
    /// string isn't the rest of a number: it is dialled as it is.
    pub fn followed_by(&self, next: &Self) -> Result<Self, DialSyntax> {
        let goes_on = next.quoting == Quoting::Plain
            && (next.stripped().is_empty()
                || numeric::key(next.stripped(), next.quoting).is_some());
        if !goes_on {
            return Ok(next.clone());
        }
        let text = format!("{}{}", self.text, next.stripped());
        if text.len() > DIAL_MAX {
            return Err(DialSyntax::TooLong);
        }
        Ok(Self { text, ..next.clone() })
    }

    /// Without one leading `T` or `P`.
    fn stripped(&self) -> &str {
        let text = self.text.as_str();
        if self.quoting != Quoting::Plain || url::is_known(text) {
            return text;
        }
        text.strip_prefix(['T', 't', 'P', 'p']).unwrap_or(text).trim_start()
    }

    fn called<'r>(&self, rules: &'r DialRules) -> (Option<&'r str>, &str) {
        let text = self.stripped();
        let modifier = match self.quoting {
            Quoting::Quoted { modifier } => return (modifier.and_then(|c| rules.scheme(c)), text),
            Quoting::Plain if text.len() == self.text.len() => None,
            Quoting::Plain => self.text.chars().next(),
        };
        let by_modifier = modifier.and_then(|letter| rules.scheme(letter));
        let Some(first) = text.chars().next().filter(|_| !url::is_known(text)) else {
            return (by_modifier, text);
        };
        let rest = text.get(first.len_utf8()..).unwrap_or_default().trim_start();
        match rules.scheme(first) {
            // A sign in front of a number belongs to the number: +49….
            Some(_) if !first.is_alphabetic() && !rest.contains(is_not_of_a_number) => {
                (by_modifier, text)
            }
            // A second letter behind T or P is the first letter of a name.
            Some(_) if first.is_alphabetic() && modifier.is_some() => (by_modifier, text),
            Some(scheme) => (Some(scheme), rest),
            None => (by_modifier, text),
        }
    }
}

fn is_not_of_a_number(c: char) -> bool {
    c.is_alphabetic() || c == '.' || c == ':'
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn unquote(text: &str) -> Result<(&str, Quoting), DialSyntax> {
    let Some((before, inside)) = text.split_once('"') else { return Ok((text, Quoting::Plain)) };
    let modifier = match before.trim() {
        "" => None,
        "T" | "t" => Some('T'),
        "P" | "p" => Some('P'),
        _ => return Err(DialSyntax::MisplacedQuote),
    };
    match inside.split_once('"') {
        Some((inside, "")) => Ok((inside.trim(), Quoting::Quoted { modifier })),
        Some(_) => Err(DialSyntax::MisplacedQuote),
        None => Err(DialSyntax::UnclosedQuote),
    }
}

#[cfg(test)]
mod tests;
