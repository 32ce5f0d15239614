//! Buffers that belong to the thread, so that an idle call owns none.
//!
//! A poll function either fills a buffer now or keeps nothing of it, so all calls of a thread can
//! share one. Never hold it across an await.

use std::cell::Cell;

use crate::limits;

thread_local! {
    static READ: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
    static ENCODED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static RECORDS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static SEALED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Runs `act` with this thread's buffer of [`limits::SCRATCH`] bytes, whose content is arbitrary.
///
/// Nesting is allowed; the inner run has a buffer of its own.
///
/// ```
/// let len = carrier::scratch::with(|buf| buf.len());
/// assert_eq!(len, carrier::limits::SCRATCH);
/// ```
pub fn with<T>(act: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buf = READ.take().unwrap_or_else(|| vec![0; limits::SCRATCH].into_boxed_slice());
    let result = act(&mut buf);
    READ.set(Some(buf));
    result
}

/// Runs `act` with this thread's empty vector for encoded bytes.
pub(crate) fn with_encoded<T>(act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut buf = ENCODED.take();
    buf.clear();
    let result = act(&mut buf);
    ENCODED.set(buf);
    result
}

/// Runs `act` with this thread's buffer of [`limits::RECORDS`] bytes for what is still encrypted.
#[cfg_attr(not(feature = "tls"), allow(dead_code))]
pub(crate) fn with_records<T>(act: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buf = RECORDS.take();
    buf.resize(limits::RECORDS, 0);
    let result = act(&mut buf);
    RECORDS.set(buf);
    result
}

/// Runs `act` with this thread's vector for what has just been encrypted, whose content is arbitrary.
#[cfg_attr(not(feature = "tls"), allow(dead_code))]
pub(crate) fn with_sealed<T>(act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut buf = SEALED.take();
    let result = act(&mut buf);
    SEALED.set(buf);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_use_does_not_see_the_outer_buffer() {
        with(|outer| {
            outer.fill(7);
            with(|inner| inner.fill(9));
            assert!(outer.iter().all(|byte| *byte == 7));
        });
    }
}
