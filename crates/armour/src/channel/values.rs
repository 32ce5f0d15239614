//! A set of byte values.

use std::fmt;

/// Some of the 256 values.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Values([u64; 4]);

impl Values {
    /// All of them.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Adds a value.
    pub fn insert(&mut self, value: u8) {
        if let Some(word) = self.0.get_mut(usize::from(value / 64)) {
            *word |= 1 << (value % 64);
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, value: u8) {
        if let Some(word) = self.0.get_mut(usize::from(value / 64)) {
            *word &= !(1 << (value % 64));
        }
    }

    /// Whether a value is among them.
    pub fn contains(&self, value: u8) -> bool {
        self.0.get(usize::from(value / 64)).is_some_and(|word| word >> (value % 64) & 1 == 1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every one of them.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|value| self.contains(*value))
    }

    pub(super) const fn words(&self) -> [u64; 4] {
        self.0
    }

    pub(super) const fn of(words: [u64; 4]) -> Self {
        Self(words)
    }
}

impl FromIterator<u8> for Values {
    fn from_iter<I: IntoIterator<Item = u8>>(values: I) -> Self {
        let mut set = Self::default();
        values.into_iter().for_each(|value| set.insert(value));
        set
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
