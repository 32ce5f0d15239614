//! Walking through bytes.

use super::PduError;

/// What is left to read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, PduError> {
        let (&byte, rest) = self.0.split_first().ok_or(PduError::Short)?;
        self.0 = rest;
        Ok(byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, PduError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(PduError::Short)?;
        self.0 = rest;
        Ok(u16::from_be_bytes(*bytes))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], PduError> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(PduError::Short)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// As many registers as these bytes hold; an odd byte at their end is too little.
    pub(super) fn words(&mut self, bytes: usize) -> Result<Vec<u16>, PduError> {
        let bytes = self.take(bytes)?;
        let (pairs, odd) = bytes.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(PduError::ByteCount { count: bytes.len(), expected: bytes.len() + 1 });
        }
        Ok(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
    }

    /// A byte that counts everything behind it.
    pub(super) fn counted(&mut self) -> Result<usize, PduError> {
        let count = usize::from(self.u8()?);
        match self.0.len() {
            left if left < count => Err(PduError::Short),
            left if left > count => Err(PduError::Long { excess: left - count }),
            _ => Ok(count),
        }
    }

    pub(super) const fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn end(&self) -> Result<(), PduError> {
        match self.0.len() {
            0 => Ok(()),
            excess => Err(PduError::Long { excess }),
        }
    }
}

/// Registers as they stand on the wire.
pub(super) fn put_words(out: &mut Vec<u8>, words: &[u16]) {
    out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
}
