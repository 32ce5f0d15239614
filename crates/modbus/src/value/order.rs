//! In which order the bytes of a number stand in registers.

use std::fmt;
use std::str::FromStr;

/// The order of bytes, A being the most significant of four.
///
/// Modbus only says that a register's higher byte comes first. In which order a number's registers follow each
/// other every maker decides for himself, and some turn the bytes as well: the same number reads as another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// ABCD: most significant word first.
    #[default]
    Big,
    /// CDAB: least significant word first.
    WordSwap,
    /// BADC: most significant word first, the bytes of each turned.
    ByteSwap,
    /// DCBA: least significant byte first.
    Little,
}

impl Order {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Big, Self::WordSwap, Self::ByteSwap, Self::Little];

    /// The letters that stand for it.
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Big => "ABCD",
            Self::WordSwap => "CDAB",
            Self::ByteSwap => "BADC",
            Self::Little => "DCBA",
        }
    }

    const fn turns_words(self) -> bool {
        matches!(self, Self::WordSwap | Self::Little)
    }

    const fn turns_bytes(self) -> bool {
        matches!(self, Self::ByteSwap | Self::Little)
    }

    /// The words of one number in this order from those with the most significant byte first, and back.
    pub(super) fn number(self, words: &[u16]) -> Vec<u16> {
        let mut words = self.text(words);
        if self.turns_words() {
            words.reverse();
        }
        words
    }

    /// The words of a text: its registers follow each other in any order, only their bytes may be turned.
    pub(super) fn text(self, words: &[u16]) -> Vec<u16> {
        let turned = |word: &u16| if self.turns_bytes() { word.swap_bytes() } else { *word };
        words.iter().map(turned).collect()
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letters())
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|order| order.letters().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            format!("{text} is no order of bytes; there are ABCD, CDAB, BADC and DCBA")
        })
    }
}
