//! Bytes that the other side hasn't taken yet.

/// Bytes in order. Owns no memory while it is empty, and never more than one piece and what came
/// with the login.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    taken: usize,
}

impl Pending {
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.bytes.len() {
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_order_and_their_memory_with_them() {
        let mut pending = Pending::default();
        pending.put(b"ab");
        pending.put(b"c");
        pending.advance(1);
        assert_eq!(pending.waiting(), b"bc");
        pending.advance(2);
        assert!(pending.is_empty());
        assert_eq!(pending.bytes.capacity(), 0);
    }
}
