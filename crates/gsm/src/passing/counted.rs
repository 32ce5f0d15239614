//! Data by the piece: each is announced with its length, so that none of its bytes can mean anything.

use std::time::Duration;

use clock::Instant;

use super::Outcome;
use crate::callers::Callers;
use crate::dialect::{Counted, Dialect, Fetched, Link, Rest, Sign};
use crate::ear::Ear;
use crate::limits::{CHUNK, FULL_AGAIN, SENT};
use crate::reason::Reason;
use crate::{Note, Output, Room};

/// A connection whose data pass by the piece.
#[derive(Debug)]
pub(crate) struct CountedCall {
    link: Link,
    ear: Ear,
    doing: Doing,
    /// What is to be sent, kept until the module has it.
    chunk: Vec<u8>,
    /// When the module must have taken it.
    sent_until: Option<Instant>,
    waiting: Waiting,
    room: Room,
    /// Why nothing more comes, once everything that waits has been fetched.
    closed: Option<Reason>,
    told: Told,
    turn: Turn,
    /// How long the module has to offer its `>`, and to show each piece of what it has announced.
    answer_within: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    /// The `>` is awaited.
    Offering(Instant),
    /// What becomes of the data is awaited.
    Sending(Instant),
    /// It is tried again then.
    Full(Instant),
    /// So much was asked for; its header is awaited.
    Fetching(Instant),
    /// So many bytes are still to come.
    Reading(usize, Instant),
    /// The result is.
    Ending(Instant),
}

/// Whether data wait in the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Yes,
    No,
}

/// Whether the end has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

/// Whose turn it is when both want to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Theirs,
    Ours,
}

impl CountedCall {
    /// A connection, with what was heard of a line before it.
    pub(crate) fn new(link: Link, ear: Ear, room: Room, answer_within: Duration) -> Self {
        Self {
            link,
            ear,
            doing: Doing::Nothing,
            chunk: Vec::new(),
            sent_until: None,
            // What came with the connection may have been told of before it.
            waiting: Waiting::Yes,
            room,
            closed: None,
            told: Told::No,
            turn: Turn::Theirs,
            answer_within,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.doing {
            Doing::Nothing => None,
            Doing::Offering(at)
            | Doing::Sending(at)
            | Doing::Full(at)
            | Doing::Fetching(at)
            | Doing::Reading(_, at)
            | Doing::Ending(at) => Some(at),
        }
    }

    pub(crate) fn wants_data(&self) -> bool {
        self.chunk.is_empty() && self.closed.is_none()
    }

    /// Whether a command of ours is under way, behind which another must wait.
    pub(crate) fn is_busy(&self) -> bool {
        !matches!(self.doing, Doing::Nothing | Doing::Full(_))
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.chunk.is_empty() && self.closed.is_none()
    }

    /// What it has heard of a line: of whatever the module is telling just now.
    pub(crate) fn take_ear(&mut self) -> Ear {
        std::mem::take(&mut self.ear)
    }

    pub(crate) fn data(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let taken = bytes.get(..CHUNK).unwrap_or(bytes);
        self.chunk.extend_from_slice(taken);
        self.sent_until = Some(now + SENT);
        taken.len()
    }

    pub(crate) fn room(&mut self, room: Room) {
        self.room = room;
    }

    /// Begins what can be begun.
    pub(crate) fn go_on(&mut self, now: Instant, with: &Counted, out: &mut impl Output) -> Outcome {
        if self.doing != Doing::Nothing {
            return Outcome::GoesOn;
        }
        let fetches = self.waiting == Waiting::Yes && self.room == Room::Some;
        let sends = self.has_unsent();
        match (fetches, sends, self.turn) {
            (true, false, _) | (true, true, Turn::Theirs) => {
                self.turn = Turn::Ours;
                // What is told from here on waits behind what is fetched.
                self.waiting = Waiting::No;
                self.say(&(with.fetch)(self.link, CHUNK), out);
                self.doing = Doing::Fetching(now + self.answer_within);
            }
            (_, true, _) => {
                self.turn = Turn::Theirs;
                self.say(&(with.send)(self.link, self.chunk.len()), out);
                self.doing = Doing::Offering(now + self.answer_within);
            }
            (false, false, _) => {
                if self.waiting == Waiting::No
                    && self.told == Told::No
                    && let Some(reason) = &self.closed
                {
                    self.told = Told::Yes;
                    return Outcome::Ended(reason.clone());
                }
            }
        }
        Outcome::GoesOn
    }

    fn say(&mut self, command: &str, out: &mut impl Output) {
        out.note(Note::Says(command));
        out.send(format!("{command}\r").as_bytes());
    }

    pub(crate) fn timeout(
        &mut self,
        now: Instant,
        with: &Counted,
        out: &mut impl Output,
    ) -> Outcome {
        if self.deadline().is_none_or(|at| at > now) {
            return Outcome::GoesOn;
        }
        let silent = |command: String| Outcome::Lost(Reason::Silent(command));
        match self.doing {
            Doing::Full(_) => {
                self.doing = Doing::Nothing;
                self.go_on(now, with, out)
            }
            Doing::Nothing => Outcome::GoesOn,
            Doing::Offering(_) | Doing::Sending(_) => {
                silent((with.send)(self.link, self.chunk.len()))
            }
            Doing::Fetching(_) | Doing::Reading(..) | Doing::Ending(_) => {
                silent((with.fetch)(self.link, CHUNK))
            }
        }
    }

    pub(crate) fn hear(
        &mut self,
        now: Instant,
        bytes: &[u8],
        dialect: &Dialect,
        with: &Counted,
        callers: &mut Callers,
        out: &mut impl Output,
    ) -> Outcome {
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Doing::Reading(left, _) = self.doing {
                let (data, behind) = rest.split_at_checked(left).unwrap_or((rest, &[]));
                out.data(data);
                rest = behind;
                let until = now + self.answer_within;
                self.doing = match left - data.len() {
                    0 => Doing::Ending(until),
                    left => Doing::Reading(left, until),
                };
                continue;
            }
            let Some((byte, behind)) = rest.split_first() else { break };
            rest = behind;
            let line = self.ear.push(*byte);
            if matches!(self.doing, Doing::Offering(_)) && self.ear.is_prompt() {
                self.ear.clear();
                out.send(&self.chunk);
                self.doing = Doing::Sending(now + SENT);
                continue;
            }
            let Some(line) = line else { continue };
            out.note(Note::Hears(&line));
            if let Some(lost) = self.line(now, &line, dialect, with, callers) {
                return Outcome::Lost(lost);
            }
        }
        self.go_on(now, with, out)
    }

