//! RTU: unit, PDU, CRC, and nothing that says where it ends.
//!
//! The standard ends a frame with a silence of 3.5 characters. Behind a modem, a network or a USB adapter that
//! is no use: they make silences inside of frames and swallow those between. So a frame ends where its function
//! says that it does, if the CRC there is right; otherwise its first byte was noise, and the next one is tried.
//! Silence decides only two things: that what never became a frame won't become one any more, and where a frame
//! ends whose function the standard doesn't have, and then its CRC must be right too.

use std::time::Duration;

use clock::Instant;

use super::{Direction, Frame, Heard, Side, crc16};
use crate::limits;
use crate::pdu::{Length, Pdu, request_length, response_length};
use crate::{SerialTiming, UnitId};

/// Shorter than any frame: unit, function, CRC.
const LEAST: usize = 4;

/// Appends the frame of a PDU.
pub fn encode(unit: UnitId, pdu: &Pdu, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(unit.0);
    out.extend(pdu.bytes());
    let crc = crc16(out.get(start..).unwrap_or_default());
    out.extend(crc.to_le_bytes());
}

/// What silences mean to a [`Deframer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silences {
    /// Ends a frame of an unknown function, if its CRC is right: t3.5, or what a path adds to it.
    pub end: Duration,
    /// Makes noise of the first byte of an unfinished frame.
    pub resync: Duration,
    /// Makes noise of an unfinished frame as a whole: the standard's t1.5, only right on a bare wire.
    pub strict: Option<Duration>,
}

impl Silences {
    /// For a path that makes silences of its own.
    pub const TOLERANT: Self =
        Self { end: Duration::from_millis(50), resync: limits::RESYNC, strict: None };

    /// For a serial port at this speed.
    pub fn serial(timing: &SerialTiming) -> Self {
        // A USB adapter hands out what it has every 16 ms.
        let adapter = Duration::from_millis(20);
        Self { end: timing.t3_5().max(adapter), resync: 10 * adapter, strict: None }
    }
}

/// Finds the frames in what is heard.
#[derive(Debug)]
pub struct Deframer {
    side: Side,
    silences: Silences,
    expected: Option<(UnitId, u8)>,
    /// From the byte on that may begin a frame; never longer than a frame.
    heard: Vec<u8>,
    latest: Instant,
    noise: u64,
}

/// What the first bytes are.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Frame(usize, Direction),
    Unfinished,
    Noise,
}

/// Whether more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Open,
    Silent,
}

impl Deframer {
    /// Ears of this side.
    pub const fn new(side: Side, silences: Silences) -> Self {
        let latest = Instant::ORIGIN;
        Self { side, silences, expected: None, heard: Vec::new(), latest, noise: 0 }
    }

    /// Tells a master's ears whose answer is waited for. It isn't held up by noise that looks like the
    /// beginning of something longer; and a function that the standard doesn't have is only listened for there.
    pub const fn expect(&mut self, unit: UnitId, function: u8) {
        self.expected = Some((unit, function));
    }

    /// The next frame in `bytes`, which are taken as far as they were looked at. Nothing: all are.
    pub fn next(&mut self, now: Instant, bytes: &mut &[u8]) -> Option<Heard> {
        if !bytes.is_empty() {
            let span = now.since(self.latest);
            if self.silences.strict.is_some_and(|strict| span > strict) {
                self.forget();
            }
            if self.deadline().is_some_and(|deadline| deadline <= now)
                && let Some(heard) = self.settle(Wire::Silent)
            {
                return Some(heard);
            }
            self.latest = now;
        }
        loop {
            if let Some(heard) = self.settle(Wire::Open) {
                return Some(heard);
            }
            if bytes.is_empty() {
                return None;
            }
            let room = limits::RTU_FRAME.saturating_sub(self.heard.len()).min(bytes.len());
            let (taken, rest) = bytes.split_at(room);
            self.heard.extend_from_slice(taken);
            *bytes = rest;
        }
    }

    /// When silence has something to decide.
    pub fn deadline(&self) -> Option<Instant> {
        if self.heard.is_empty() {
            return None;
        }
        let ended = self.heard.len() >= LEAST && crc16(&self.heard) == 0;
        Some(self.latest + if ended { self.silences.end } else { self.silences.resync })
    }

