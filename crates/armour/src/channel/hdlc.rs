//! HDLC's byte stuffing (RFC 1662): flags between frames, an escape before what must not be seen, an FCS.

use super::Values;
use crate::crc::{FCS_GOOD, FCS_START, fcs};
use crate::limits;

pub(super) const FLAG: u8 = 0x7e;
pub(super) const ESCAPE: u8 = 0x7d;
/// What is changed in an escaped byte.
pub(super) const TURN: u8 = 0x20;

pub(super) fn encode(frame: &[u8], escaped: &Values, out: &mut Vec<u8>) {
    out.push(FLAG);
    let check = (!fcs(FCS_START, frame)).to_le_bytes();
    for &byte in frame.iter().chain(&check) {
        if matches!(byte, FLAG | ESCAPE) || escaped.contains(byte) {
            out.extend([ESCAPE, byte ^ TURN]);
        } else {
            out.push(byte);
        }
    }
    out.push(FLAG);
}

/// Finds frames.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    frame: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Outside of frames, or in one that is no use.
    #[default]
    Skipping,
    Inside,
    /// Behind an escape.
    Escaped,
}

impl Decoder {
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Vec<u8>> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            match (byte, self.state) {
                (FLAG, State::Inside) => {
                    let mut frame = std::mem::take(&mut self.frame);
                    if frame.len() > 2 && fcs(FCS_START, &frame) == FCS_GOOD {
                        frame.truncate(frame.len() - 2);
                        return Some(frame);
                    }
                }
                // An escape before a flag gives a frame up.
                (FLAG, _) => {
                    self.frame.clear();
                    self.state = State::Inside;
                }
                (_, State::Skipping) => {}
                (ESCAPE, State::Inside) => self.state = State::Escaped,
                (byte, State::Inside) => self.keep(byte),
                (byte, State::Escaped) => {
                    self.state = State::Inside;
                    self.keep(byte ^ TURN);
                }
            }
        }
        None
    }

    fn keep(&mut self, byte: u8) {
        // Room for the FCS as well.
        if self.frame.len() == limits::FRAME + 2 {
            self.state = State::Skipping;
            return;
        }
        self.frame.push(byte);
    }
}