    fn line(
        &mut self,
        now: Instant,
        line: &str,
        dialect: &Dialect,
        with: &Counted,
        callers: &mut Callers,
    ) -> Option<Reason> {
        match (dialect.sign)(line, self.link) {
            Some(Sign::Waiting) => {
                self.waiting = Waiting::Yes;
                return None;
            }
            Some(Sign::Closed(reason)) => {
                self.close(reason);
                return None;
            }
            Some(Sign::SessionLost) => {
                self.close(Reason::SessionLost);
                return None;
            }
            Some(Sign::Restarted) => return Some(Reason::Restarted),
            Some(Sign::Streams) | None => {}
        }
        if let Some(knock) = dialect.knock(line) {
            callers.knock(knock);
            return None;
        }
        callers.hear(line, dialect);
        let failed = line == "ERROR" || line.starts_with("+CME ERROR");
        match self.doing {
            Doing::Sending(_) if line.ends_with(with.sent) => {
                self.chunk = Vec::new();
                self.doing = Doing::Nothing;
            }
            Doing::Sending(_) if with.full == Some(line) => {
                let late = self.sent_until.is_some_and(|until| until <= now);
                self.doing = if late { Doing::Nothing } else { Doing::Full(now + FULL_AGAIN) };
                if late {
                    self.close(Reason::Reset);
                }
            }
            Doing::Sending(_) | Doing::Offering(_) if failed || line == "SEND FAIL" => {
                self.close(Reason::Reset);
                self.doing = Doing::Nothing;
            }
            Doing::Fetching(_) => {
                if let Some(Fetched { count, rest }) = (with.header)(line) {
                    // A module that sends more than was asked for has lost count.
                    if count > CHUNK {
                        return Some(Reason::Silent((with.fetch)(self.link, CHUNK)));
                    }
                    if rest == Rest::Perhaps {
                        self.waiting = Waiting::Yes;
                    }
                    let until = now + self.answer_within;
                    self.doing = match count {
                        0 => Doing::Ending(until),
                        count => Doing::Reading(count, until),
                    };
                } else if failed || line == "OK" {
                    // Nothing is there, or the connection is gone with it.
                    self.doing = Doing::Nothing;
                }
            }
            Doing::Ending(_) if failed || line == "OK" => self.doing = Doing::Nothing,
            _ => {}
        }
        None
    }

    /// The far end is gone. What waits is still fetched; what was to be sent has nowhere to go.
    fn close(&mut self, reason: Reason) {
        if self.closed.is_none() {
            self.closed = Some(reason);
            self.waiting = Waiting::Yes;
        }
    }
}
