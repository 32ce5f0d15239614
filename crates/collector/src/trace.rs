//! What has passed over a site's call lately, byte by byte. It begins behind the login, so no password is in it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::limits;

/// Something that has passed, or happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// When, in whole milliseconds; no two of a site have the same, so whoever has seen one can ask for what is later.
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
        self.put(SystemTime::now(), what);
    }

    fn put(&mut self, now: SystemTime, what: Passed) {
        self.bytes += length(&what);
        let now = whole(now);
        let next = self.kept.back().map_or(now, |last| last.at + MILLI);
        // A clock that was set back is not waited for.
        let at = if next > now && next.duration_since(now).is_ok_and(|ahead| ahead < AHEAD) {
            next
        } else {
            now
        };
        self.kept.push_back(Traced { at, what });
        while self.bytes > limits::TRACE || self.kept.len() > limits::TRACED {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= length(&oldest.what);
        }
    }

    pub(crate) fn all(&self) -> Vec<Traced> {
        self.kept.iter().cloned().collect()
    }
}

const MILLI: Duration = Duration::from_millis(1);

/// As many pieces as are kept may come within one millisecond, and hardly more.
const AHEAD: Duration = Duration::from_secs(5);

fn whole(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let beyond = Duration::from_nanos((since.subsec_nanos() % 1_000_000).into());
    time.checked_sub(beyond).unwrap_or(time)
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
    fn no_piece_is_shown_twice_to_whoever_asks_for_what_is_later() {
        let at = |nanos| UNIX_EPOCH + Duration::new(1_795_000_000, nanos);
        let mut trace = Trace::default();
        for nanos in [1_700_000, 1_800_000, 9_000_001] {
            trace.put(at(nanos), Passed::Said(vec![1]));
        }
        let times: Vec<_> = trace.all().iter().map(|traced| traced.at).collect();
        assert_eq!(times, [at(1_000_000), at(2_000_000), at(9_000_000)]);
        // An hour back.
        trace.put(at(0) - Duration::from_secs(3600), Passed::Said(vec![1]));
        assert_eq!(trace.all().last().expect("one").at, at(0) - Duration::from_secs(3600));
    }

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
