//! Bytes that have to wait.

/// Bytes in order, whose memory is given back when the last one has gone.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    bytes: Vec<u8>,
    gone: usize,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[cfg_attr(not(feature = "tls"), allow(dead_code))]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.gone
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.gone..).unwrap_or_default()
    }

    pub(crate) fn waiting_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.gone..).unwrap_or_default()
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.gone += count;
        if self.gone >= self.bytes.len() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_queue_owns_no_memory() {
        let mut queue = Queue::default();
        queue.put(b"abc");
        queue.advance(1);
        assert_eq!(queue.waiting(), b"bc");
        queue.advance(2);
        assert!(queue.is_empty());
        assert_eq!(queue.bytes.capacity(), 0);
    }
}
