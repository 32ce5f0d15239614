//! The signal escape that VICE and openMSX speak beside their data.
//!
//! From the emulator `FF FF` is the byte 0xFF, `FF 00` and `FF 01` are DTR off and on. To the emulator
//! `FF FF` is the byte 0xFF, `FF` with any other byte is a set of signals: bit 0 is DCD, bit 1 is RI.

use memchr::memchr;

const ESCAPE: u8 = 0xFF;
const DCD: u8 = 0b01;
const RI: u8 = 0b10;

/// The decoding side; keeps an escape that a read cut in two.
#[derive(Debug, Default)]
pub(super) struct Ip232 {
    escaped: bool,
}

/// What stood at the front of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This many bytes of data are now at the front.
    Data { consumed: usize, data: usize },
    /// The emulator set its DTR.
    Dtr { consumed: usize, on: bool },
}

impl Ip232 {
    /// Moves the data of `wire` to its front, up to the end or the first signal.
    ///
    /// Data before a signal are reported first: call again with what was not consumed.
    pub(super) fn decode(&mut self, wire: &mut [u8]) -> Found {
        let mut data = 0;
        let mut read = 0;
        while let Some(&next) = wire.get(read) {
            if self.escaped {
                match next {
                    ESCAPE => {
                        self.escaped = false;
                        put(wire, data, ESCAPE);
                        (data, read) = (data + 1, read + 1);
                    }
                    // The escape byte itself may have come with an earlier read, so it is remembered,
                    // not unread.
                    _ if data > 0 => return Found::Data { consumed: read, data },
                    signal => {
                        self.escaped = false;
                        return Found::Dtr { consumed: read + 1, on: signal != 0 };
                    }
                }
                continue;
            }
            let rest = wire.get(read..).unwrap_or_default();
            let run = memchr(ESCAPE, rest).unwrap_or(rest.len());
            wire.copy_within(read..read + run, data);
            (data, read) = (data + run, read + run);
            if read < wire.len() {
                self.escaped = true;
                read += 1;
            }
        }
        Found::Data { consumed: read, data }
    }
}

fn put(wire: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = wire.get_mut(at) {
        *place = byte;
    }
}

/// Appends `data` with its 0xFF bytes doubled.
pub(super) fn encode(mut data: &[u8], wire: &mut Vec<u8>) {
    while let Some(at) = memchr(ESCAPE, data) {
        let (run, rest) = data.split_at(at + 1);
        wire.extend_from_slice(run);
        wire.push(ESCAPE);
        data = rest;
    }
    wire.extend_from_slice(data);
}

/// The bytes that show these signals to the emulator.
pub(super) fn signals(dcd: bool, ri: bool) -> [u8; 2] {
    let bits = if dcd { DCD } else { 0 } | if ri { RI } else { 0 };
    [ESCAPE, bits]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `wire`, cut at `cut`, into data and DTR changes at their positions.
    fn decoded(wire: &[u8], cut: usize) -> (Vec<u8>, Vec<(usize, bool)>) {
        let mut codec = Ip232::default();
        let (mut data, mut dtr) = (Vec::new(), Vec::new());
        for part in [&wire[..cut], &wire[cut..]] {
            let mut part = part.to_vec();
            let mut rest = &mut part[..];
            while !rest.is_empty() {
                let consumed = match codec.decode(rest) {
                    Found::Data { consumed, data: n } => {
                        data.extend_from_slice(&rest[..n]);
                        consumed
                    }
                    Found::Dtr { consumed, on } => {
                        dtr.push((data.len(), on));
                        consumed
                    }
                };
                rest = &mut rest[consumed..];
            }
        }
        (data, dtr)
    }

    #[test]
    fn every_byte_and_signal_arrives_however_the_stream_is_cut() {
        let payload: Vec<u8> = (0..=255).chain([255, 255, 0, 255, 1]).collect();
        let mut wire = vec![ESCAPE, 1];
        encode(&payload, &mut wire);
        wire.extend([ESCAPE, 0]);
        for cut in 0..=wire.len() {
            let (data, dtr) = decoded(&wire, cut);
            assert_eq!(data, payload, "cut at {cut}");
            assert_eq!(dtr, [(0, true), (payload.len(), false)], "cut at {cut}");
        }
    }

    #[test]
    fn signals_are_bits_behind_an_escape() {
        assert_eq!(signals(true, false), [0xFF, 1]);
        assert_eq!(signals(false, true), [0xFF, 2]);
    }
}
