//! Bytes that the other side hasn't taken yet.

/// Bytes in order. Owns no memory while it is empty, and never more than one piece and what came
/// with the login.
#[derive(Debug, Default)]
pub(super) struct Pending {
    bytes: Vec<u8>,
    taken: usize,
}

impl Pending {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.bytes.len() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
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
