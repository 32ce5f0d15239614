//! ASCII: a colon, hexadecimal digits, LRC, CR and LF.

use clock::Instant;

use super::{Direction, Frame, Heard, Side};
use crate::UnitId;
use crate::limits;
use crate::pdu::{Length, Pdu, request_length, response_length};

/// The two's complement of the sum of all bytes; over a frame with its LRC it is zero.
pub fn lrc(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}

/// Appends the frame of a PDU.
pub fn encode(unit: UnitId, pdu: &Pdu, out: &mut Vec<u8>) {
    let sum = lrc(pdu.bytes()).wrapping_sub(unit.0);
    out.push(b':');
    for byte in [unit.0].iter().chain(pdu.bytes()).chain(&[sum]) {
        out.extend([digit(byte >> 4), digit(byte & 0x0f)]);
    }
    out.extend(b"\r\n");
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' - 10 + value }
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        // The standard has capitals only; some units don't know.
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Finds the frames in what is heard.
#[derive(Debug)]
pub struct Deframer {
    side: Side,
    /// The digits behind a colon; `None` outside of frames.
    digits: Option<Vec<u8>>,
    latest: Instant,
    noise: u64,
}

impl Deframer {
    /// Ears of this side.
    pub const fn new(side: Side) -> Self {
        Self { side, digits: None, latest: Instant::ORIGIN, noise: 0 }
    }

    /// The next frame in `bytes`, which are taken as far as they were looked at. Nothing: all are.
    pub fn next(&mut self, now: Instant, bytes: &mut &[u8]) -> Option<Heard> {
        if bytes.is_empty() {
            return None;
        }
        if now.since(self.latest) > limits::ASCII_GAP {
            self.forget();
        }
        self.latest = now;
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if let Some(heard) = self.byte(byte) {
                return Some(heard);
            }
        }
        None
    }

    /// Bytes so far that belonged to no frame.
    pub const fn noise(&self) -> u64 {
        self.noise
    }

    /// Forgets what is unfinished.
    pub fn forget(&mut self) {
        if let Some(digits) = self.digits.take() {
            self.noise += digits.len() as u64 + 1;
        }
    }

    fn byte(&mut self, byte: u8) -> Option<Heard> {
        match (byte, &mut self.digits) {
            // A colon begins a frame wherever it stands: what came before it was cut off.
            (b':', _) => {
                self.forget();
                self.digits = Some(Vec::new());
            }
            (b'\n', Some(digits)) if digits.last() == Some(&b'\r') => {
                let heard = frame(self.side, digits);
                if heard.is_none() {
                    self.forget();
                }
                self.digits = None;
                return heard;
            }
            (_, Some(digits)) if fits(digits, byte) => digits.push(byte),
            (_, Some(_)) => {
                self.forget();
                self.noise += 1;
            }
            (_, None) => self.noise += 1,
        }
        None
    }
}

fn frame(side: Side, digits: &[u8]) -> Option<Heard> {
    let (pairs, end) = digits.as_chunks::<2>();
    if end != b"\r" {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?)).collect();
    let bytes = bytes?;
    if lrc(&bytes) != 0 {
        return None;
    }
    let (_, bytes) = bytes.split_last()?;
    let (&unit, pdu) = bytes.split_first()?;
    let pdu = Pdu::new(pdu).ok()?;
    // An LRC lets one fault in 256 through: what its function says of its length must be right too.
    let direction = side.directions().iter().copied().find(|direction| {
        let length = match direction {
            Direction::Request => request_length(pdu.bytes()),
            Direction::Response => response_length(pdu.bytes()),
        };
        match length {
            Length::Exactly(length) => length == pdu.bytes().len(),
            Length::Either(short, long) => [short, long].contains(&pdu.bytes().len()),
            Length::AtLeast(length) => length <= pdu.bytes().len(),
            Length::Unknown => true,
            Length::More | Length::Never => false,
        }
    })?;
    Some(Heard { frame: Frame { unit: UnitId(unit), pdu }, direction })
}

/// Whether a byte may follow in a frame: digits, and a CR as the last but one.
fn fits(digits: &[u8], byte: u8) -> bool {
    let room = digits.len() < limits::ASCII_FRAME - 2;
    room && digits.last() != Some(&b'\r') && (byte == b'\r' || value(byte).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_comes_out() {
        let pdu = Pdu::new(&[3, 0, 0, 0, 10]).expect("a read");
        let mut wire = Vec::new();
        encode(UnitId(1), &pdu, &mut wire);
        assert_eq!(wire, b":01030000000AF2\r\n");
    }

    #[test]
    fn a_colon_in_the_middle_begins_anew() {
        let mut ears = Deframer::new(Side::Slave);
        let mut wire: &[u8] = b":010300:01030000000AF2\r\n";
        let heard = ears.next(Instant::ORIGIN, &mut wire).expect("a frame");
        assert_eq!(heard.frame.pdu.bytes(), [3, 0, 0, 0, 10]);
        assert_eq!(ears.noise(), 7);
    }
}
