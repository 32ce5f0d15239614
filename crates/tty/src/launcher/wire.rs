//! What the front and its launcher say to each other: one message per packet.

use rustix::process::{Pid, Signal};

use crate::program::Grace;
use std::time::Duration;

/// Bytes of an order: an argument list and an environment of the usual size several times over. A packet
/// must fit into the socket's buffer, which has some 200 KiB.
pub const LONGEST_ORDER: usize = 64 << 10;

/// Bytes of a message to the launcher.
pub(super) const LONGEST_REQUEST: usize = LONGEST_ORDER + 16;

/// Bytes of words in a reply: the longest path, and why it can't be executed.
const LONGEST_WORDS: usize = 8 << 10;

/// Bytes of a message from the launcher.
pub(super) const LONGEST_REPLY: usize = LONGEST_WORDS + 16;

/// A program's number, given by the front and never used again.
pub(super) type Number = u64;

/// What a program's three streams are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One descriptor: the slave of a terminal.
    Terminal,
    /// Three: pipes for standard input, output and error.
    Pipes,
}

/// What the front wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    /// That a program is started. Descriptors come with it.
    Start { number: Number, kind: Kind, order: &'a [u8] },
    /// That a program's process group gets a signal.
    Signal { number: Number, signal: Signal },
    /// That a program is hung up, with the process group in its terminal's foreground.
    HangUp { number: Number, grace: Grace, foreground: Option<Pid> },
    /// That what is left of a program is killed and forgotten.
    LetGo { number: Number },
    /// That the rules are read again.
    Reload { number: Number },
}

/// What the launcher has to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply<'a> {
    /// It can start programs.
    Ready,
    /// It can't, and ends.
    NotReady { why: &'a str },
    /// The program is executing.
    Started { number: Number, pid: Pid },
    /// It is not.
    NotStarted { number: Number, why: &'a str },
    /// The process has ended; something of its group is left.
    Ended { number: Number, status: i32 },
    /// Nothing is left, and the number is forgotten.
    Gone { number: Number, status: i32 },
    /// The rules are the new ones.
    Reloaded { number: Number },
    /// They are as before.
    NotReloaded { number: Number, why: &'a str },
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nonsense;

impl Request<'_> {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match *self {
            Request::Start { number, kind, order } => {
                let kind = match kind {
                    Kind::Terminal => 0,
                    Kind::Pipes => 1,
                };
                [head(1, number).as_slice(), &[kind], order].concat()
            }
            Request::Signal { number, signal } => with_number(2, number, signal.as_raw()),
            Request::HangUp { number, grace, foreground } => {
                let mut bytes = head(3, number);
                bytes.extend(milliseconds(grace.hup).to_le_bytes());
                bytes.extend(milliseconds(grace.term).to_le_bytes());
                bytes.extend(Pid::as_raw(foreground).to_le_bytes());
                bytes
            }
            Request::LetGo { number } => head(4, number),
            Request::Reload { number } => head(5, number),
        }
    }
}

impl<'a> Request<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Nonsense> {
        let mut rest = Rest(bytes);
        let (tag, number) = (rest.byte()?, rest.number()?);
        match tag {
            1 => {
                let kind = match rest.byte()? {
                    0 => Kind::Terminal,
                    1 => Kind::Pipes,
                    _ => return Err(Nonsense),
                };
                let order = rest.0;
                if order.len() > LONGEST_ORDER {
                    return Err(Nonsense);
                }
                Ok(Self::Start { number, kind, order })
            }
            2 => {
                let signal = Signal::from_named_raw(rest.int()?).ok_or(Nonsense)?;
                rest.end(Self::Signal { number, signal })
            }
            3 => {
                let grace = Grace { hup: rest.span()?, term: rest.span()? };
                let foreground = match rest.int()? {
                    0 => None,
                    // 1 is everybody's parent, and negative numbers are groups to the kernel's calls.
                    raw @ 2.. => Pid::from_raw(raw),
                    _ => return Err(Nonsense),
                };
                rest.end(Self::HangUp { number, grace, foreground })
            }
            4 => rest.end(Self::LetGo { number }),
            5 => rest.end(Self::Reload { number }),
            _ => Err(Nonsense),
        }
    }
}

impl Reply<'_> {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match *self {
            Reply::Ready => head(1, 0),
            Reply::NotReady { why } => with_words(2, 0, why),
            Reply::Started { number, pid } => with_number(3, number, Pid::as_raw(Some(pid))),
            Reply::NotStarted { number, why } => with_words(4, number, why),
            Reply::Ended { number, status } => with_number(5, number, status),
            Reply::Gone { number, status } => with_number(6, number, status),
            Reply::Reloaded { number } => head(7, number),
            Reply::NotReloaded { number, why } => with_words(8, number, why),
        }
    }
}

