//! A change of configuration on its way: a few values at once, or all of it piece by piece.

use crate::limits;
use crate::message::Message;

/// A change that the centre wants.
#[derive(Debug)]
pub(crate) enum Change {
    Values { version: u64, changes: Vec<(String, String)> },
    Whole { version: u64, text: Vec<u8>, through: usize },
}

impl Change {
    pub(crate) const fn version(&self) -> u64 {
        match self {
            Self::Values { version, .. } | Self::Whole { version, .. } => *version,
        }
    }

    /// What is to be said of it next.
    pub(crate) fn message(&self) -> Message {
        match self {
            Self::Values { version, changes } => {
                Message::Configure { version: *version, changes: changes.clone() }
            }
            Self::Whole { version, text, through } => {
                // All of it has come: the last piece asks again what has become of it.
                let at = if *through < text.len() {
                    *through
                } else {
                    text.len().saturating_sub(limits::PIECE)
                };
                let bytes = text.iter().skip(at).take(limits::PIECE).copied().collect();
                Message::Piece { version: *version, total: length(text), at: length_of(at), bytes }
            }
        }
    }

    /// The station has so much of it; whether more is to be said at once.
    pub(crate) fn has_come(&mut self, of: u64, count: u32) -> bool {
        match self {
            Self::Whole { version, text, through } if *version == of => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                // A repeated word of a piece that is known would have everything said twice from then on.
                let news = count != *through && count <= text.len();
                if news {
                    *through = count;
                }
                news && count < text.len()
            }
            _ => false,
        }
    }
}

/// A configuration that comes piece by piece.
#[derive(Debug)]
pub(crate) struct Incoming {
    version: u64,
    total: usize,
    bytes: Vec<u8>,
}

/// What a piece has led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So much of it is here.
    Through(u32),
    /// All of it.
    Whole(Vec<u8>),
    /// It is more than a configuration has.
    TooLong,
}

impl Incoming {
    /// Takes a piece. `place` has what came of an earlier one.
    pub(crate) fn take(
        place: &mut Option<Self>,
        (version, total): (u64, u32),
        at: u32,
        bytes: &[u8],
    ) -> Piece {
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        if total > limits::CONFIGURATION {
            *place = None;
            return Piece::TooLong;
        }
        let same = |known: &Self| known.version == version && known.total == total;
        let mut incoming = match place.take() {
            Some(known) if same(&known) => known,
            _ => Self { version, total, bytes: Vec::new() },
        };
        let fits = incoming.bytes.len() + bytes.len() <= total;
        if usize::try_from(at) == Ok(incoming.bytes.len()) && fits {
            incoming.bytes.extend_from_slice(bytes);
        }
        if incoming.bytes.len() == total {
            return Piece::Whole(incoming.bytes);
        }
        let through = length(&incoming.bytes);
        *place = Some(incoming);
        Piece::Through(through)
    }
}

fn length(bytes: &[u8]) -> u32 {
    length_of(bytes.len())
}

/// Configurations have their limit far below.
fn length_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_whole_whatever_is_said_twice_and_whatever_is_lost() {
        let text: Vec<u8> = (0..1000u32).map(|n| n as u8).collect();
        let mut change = Change::Whole { version: 9, text: text.clone(), through: 0 };
        let mut place = None;
        for round in 0..100 {
            let Message::Piece { version, total, at, bytes } = change.message() else { panic!() };
            if round % 3 == 1 {
                continue; // lost
            }
            let times = 1 + round % 2;
            for _ in 0..times {
                match Incoming::take(&mut place, (version, total), at, &bytes) {
                    Piece::Whole(whole) => return assert_eq!(whole, text),
                    Piece::Through(count) => {
                        change.has_come(version, count);
                    }
                    Piece::TooLong => panic!(),
                }
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn a_station_that_lies_about_what_it_has_gets_nothing_from_beyond() {
        let mut change = Change::Whole { version: 9, text: vec![1; 300], through: 0 };
        assert!(!change.has_come(9, 301) && !change.has_come(8, 256) && !change.has_come(9, 0));
        assert!(change.has_come(9, 256) && !change.has_come(9, 300));
        assert!(matches!(change.message(), Message::Piece { at: 44, .. }));
        assert!(change.has_come(9, 0), "it has lost everything");
    }

    #[test]
    fn a_centre_that_lies_about_the_length_fills_no_memory() {
        let mut place = None;
        assert_eq!(Incoming::take(&mut place, (1, u32::MAX), 0, &[0; 256]), Piece::TooLong);
        assert_eq!(Incoming::take(&mut place, (1, 10), 0, &[0; 256]), Piece::Through(0));
        assert_eq!(Incoming::take(&mut place, (1, 10), 5, &[0; 5]), Piece::Through(0));
        assert_eq!(Incoming::take(&mut place, (1, 0), 0, &[]), Piece::Whole(Vec::new()));
    }
}
