//! What has passed over a site's call lately, byte by byte. It begins behind the login, so no password is in it.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::limits;

/// Something that has passed, or happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// When.
    pub at: SystemTime,
    /// What.
    pub what: Passed,
}

/// What has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A call began; its number.
    Began(String),
    /// The site has sent this.
    Heard(Vec<u8>),
    /// This was sent to it.
    Said(Vec<u8>),
    /// The call was over; why.
    Ended(String),
}

/// The last of it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    kept: VecDeque<Traced>,
    bytes: usize,
}

impl Trace {
    pub(crate) fn push(&mut self, what: Passed) {
        self.bytes += length(&what);
        self.kept.push_back(Traced { at: SystemTime::now(), what });
        while self.bytes > limits::TRACE || self.kept.len() > limits::TRACED {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= length(&oldest.what);
        }
    }

    pub(crate) fn all(&self) -> Vec<Traced> {
        self.kept.iter().cloned().collect()
    }
}

fn length(what: &Passed) -> usize {
    match what {
        Passed::Began(text) | Passed::Ended(text) => text.len(),
        Passed::Heard(bytes) | Passed::Said(bytes) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_is_kept_whether_pieces_are_large_or_many() {
        let mut trace = Trace::default();
        for n in 0..100 {
            trace.push(Passed::Heard(vec![n; 1_000]));
        }
        assert!(trace.all().len() <= limits::TRACE / 1_000);
        assert_eq!(trace.all().last().expect("one").what, Passed::Heard(vec![99; 1_000]));
        for _ in 0..10_000 {
            trace.push(Passed::Said(vec![1]));
        }
        assert_eq!(trace.all().len(), limits::TRACED);
        assert!(trace.kept.capacity() <= 2 * limits::TRACED);
    }
}