impl<'a> Reply<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Nonsense> {
        let mut rest = Rest(bytes);
        let (tag, number) = (rest.byte()?, rest.number()?);
        match tag {
            1 => rest.end(Self::Ready),
            2 => Ok(Self::NotReady { why: rest.words()? }),
            3 => {
                let pid = Pid::from_raw(rest.int()?).ok_or(Nonsense)?;
                rest.end(Self::Started { number, pid })
            }
            4 => Ok(Self::NotStarted { number, why: rest.words()? }),
            5 => {
                let status = rest.int()?;
                rest.end(Self::Ended { number, status })
            }
            6 => {
                let status = rest.int()?;
                rest.end(Self::Gone { number, status })
            }
            7 => rest.end(Self::Reloaded { number }),
            8 => Ok(Self::NotReloaded { number, why: rest.words()? }),
            _ => Err(Nonsense),
        }
    }
}

fn head(tag: u8, number: Number) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(number.to_le_bytes());
    bytes
}

fn with_number(tag: u8, number: Number, value: i32) -> Vec<u8> {
    let mut bytes = head(tag, number);
    bytes.extend(value.to_le_bytes());
    bytes
}

fn with_words(tag: u8, number: Number, words: &str) -> Vec<u8> {
    let mut end = words.len().min(LONGEST_WORDS);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    let mut bytes = head(tag, number);
    bytes.extend(&words.as_bytes()[..end]);
    bytes
}

fn milliseconds(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

/// What is still to be read of a message.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Nonsense> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Nonsense)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Nonsense> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<Number, Nonsense> {
        self.take().map(u64::from_le_bytes)
    }

    fn int(&mut self) -> Result<i32, Nonsense> {
        self.take().map(i32::from_le_bytes)
    }

    fn span(&mut self) -> Result<Duration, Nonsense> {
        let milliseconds = self.take().map(u32::from_le_bytes)?;
        Ok(Duration::from_millis(milliseconds.into()))
    }

    fn words(&mut self) -> Result<&'a str, Nonsense> {
        std::str::from_utf8(self.0).map_err(|_| Nonsense)
    }

    fn end<T>(&self, message: T) -> Result<T, Nonsense> {
        if self.0.is_empty() { Ok(message) } else { Err(Nonsense) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Vec<Request<'static>> {
        let grace = Grace { hup: Duration::from_millis(70), term: Duration::from_secs(9) };
        let foreground = Pid::from_raw(4242);
        vec![
            Request::Start { number: 7, kind: Kind::Terminal, order: b"order" },
            Request::Start { number: u64::MAX, kind: Kind::Pipes, order: b"" },
            Request::Signal { number: 1, signal: Signal::INT },
            Request::HangUp { number: 2, grace, foreground },
            Request::HangUp { number: 2, grace, foreground: None },
            Request::LetGo { number: 3 },
            Request::Reload { number: 4 },
        ]
    }

    fn replies() -> Vec<Reply<'static>> {
        let pid = Pid::from_raw(77).unwrap();
        vec![
            Reply::Ready,
            Reply::NotReady { why: "no" },
            Reply::Started { number: 5, pid },
            Reply::NotStarted { number: 5, why: "d\u{e9}j\u{e0}" },
            Reply::Ended { number: 5, status: 256 },
            Reply::Gone { number: 5, status: 9 },
            Reply::Reloaded { number: 6 },
            Reply::NotReloaded { number: 6, why: "" },
        ]
    }

    #[test]
    fn every_message_is_read_as_it_was_written() {
        for request in requests() {
            assert_eq!(Request::of(&request.to_bytes()), Ok(request));
        }
        for reply in replies() {
            assert_eq!(Reply::of(&reply.to_bytes()), Ok(reply));
        }
    }

    #[test]
    fn a_message_that_is_cut_or_has_too_much_is_refused() {
        for request in requests().iter().filter(|it| !matches!(it, Request::Start { .. })) {
            let bytes = request.to_bytes();
            for end in 0..bytes.len() {
                assert_eq!(Request::of(&bytes[..end]), Err(Nonsense), "{request:?} cut at {end}");
            }
            assert_eq!(Request::of(&[&bytes[..], b"x"].concat()), Err(Nonsense), "{request:?}");
        }
        let start = Request::Start { number: 1, kind: Kind::Pipes, order: b"" }.to_bytes();
        for end in 0..start.len() {
            assert_eq!(Request::of(&start[..end]), Err(Nonsense));
        }
        let long = [start, vec![0; LONGEST_ORDER + 1]].concat();
        assert_eq!(Request::of(&long), Err(Nonsense));
    }

    #[test]
    fn whom_nobody_may_signal_is_never_asked_for() {
        for foreground in [1, -1, -77, i32::MIN] {
            let mut bytes = Request::HangUp {
                number: 1,
                grace: Grace::default(),
                foreground: Pid::from_raw(77),
            }
            .to_bytes();
            let at = bytes.len() - 4;
            bytes[at..].copy_from_slice(&i32::to_le_bytes(foreground));
            assert_eq!(Request::of(&bytes), Err(Nonsense), "{foreground}");
        }
    }

    #[test]
    fn words_are_cut_between_characters() {
        let why = "\u{e9}".repeat(LONGEST_WORDS);
        let bytes = Reply::NotReady { why: &format!("x{why}") }.to_bytes();
        assert!(bytes.len() <= LONGEST_REPLY);
        assert!(matches!(Reply::of(&bytes), Ok(Reply::NotReady { .. })));
    }
}
