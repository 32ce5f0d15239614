//! The continuous mode's way to have ETX mean something among bytes that may be anything.
//!
//! An ETX or DLE that is data has a DLE in front of it. An ETX without one ends something: a datagram, or
//! the equipment's half of a connection.

use memchr::memchr2;

/// Ends something.
pub const ETX: u8 = 0x03;
/// Takes the meaning off the byte behind it.
pub const DLE: u8 = 0x10;

/// Appends `bytes` as data.
pub fn stuff(bytes: &[u8], to: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(place) = memchr2(ETX, DLE, rest) {
        let (plain, special) = rest.split_at(place);
        to.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else { break };
        to.extend_from_slice(&[DLE, *byte]);
        rest = behind;
    }
    to.extend_from_slice(rest);
}

/// A piece of what the equipment sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Data.
    Data(&'a [u8]),
    /// An ETX that is none.
    End,
}

/// Takes apart what the equipment sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unstuffer {
    /// A DLE came, and nothing behind it yet.
    escaped: bool,
}

impl Unstuffer {
    /// Takes a piece off the front of `bytes`; none when nothing is left.
    ///
    /// A DLE in front of any other byte is dropped, as the modules do.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        let first = bytes.first()?;
        if std::mem::take(&mut self.escaped) {
            return Some(Piece::Data(take(bytes, 1)));
        }
        match *first {
            ETX => {
                take(bytes, 1);
                Some(Piece::End)
            }
            DLE => {
                take(bytes, 1);
                self.escaped = true;
                self.next(bytes)
            }
            _ => {
                let plain = memchr2(ETX, DLE, bytes).unwrap_or(bytes.len());
                Some(Piece::Data(take(bytes, plain)))
            }
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at_checked(count).unwrap_or((*bytes, &[]));
    *bytes = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes out of the pieces: data, and where it ended.
    fn unstuffed(reads: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
        let (mut data, mut ends) = (Vec::new(), Vec::new());
        let mut unstuffer = Unstuffer::default();
        for read in reads {
            let mut rest = *read;
            while let Some(piece) = unstuffer.next(&mut rest) {
                match piece {
                    Piece::Data(bytes) => data.extend_from_slice(bytes),
                    Piece::End => ends.push(data.len()),
                }
            }
        }
        (data, ends)
    }

    #[test]
    fn the_specials_are_escaped_and_nothing_else() {
        let all: Vec<u8> = (0..=255).collect();
        let mut stuffed = Vec::new();
        stuff(&all, &mut stuffed);
        assert_eq!(stuffed.len(), 258);
        assert!(stuffed.windows(3).any(|three| three == [2, DLE, ETX]));
        assert!(stuffed.windows(3).any(|three| three == [15, DLE, DLE]));
        assert_eq!(unstuffed(&[&stuffed]), (all, vec![]));
    }

    #[test]
    fn an_etx_alone_ends_and_a_dle_alone_is_dropped() {
        assert_eq!(unstuffed(&[b"ab\x03cd\x10xef\x03\x03"]), (b"abcdxef".to_vec(), vec![2, 7, 7]));
        assert_eq!(unstuffed(&[b"a\x10"]), (b"a".to_vec(), vec![]));
        assert_eq!(unstuffed(&[b"A\x10\x03B\x10\x10"]), (b"A\x03B\x10".to_vec(), vec![]));
    }

    proptest! {
        #[test]
        fn stuffing_and_unstuffing_are_inverses_however_reads_are_cut(
            data in proptest::collection::vec(
                prop_oneof![Just(ETX), Just(DLE), any::<u8>()], 0..64),
            cuts in proptest::collection::vec(0_usize..130, 0..6),
        ) {
            let mut stuffed = Vec::new();
            stuff(&data, &mut stuffed);
            stuffed.push(ETX);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stuffed.len())).collect();
            cuts.extend([0, stuffed.len()]);
            cuts.sort_unstable();
            let reads: Vec<&[u8]> =
                cuts.windows(2).map(|pair| &stuffed[pair[0]..pair[1]]).collect();
            prop_assert_eq!(unstuffed(&reads), (data.clone(), vec![data.len()]));
        }

        #[test]
        fn every_split_of_anything_means_the_same(
            raw in proptest::collection::vec(
                prop_oneof![Just(ETX), Just(DLE), any::<u8>()], 0..24),
        ) {
            let whole = unstuffed(&[&raw]);
            for place in 0..=raw.len() {
                let (before, behind) = raw.split_at(place);
                prop_assert_eq!(&unstuffed(&[before, behind]), &whole);
            }
            let bytes: Vec<&[u8]> = raw.chunks(1).collect();
            prop_assert_eq!(&unstuffed(&bytes), &whole);
        }
    }
}
