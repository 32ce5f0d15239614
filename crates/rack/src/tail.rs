//! `NO CARRIER` at the end of a call's data, where no DCD tells.

/// What a modem says when the far end has gone, in words.
const WORD: &[u8] = b"\r\nNO CARRIER\r\n";

/// How much of [`WORD`] must be there before anything is held: a line's end alone is mere data.
const BEGUN: usize = 3;

/// Holds back what may be the beginning of the modem's last word.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    held: Vec<u8>,
    /// How much of the word's beginning has been given on already.
    given: usize,
}

impl Tail {
    /// Takes data, and gives on those that aren't held.
    pub(crate) fn push(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for byte in data {
            loop {
                let matched = self.matched();
                if WORD.get(matched) == Some(byte) {
                    if matched + 1 < BEGUN {
                        out.push(*byte);
                        self.given += 1;
                    } else {
                        self.held.push(*byte);
                    }
                    break;
                }
                out.append(&mut self.held);
                self.given = 0;
                if matched == 0 {
                    out.push(*byte);
                    break;
                }
                // The byte may begin the word anew.
            }
        }
    }

    fn matched(&self) -> usize {
        self.given + self.held.len()
    }

    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Nothing more has come for a while: whether the modem has said its last word. Otherwise what was held
    /// is data.
    pub(crate) fn settle(&mut self, out: &mut Vec<u8>) -> LastWord {
        let whole = self.matched() == WORD.len();
        self.given = 0;
        match whole {
            true => {
                self.held.clear();
                LastWord::Said
            }
            false => {
                out.append(&mut self.held);
                LastWord::NotSaid
            }
        }
    }
}

/// Whether the modem has said that the call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWord {
    Said,
    NotSaid,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(parts: &[&[u8]]) -> (Vec<u8>, Tail) {
        let (mut tail, mut out) = (Tail::default(), Vec::new());
        parts.iter().for_each(|part| tail.push(part, &mut out));
        (out, tail)
    }

    #[test]
    fn the_last_word_is_no_data_and_the_same_word_in_the_middle_is() {
        let (mut out, mut tail) = pushed(&[b"bye\r\nNO CARR", b"IER\r\n"]);
        assert_eq!(out, b"bye\r\n");
        assert_eq!(tail.settle(&mut out), LastWord::Said);
        assert_eq!(out, b"bye\r\n");

        let (out, tail) = pushed(&[b"\r\nNO CARRIER\r\n", b"is what modems say"]);
        assert_eq!(out, b"\r\nNO CARRIER\r\nis what modems say");
        assert!(!tail.is_holding());
    }

    #[test]
    fn a_word_that_stops_half_way_is_data() {
        let (mut out, mut tail) = pushed(&[b"\r\nNO CAR"]);
        assert!(tail.is_holding());
        assert_eq!(tail.settle(&mut out), LastWord::NotSaid);
        assert_eq!(out, b"\r\nNO CAR");
    }

    #[test]
    fn an_ordinary_line_end_is_never_held() {
        let (out, tail) = pushed(&[b"login:\r", b"\n", b"\r\n"]);
        assert_eq!(out, b"login:\r\n\r\n");
        assert!(!tail.is_holding());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_changed(
            data in prop::collection::vec(
                prop_oneof![
                    Just(&b"\r\nNO CARRIER\r\n"[..]), Just(&b"\r\nNO "[..]), Just(&b"\r\r\n"[..]), Just(&b"N"[..]), Just(&b"x"[..]),
                ], 0..12,
            ),
        ) {
            let whole = data.concat();
            let (mut out, mut tail) = pushed(&data);
            let single: Vec<&[u8]> = whole.chunks(1).collect();
            prop_assert_eq!(&pushed(&single).0, &out);
            match tail.settle(&mut out) {
                LastWord::NotSaid => prop_assert_eq!(out, whole),
                LastWord::Said => {
                    out.extend(&WORD[2..]);
                    prop_assert_eq!(out, whole);
                }
            }
        }
    }
}
