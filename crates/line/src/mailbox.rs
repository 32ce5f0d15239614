//! A line's letter box: what others ask of it.
//!
//! A channel of tokio's would do the same, but allocates room for 32 messages up front; of a thousand
//! idle lines nobody asks anything.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use crate::limits;

/// A bounded queue with one reader.
#[derive(Debug)]
pub(crate) struct Mailbox<T>(Mutex<Inside<T>>);

#[derive(Debug)]
struct Inside<T> {
    letters: VecDeque<T>,
    reader: Option<Waker>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self(Mutex::new(Inside { letters: VecDeque::new(), reader: None }))
    }
}

impl<T> Mailbox<T> {
    /// Leaves a letter and wakes the reader; gives it back when the box is full.
    pub(crate) fn post(&self, letter: T) -> Result<(), T> {
        let mut inside = self.lock();
        if inside.letters.len() >= limits::LETTERS {
            return Err(letter);
        }
        inside.letters.push_back(letter);
        if let Some(reader) = inside.reader.take() {
            reader.wake();
        }
        Ok(())
    }

    /// The next letter, or a wake-up when there is one.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<T> {
        let mut inside = self.lock();
        if let Some(letter) = inside.letters.pop_front() {
            return Poll::Ready(letter);
        }
        inside.letters.shrink_to_fit();
        match &mut inside.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside<T>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_out_in_order_and_a_full_box_gives_them_back() {
        let mailbox = Mailbox::default();
        for number in 0..limits::LETTERS {
            mailbox.post(number).unwrap();
        }
        assert_eq!(mailbox.post(99), Err(99));
        let mut cx = Context::from_waker(Waker::noop());
        for number in 0..limits::LETTERS {
            assert_eq!(mailbox.poll_take(&mut cx), Poll::Ready(number));
        }
        assert!(mailbox.poll_take(&mut cx).is_pending());
    }
}
