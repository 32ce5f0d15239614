//! What `+WIPCFG=4,1` and `+WIPBR=6,b,1` store, and outlives the module's power.

use std::collections::BTreeMap;

use crate::{Wip, bearer, stack};

/// Something that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The options of the stack.
    Stack,
    /// The options of this bearer.
    Bearer(u8),
}

impl Memory {
    /// All that can be stored: the stack, and the bearers that there may be.
    pub const ALL: [Self; 6] = [
        Self::Stack,
        Self::Bearer(1),
        Self::Bearer(2),
        Self::Bearer(4),
        Self::Bearer(5),
        Self::Bearer(6),
    ];
}

/// What a module begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) stack: stack::Options,
    pub(crate) bearers: BTreeMap<u8, bearer::Options>,
}

impl Wip {
    /// Tells a module that was just switched on what it has stored by [`Out::keep`](crate::Out::keep). What
    /// can't be read is as if it had not been stored.
    pub fn remember(&mut self, memory: Memory, text: &str) {
        match memory {
            Memory::Stack => {
                self.stored.stack = stack::Options::from_text(text);
                self.stack.options = self.stored.stack;
            }
            Memory::Bearer(id) => {
                self.stored.bearers.insert(id, bearer::Options::from_text(text));
            }
        }
    }
}

/// A text as one word.
pub(crate) fn write(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    let word =
        |byte: u8| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    text.bytes().map(word).collect()
}

/// Reads what [`write`] wrote.
pub(crate) fn read(word: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_one_word_and_comes_back(text in ".{0,64}") {
            let word = write(&text);
            prop_assert!(word.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(read(&word), Some(text));
        }

        #[test]
        fn any_word_is_read_or_refused(word in ".{0,64}") {
            let _ = read(&word);
        }
    }
}
