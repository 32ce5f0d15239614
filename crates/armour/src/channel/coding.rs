//! How frames go over a path.

use super::{Values, hdlc, lines};
use crate::limits;

/// How frames go over a path, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As they are: every value gets through, and what is sent knows its own frames.
    Plain,
    /// With HDLC's escaping, of these values besides flag and escape.
    Hdlc(Values),
    /// As lines of base64.
    Lines,
}

impl Coding {
    /// The lightest one that a path bears which harms these values.
    pub fn for_harmed(harmed: &Values) -> Self {
        if harmed.is_empty() {
            return Self::Plain;
        }
        let never_seen = |value: u8| harmed.contains(value);
        let turned = [hdlc::FLAG, hdlc::ESCAPE].into_iter().chain(harmed.iter());
        let escapable = !never_seen(hdlc::FLAG)
            && !never_seen(hdlc::ESCAPE)
            && turned
                .map(|value| value ^ hdlc::TURN)
                .all(|value| !never_seen(value) && !matches!(value, hdlc::FLAG | hdlc::ESCAPE));
        if escapable { Self::Hdlc(*harmed) } else { Self::Lines }
    }
}

/// Puts frames on a path.
#[derive(Debug)]
pub struct Sender(Coding);

impl Sender {
    /// A sender of this coding.
    pub const fn new(coding: Coding) -> Self {
        Self(coding)
    }

    /// Appends a frame; empty ones, and those longer than [`limits::FRAME`], can't be sent: nothing is appended.
    pub fn send(&self, frame: &[u8], out: &mut Vec<u8>) {
        if frame.is_empty() || frame.len() > limits::FRAME {
            return;
        }
        match &self.0 {
            Coding::Plain => out.extend(frame),
            Coding::Hdlc(escaped) => hdlc::encode(frame, escaped, out),
            Coding::Lines => lines::encode(frame, out),
        }
    }
}

/// Takes frames off a path. What is damaged is dropped.
#[derive(Debug)]
pub struct Receiver(Decoder);

#[derive(Debug)]
enum Decoder {
    Plain,
    Hdlc(hdlc::Decoder),
    Lines(lines::Decoder),
}

impl Receiver {
    /// A receiver of this coding, whatever its sender escapes.
    pub fn new(coding: Coding) -> Self {
        Self(match coding {
            Coding::Plain => Decoder::Plain,
            Coding::Hdlc(_) => Decoder::Hdlc(hdlc::Decoder::default()),
            Coding::Lines => Decoder::Lines(lines::Decoder::default()),
        })
    }

    /// The next frame in `bytes`, which are taken as far as they were looked at; where frames go as they are, all
    /// that is there. Nothing: all are taken.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Option<Vec<u8>> {
        match &mut self.0 {
            Decoder::Plain => {
                let all = std::mem::take(bytes);
                (!all.is_empty()).then(|| all.to_vec())
            }
            Decoder::Hdlc(decoder) => decoder.next(bytes),
            Decoder::Lines(decoder) => decoder.next(bytes),
        }
    }
}
