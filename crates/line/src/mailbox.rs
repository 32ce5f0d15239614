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
    flap: Flap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flap {
    Open,
    /// The reader is gone.
    Closed,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self(Mutex::new(Inside { letters: VecDeque::new(), reader: None, flap: Flap::Open }))
    }
}

impl<T> Mailbox<T> {
    /// Leaves a letter and wakes the reader; gives it back when the box is full or closed.
    pub(crate) fn post(&self, letter: T) -> Result<(), T> {
        let mut inside = self.lock();
        if inside.flap == Flap::Closed || inside.letters.len() >= limits::LETTERS {
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

    /// Nobody reads any more: what is left inside and what would come is dropped.
    pub(crate) fn close(&self) {
        let mut inside = self.lock();
        inside.flap = Flap::Closed;
        let unread = std::mem::take(&mut inside.letters);
        drop(inside);
        drop(unread);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().flap == Flap::Closed
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

    #[test]
    fn a_closed_box_gives_letters_back() {
        let mailbox = Mailbox::default();
        mailbox.post(1).unwrap();
        assert!(!mailbox.is_closed());
        mailbox.close();
        assert!(mailbox.is_closed());
        assert_eq!(mailbox.post(2), Err(2));
        assert!(mailbox.poll_take(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
