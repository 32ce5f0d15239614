//! What a line of a modem's means.

use super::caller::{self, Item};
use super::{Connect, NoCall};
use crate::result::{Family, ResultCode};

/// One line that a modem said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Ok,
    Error,
    /// With what stands behind the word, such as a letter for the number that was called.
    Ring(String),
    Connect(Connect),
    NoCall(NoCall),
    /// Who calls.
    Caller(Item),
    /// How far a call has come: `RINGING`, `CARRIER 9600`, `PROTOCOL: LAPM`.
    Progress(String),
    /// Echo, information text, noise.
    Other,
}

/// Words that are looked for anywhere in a line, since noise may stand before them, with what they mean.
const WORDS: [(&str, NoCall); 9] = [
    ("NO CARRIER", NoCall::NoCarrier),
    ("NO ANSWER", NoCall::NoAnswer),
    ("NO DIALTONE", NoCall::NoDialtone),
    ("NO DIAL TONE", NoCall::NoDialtone),
    ("BUSY", NoCall::Busy),
    ("DELAYED", NoCall::Delayed),
    ("BLACKLISTED", NoCall::Blacklisted),
    ("VOICE", NoCall::Voice),
    ("NO LINE", NoCall::NoDialtone),
];

const PROGRESS: [&str; 6] = ["RINGING", "RRING", "CARRIER ", "PROTOCOL", "COMPRESSION", "DIALING"];

/// Reads a line, without its end.
pub(super) fn read(line: &str, family: Family) -> Reply {
    let line = line.trim();
    if let Some(reply) = number(line, family) {
        return reply;
    }
    if let Some(item) = caller::item(line) {
        return Reply::Caller(item);
    }
    // An echo may hold any word that its author likes.
    if line.get(..2).is_some_and(|at| at.eq_ignore_ascii_case("AT")) {
        return Reply::Other;
    }
    if line == "OK" || line.ends_with("\u{7f}OK") || is_noise_before(line, "OK") {
        return Reply::Ok;
    }
    if line == "ERROR" || line.starts_with("+CME ERROR") || is_noise_before(line, "ERROR") {
        return Reply::Error;
    }
    if let Some(rest) = behind(line, "CONNECT") {
        return Reply::Connect(Connect::new(rest));
    }
    if let Some((_, none)) = WORDS.iter().find(|(word, _)| behind(line, word).is_some()) {
        return Reply::NoCall(*none);
    }
    if PROGRESS.iter().any(|word| line.starts_with(word)) {
        return Reply::Progress(line.to_owned());
    }
    match behind(line, "RING") {
        Some(which) => Reply::Ring(which.trim_matches([' ', ':', ';']).to_owned()),
        None => Reply::Other,
    }
}

/// The short form: nothing but digits.
fn number(line: &str, family: Family) -> Option<Reply> {
    if line.len() > 3 || !line.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match family.code(line.parse().ok()?) {
        Some(ResultCode::Ok) => Reply::Ok,
        Some(ResultCode::Error) => Reply::Error,
        Some(ResultCode::Ring) => Reply::Ring(String::new()),
        Some(ResultCode::Connect(rate)) => Reply::Connect(Connect::of_rate(rate)),
        Some(ResultCode::NoCarrier) => Reply::NoCall(NoCall::NoCarrier),
        Some(ResultCode::NoDialtone) => Reply::NoCall(NoCall::NoDialtone),
        Some(ResultCode::Busy) => Reply::NoCall(NoCall::Busy),
        Some(ResultCode::NoAnswer) => Reply::NoCall(NoCall::NoAnswer),
        Some(ResultCode::Delayed) => Reply::NoCall(NoCall::Delayed),
        Some(ResultCode::Blacklisted) => Reply::NoCall(NoCall::Blacklisted),
        None => Reply::Other,
    })
}

/// What stands behind a word, if that begins the line or follows noise. `RINGING` is not `RING`.
fn behind<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let at = line.find(word)?;
    let (before, rest) = (line.get(..at)?, line.get(at + word.len()..)?);
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let alone = !letter(before.chars().next_back()) && !letter(rest.chars().next());
    alone.then_some(rest)
}

/// Short words must end the line, and only what no text has may stand before them.
fn is_noise_before(line: &str, word: &str) -> bool {
    line.strip_suffix(word)
        .is_some_and(|before| before.bytes().all(|byte| !byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(line: &str) -> Reply {
        read(line, Family::Hayes)
    }

    #[test]
    fn words_and_numbers_mean_the_same() {
        for (word, number, meant) in [
            ("OK", "0", Reply::Ok),
            ("ERROR", "4", Reply::Error),
            ("RING", "2", Reply::Ring(String::new())),
            ("NO CARRIER", "3", Reply::NoCall(NoCall::NoCarrier)),
            ("NO DIALTONE", "6", Reply::NoCall(NoCall::NoDialtone)),
            ("BUSY", "7", Reply::NoCall(NoCall::Busy)),
            ("NO ANSWER", "8", Reply::NoCall(NoCall::NoAnswer)),
        ] {
            assert_eq!(heard(word), meant, "{word}");
            assert_eq!(heard(number), meant, "{number}");
        }
        assert_eq!(heard("CONNECT 9600"), heard("12"));
        assert_eq!(read("13", Family::Usr), heard("CONNECT 9600"));
    }

    #[test]
    fn noise_before_a_word_is_no_part_of_it_and_a_longer_word_is_another() {
        assert_eq!(heard("\u{7f}~RING"), Reply::Ring(String::new()));
        assert_eq!(heard("+++NO CARRIER"), Reply::NoCall(NoCall::NoCarrier));
        assert_eq!(heard("~OK"), Reply::Ok);
        assert_eq!(heard("RINGING"), Reply::Progress("RINGING".into()));
        for other in ["LOOK", "BUSYBOX", "RINGS", "ATDT BUSY", "at ok", "12345", "", "56K Modem"] {
            assert_eq!(heard(other), Reply::Other, "{other}");
        }
    }

    #[test]
    fn a_ring_may_tell_which_number_was_called() {
        assert_eq!(heard("RING A"), Reply::Ring("A".into()));
        assert_eq!(heard("RING 2"), Reply::Ring("2".into()));
    }
}
