//! Values in a row.

use std::ops::Deref;

use super::PduError;

/// `MIN` to `MAX` values: registers, bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> Row<T, MIN, MAX> {
    /// These values.
    pub fn new(values: Vec<T>) -> Result<Self, PduError> {
        if (MIN..=MAX).contains(&values.len()) {
            Ok(Self(values))
        } else {
            Err(PduError::Count { count: values.len(), least: MIN, most: MAX })
        }
    }

    /// The values alone.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// How many; every row is shorter than this could tell.
    pub(super) fn count(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }
}

impl<T, const MIN: usize, const MAX: usize> Deref for Row<T, MIN, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}
