//! Bytes that have to wait.

/// Bytes in order, whose memory is given back when the last one has gone. A pointer while there are
/// none, as nearly always: an idle call has several.
///
/// ```
/// let mut queue = carrier::Queue::default();
/// queue.put(b"hello");
/// queue.advance(2);
/// assert_eq!(queue.waiting(), b"llo");
/// ```
#[derive(Debug, Default)]
pub struct Queue(Option<Box<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    gone: usize,
}

impl Queue {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[cfg_attr(not(feature = "tls"), allow(dead_code))]
    pub(crate) fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Adds bytes behind those that wait.
    pub fn put(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.0.get_or_insert_default().bytes.extend_from_slice(bytes);
        }
    }

    /// What waits.
    pub fn waiting(&self) -> &[u8] {
        self.0.as_ref().and_then(|queue| queue.bytes.get(queue.gone..)).unwrap_or_default()
    }

    pub(crate) fn waiting_mut(&mut self) -> &mut [u8] {
        self.0.as_mut().and_then(|queue| queue.bytes.get_mut(queue.gone..)).unwrap_or_default()
    }

    /// So many bytes have gone.
    pub fn advance(&mut self, count: usize) {
        let Some(queue) = &mut self.0 else { return };
        queue.gone += count;
        if queue.gone >= queue.bytes.len() {
            self.0 = None;
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
        assert!(queue.0.is_none());
    }
}