    /// What silence has ended by now; to be called until nothing comes.
    pub fn silence(&mut self, now: Instant) -> Option<Heard> {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            return self.settle(Wire::Silent);
        }
        None
    }

    /// A frame in what has been heard, since nothing more will come in time; to be called until nothing
    /// comes.
    pub fn finish(&mut self) -> Option<Heard> {
        self.settle(Wire::Silent)
    }

    /// Bytes so far that belonged to no frame.
    pub const fn noise(&self) -> u64 {
        self.noise
    }

    /// Forgets what is unfinished.
    pub fn forget(&mut self) {
        self.noise += self.heard.len() as u64;
        self.heard.clear();
    }

    fn settle(&mut self, wire: Wire) -> Option<Heard> {
        let mut start = 0;
        let found = loop {
            let rest = self.heard.get(start..).unwrap_or_default();
            if rest.is_empty() {
                break None;
            }
            match self.judge(rest, wire) {
                Verdict::Unfinished => break self.expected_behind(start, wire),
                Verdict::Frame(length, direction) => break Some((start, length, direction)),
                Verdict::Noise => start += 1,
            }
        };
        let (heard, end) = match found {
            None => (None, start),
            Some((at, length, direction)) => {
                start = at;
                let bytes = self.heard.get(start..start + length).unwrap_or_default();
                (frame(bytes).map(|frame| Heard { frame, direction }), start + length)
            }
        };
        self.noise += start as u64;
        self.heard.drain(..end.min(self.heard.len()));
        heard
    }

    /// The answer that is waited for, behind something unfinished that isn't its beginning.
    fn expected_behind(&self, start: usize, wire: Wire) -> Option<(usize, usize, Direction)> {
        let (unit, function) = self.expected?;
        let begins = |at: &usize| match self.heard.get(*at..) {
            Some([first, second, ..]) => *first == unit.0 && second & 0x7f == function,
            _ => false,
        };
        if begins(&start) {
            return None;
        }
        (start + 1..self.heard.len()).filter(begins).find_map(|at| {
            match self.judge(self.heard.get(at..)?, wire) {
                Verdict::Frame(length, direction) => Some((at, length, direction)),
                _ => None,
            }
        })
    }

    fn judge(&self, bytes: &[u8], wire: Wire) -> Verdict {
        for &direction in self.side.directions() {
            match self.judge_as(direction, bytes, wire) {
                Verdict::Noise => {}
                verdict => return verdict,
            }
        }
        Verdict::Noise
    }

    fn judge_as(&self, direction: Direction, bytes: &[u8], wire: Wire) -> Verdict {
        let Some((&unit, pdu)) = bytes.split_first() else { return Verdict::Unfinished };
        let unfinished = match wire {
            Wire::Open => Verdict::Unfinished,
            Wire::Silent => Verdict::Noise,
        };
        let length = match direction {
            Direction::Request => request_length(pdu),
            // Nobody answers a broadcast.
            Direction::Response if unit == 0 => Length::Never,
            Direction::Response => response_length(pdu),
        };
        let checked = |length: usize| bytes.get(..length + 3).map(|frame| crc16(frame) == 0);
        match length {
            Length::Never => Verdict::Noise,
            Length::More => unfinished,
            Length::Exactly(length) => match checked(length) {
                Some(true) => Verdict::Frame(length + 3, direction),
                Some(false) => Verdict::Noise,
                None => unfinished,
            },
            Length::Either(short, long) => match (checked(short), checked(long)) {
                (Some(true), _) => Verdict::Frame(short + 3, direction),
                (_, Some(true)) => Verdict::Frame(long + 3, direction),
                (_, Some(false)) => Verdict::Noise,
                _ => unfinished,
            },
            Length::AtLeast(length) => match checked(length) {
                Some(true) => Verdict::Frame(length + 3, direction),
                Some(false) => by_crc(bytes, direction, wire),
                None => unfinished,
            },
            Length::Unknown if self.unwelcome(unit, pdu) => Verdict::Noise,
            Length::Unknown => by_crc(bytes, direction, wire),
        }
    }

    /// Whether nobody has asked for this function that the standard doesn't have.
    fn unwelcome(&self, unit: u8, pdu: &[u8]) -> bool {
        self.expected.is_some_and(|(expected, function)| {
            unit != expected.0 || pdu.first().is_none_or(|first| first & 0x7f != function)
        })
    }
}

/// All that was heard until a silence, if its CRC is right.
///
/// Any shorter piece may have a right CRC by chance: of noise, one in 65536 for every piece that is tried.
fn by_crc(bytes: &[u8], direction: Direction, wire: Wire) -> Verdict {
    if wire == Wire::Open && bytes.len() < limits::RTU_FRAME {
        return Verdict::Unfinished;
    }
    if bytes.len() >= LEAST && crc16(bytes) == 0 {
        return Verdict::Frame(bytes.len(), direction);
    }
    Verdict::Noise
}

fn frame(bytes: &[u8]) -> Option<Frame> {
    let (&unit, rest) = bytes.split_first()?;
    let (pdu, _crc) = rest.split_last_chunk::<2>()?;
    Some(Frame { unit: UnitId(unit), pdu: Pdu::new(pdu).ok()? })
}
