//! Frames as lines of base64, each with an FCS: for paths of seven bits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crc::{FCS_GOOD, FCS_START, fcs};
use crate::limits;

pub(super) fn encode(frame: &[u8], out: &mut Vec<u8>) {
    let mut checked = frame.to_vec();
    checked.extend((!fcs(FCS_START, frame)).to_le_bytes());
    out.extend(STANDARD.encode(checked).as_bytes());
    out.extend(b"\r\n");
}

/// Finds frames.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    fit: Fit,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fit {
    #[default]
    Fits,
    /// The line is longer than that of any frame.
    Exceeds,
}

impl Decoder {
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Vec<u8>> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            // What a path of seven bits does with the eighth is its own affair.
            match byte & 0x7f {
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    let fit = std::mem::take(&mut self.fit);
                    if fit == Fit::Fits
                        && let Some(frame) = frame(&line)
                    {
                        return Some(frame);
                    }
                }
                byte if self.line.len() < (limits::FRAME + 4) / 3 * 4 => self.line.push(byte),
                _ => self.fit = Fit::Exceeds,
            }
        }
        None
    }
}

fn frame(line: &[u8]) -> Option<Vec<u8>> {
    let mut checked = STANDARD.decode(line).ok()?;
    if checked.len() <= 2 || fcs(FCS_START, &checked) != FCS_GOOD {
        return None;
    }
    checked.truncate(checked.len() - 2);
    Some(checked)
}
