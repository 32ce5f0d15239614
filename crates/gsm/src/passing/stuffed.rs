//! Data as a stream in which ETX ends something, and DLE takes the meaning off the byte behind it.

use clock::Instant;
use wip::Shutdown;
use wip::stuffing::{DLE, ETX, Piece, Unstuffer, stuff};

use super::Outcome;
use super::farewell::Farewell;
use crate::dialect::{Dialect, Link, Sign};
use crate::ear::Ear;
use crate::limits::LAST_WORD;
use crate::reason::Reason;
use crate::{Level, Output};

/// A connection whose data are a stream.
#[derive(Debug)]
pub(crate) struct StuffedCall {
    link: Link,
    unstuffer: Unstuffer,
    ear: Ear,
    theirs: Theirs,
    ours: Ours,
    carrier: Carrier,
    /// Looked for where no ETX tells of the end.
    farewell: Option<Farewell>,
    /// Pluses at the end of what was sent: a third one would be an escape, if silence followed.
    pluses: u8,
}

/// The far end's half.
#[derive(Debug, Default)]
enum Theirs {
    #[default]
    Passing,
    /// An ETX came: what it meant is said next.
    Ending(Instant),
    /// It is over; the module still takes data.
    Over,
    /// It is over, and the module takes commands.
    Left,
}

/// What DCD tells of a connection, where it tells anything.
#[derive(Debug, PartialEq, Eq)]
enum Carrier {
    Unknown,
    On,
    /// It went off: an end without a word is a module that has started anew.
    Off(Instant),
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Ours {
    #[default]
    Passing,
    Finished,
}

impl StuffedCall {
    pub(crate) fn new(link: Link, carrier: Level, shutdown: Shutdown) -> Self {
        Self {
            link,
            unstuffer: Unstuffer::default(),
            ear: Ear::default(),
            theirs: Theirs::default(),
            ours: Ours::default(),
            // It may have come on before the module said so.
            carrier: if carrier == Level::On { Carrier::On } else { Carrier::Unknown },
            farewell: (shutdown == Shutdown::Alone).then(Farewell::default),
            pluses: 0,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let end = match (&self.theirs, &self.carrier) {
            (Theirs::Ending(until), _) | (Theirs::Passing, Carrier::Off(until)) => Some(*until),
            _ => None,
        };
        let words = self.farewell.as_ref().and_then(Farewell::deadline);
        end.into_iter().chain(words).min()
    }

    /// DCD has changed.
    pub(crate) fn carrier(&mut self, now: Instant, level: Level) {
        self.carrier = match (level, &self.carrier) {
            (Level::On, _) => Carrier::On,
            (Level::Off, Carrier::On) => Carrier::Off(now + LAST_WORD),
            (Level::Off, _) => return,
        };
    }

    pub(crate) fn timeout(&mut self, now: Instant, out: &mut impl Output) -> Outcome {
        if self.farewell.as_mut().is_some_and(|words| words.is_over(now, out)) {
            self.theirs = Theirs::Over;
            return Outcome::Ended(Reason::PeerClosed);
        }
        match self.theirs {
            Theirs::Ending(until) if until <= now => {
                self.theirs = Theirs::Over;
                Outcome::Ended(Reason::PeerClosed)
            }
            Theirs::Passing if matches!(self.carrier, Carrier::Off(until) if until <= now) => {
                Outcome::Lost(Reason::Restarted)
            }
            _ => Outcome::GoesOn,
        }
    }

    pub(crate) fn hear(
        &mut self,
        now: Instant,
        bytes: &[u8],
        dialect: &Dialect,
        out: &mut impl Output,
    ) -> Outcome {
        let mut rest = bytes;
        while matches!(self.theirs, Theirs::Passing) {
            match self.unstuffer.next(&mut rest) {
                Some(Piece::Data(data)) => match &mut self.farewell {
                    Some(words) => words.pass(now, data, out),
                    None => out.data(data),
                },
                Some(Piece::End) => {
                    if let Some(words) = &mut self.farewell {
                        words.release(out);
                    }
                    self.theirs = Theirs::Ending(now + LAST_WORD);
                }
                None => return Outcome::GoesOn,
            }
        }
        for byte in rest {
            let Some(line) = self.ear.push(*byte) else { continue };
            if !matches!(self.theirs, Theirs::Ending(_)) {
                continue;
            }
            out.note(crate::Note::Hears(&line));
            if let Some(reason) = self.last_word(&line, dialect) {
                return Outcome::Ended(reason);
            }
        }
        Outcome::GoesOn
    }

    fn last_word(&mut self, line: &str, dialect: &Dialect) -> Option<Reason> {
        if let Some(Sign::Closed(reason)) = (dialect.sign)(line, self.link) {
            // The module goes on taking what we send, for as long as the far end does.
            self.theirs = Theirs::Over;
            return Some(reason);
        }
        let code = line.strip_prefix("+CME ERROR:").and_then(|code| code.trim().parse().ok());
        if code.is_none() && line != "ERROR" && line != "NO CARRIER" {
            return None;
        }
        self.theirs = Theirs::Left;
        Some(code.and_then(|code| dialect.reason(code)).unwrap_or(Reason::Reset))
    }

    /// Whether the module takes bytes for the far end.
    pub(crate) fn wants_data(&self) -> bool {
        self.ours == Ours::Passing && !matches!(self.theirs, Theirs::Left)
    }

    pub(crate) fn data(&mut self, bytes: &[u8], out: &mut impl Output) {
        let mut stuffed = Vec::with_capacity(bytes.len() + bytes.len() / 16 + 8);
        let mut rest = bytes;
        // Three pluses between two silences would lead out of the data; a DLE among them is dropped.
        while let Some((first, behind)) = rest.split_first() {
            if *first == b'+' {
                if self.pluses == 2 {
                    stuffed.push(DLE);
                    self.pluses = 0;
                }
                stuffed.push(b'+');
                self.pluses += 1;
                rest = behind;
                continue;
            }
            self.pluses = 0;
            let plain = rest.iter().position(|byte| *byte == b'+').unwrap_or(rest.len());
            let (piece, behind) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
            stuff(piece, &mut stuffed);
            rest = behind;
        }
        out.send(&stuffed);
    }

    /// An ETX ends our half.
    pub(crate) fn finish(&mut self, out: &mut impl Output) {
        if self.wants_data() {
            self.ours = Ours::Finished;
            out.send(&[ETX]);
        }
    }

    /// Whether the module must be escaped from.
    pub(crate) fn is_in_data_state(&self) -> bool {
        !matches!(self.theirs, Theirs::Left)
    }
}
