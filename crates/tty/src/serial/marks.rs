//! What PARMRK puts into the data: `FF FF` for a byte FF, `FF 00 00` for a BREAK, `FF 00 x` for a byte
//! x with a wrong check bit or without a stop bit.

use memchr::memchr;

/// Decodes marks in place, across any split.
#[derive(Debug, Default)]
pub(super) struct Marks {
    open: Open,
    damaged: u64,
}

/// How much of a mark has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Mark,
    MarkZero,
}

const MARK: u8 = 0xff;

/// What one call of [`Marks::decode`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Bytes of data, now at the front of the buffer.
    pub(super) data: usize,
    /// Bytes of the buffer that have been used up.
    pub(super) used: usize,
    /// Whether a BREAK comes after the data.
    pub(super) then: Then,
}

/// What follows the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The end of the buffer.
    End,
    /// A BREAK.
    Break,
}

impl Marks {
    /// Decodes up to the end or to the first BREAK.
    pub(super) fn decode(&mut self, buf: &mut [u8]) -> Decoded {
        let (mut data, mut used) = (0, 0);
        while used < buf.len() {
            if self.open == Open::Nothing {
                let plain = memchr(MARK, &buf[used..]).unwrap_or(buf.len() - used);
                if data != used {
                    buf.copy_within(used..used + plain, data);
                }
                (data, used) = (data + plain, used + plain);
                if used < buf.len() {
                    used += 1;
                    self.open = Open::Mark;
                }
                continue;
            }
            let byte = buf[used];
            match (self.open, byte) {
                (Open::Mark, 0) => self.open = Open::MarkZero,
                (Open::MarkZero, 0) => {
                    self.open = Open::Nothing;
                    return Decoded { data, used: used + 1, then: Then::Break };
                }
                (Open::MarkZero, damaged) => {
                    // Given on as it came: protocols with checks of their own do better with a wrong
                    // byte than with a missing one.
                    buf[data] = damaged;
                    data += 1;
                    self.damaged += 1;
                    self.open = Open::Nothing;
                }
                // A second mark is a byte FF. Anything else the kernel never makes; it stands for itself.
                (_, plain) => {
                    buf[data] = plain;
                    data += 1;
                    self.open = Open::Nothing;
                }
            }
            used += 1;
        }
        Decoded { data, used, then: Then::End }
    }

    /// Bytes that came with a wrong check bit or without a stop bit.
    pub(super) fn damaged(&self) -> u64 {
        self.damaged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole of what a stream means, fed in pieces.
    fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Vec<usize>, u64) {
        let (mut data, mut breaks, mut marks) = (Vec::new(), Vec::new(), Marks::default());
        for piece in pieces {
            let mut rest = piece.to_vec();
            while !rest.is_empty() {
                let decoded = marks.decode(&mut rest);
                data.extend(&rest[..decoded.data]);
                if decoded.then == Then::Break {
                    breaks.push(data.len());
                }
                rest.drain(..decoded.used);
            }
        }
        (data, breaks, marks.damaged())
    }

    const STREAM: &[u8] =
        b"ab\xff\xff\xff\x00\x00c\xff\x00d\xff\xff\xff\xff\xff\x00\x00\xff\x00\x00e";

    #[test]
    fn marks_become_bytes_and_breaks() {
        let expected = (b"ab\xffcd\xff\xffe".to_vec(), vec![3, 7, 7], 1);
        assert_eq!(decode(&[STREAM]), expected);
    }

    #[test]
    fn any_split_means_the_same() {
        let whole = decode(&[STREAM]);
        for first in 0..=STREAM.len() {
            for second in first..=STREAM.len() {
                let pieces = [&STREAM[..first], &STREAM[first..second], &STREAM[second..]];
                assert_eq!(decode(&pieces), whole, "split at {first} and {second}");
            }
        }
    }

    #[test]
    fn every_doubled_byte_comes_out_single() {
        let data: Vec<u8> = (0..=255).chain(0..=255).chain([0xff; 9]).collect();
        let wire: Vec<u8> =
            data.iter().flat_map(|&b| std::iter::repeat_n(b, 1 + usize::from(b == MARK))).collect();
        assert_eq!(decode(&[&wire]), (data, vec![], 0));
    }
}
