//! When a ringing modem is answered. Pure: time is an argument.

use std::time::Duration;

use clock::Instant;

use crate::limits::RING_GAP;
use crate::rules::CallerRules;

/// Counts the rings of one modem and decides.
#[derive(Debug)]
pub struct Bell {
    /// Which ring is answered.
    rings: u32,
    rules: CallerRules,
    /// A caller must have let it ring and hung up so long ago at most.
    ring_back: Option<Duration>,
    /// Rings of the call that rings now.
    counted: u32,
    last: Option<Instant>,
    /// Until when a second call is answered.
    armed_until: Option<Instant>,
    /// What was decided on the call that rings now, as far as that can't change any more.
    ring_back_done: bool,
}

/// What to do about a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet, or not at all.
    LetRing,
    /// Take the call.
    Answer,
}

impl Bell {
    /// Answers the ring number `rings` of callers whom the rules allow; with `ring_back`, only those of a
    /// second call that comes so soon after a first one.
    pub fn new(rings: u32, rules: CallerRules, ring_back: Option<Duration>) -> Self {
        Self {
            rings: rings.max(1),
            rules,
            ring_back,
            counted: 0,
            last: None,
            armed_until: None,
            ring_back_done: false,
        }
    }

    /// It rings; `number` is what is known of the caller.
    pub fn ring(&mut self, now: Instant, number: &str) -> Verdict {
        self.pause(now);
        if self.counted == 0 {
            self.ring_back_done = match self.ring_back {
                None => true,
                Some(_) => self.armed_until.take().is_some_and(|until| now <= until),
            };
        }
        self.counted += 1;
        self.last = Some(now);
        if self.counted >= self.rings && self.ring_back_done && self.rules.allow(number) {
            Verdict::Answer
        } else {
            Verdict::LetRing
        }
    }

    /// Looks whether the caller has given up.
    pub fn pause(&mut self, now: Instant) {
        if let Some(last) = self.last
            && now.since(last) > RING_GAP
        {
            self.forget();
            // Whoever just rang himself in has had his chance.
            if let Some(window) = self.ring_back
                && !self.ring_back_done
            {
                self.armed_until = Some(last + window);
            }
        }
    }

    /// The call has been answered, or its end was seen.
    pub fn forget(&mut self) {
        (self.counted, self.last) = (0, None);
    }

    /// When the caller counts as gone, if it rings.
    pub fn silent_at(&self) -> Option<Instant> {
        self.last.map(|last| last + RING_GAP + Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: Verdict = Verdict::Answer;
    const LET_RING: Verdict = Verdict::LetRing;

    fn at(secs: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(secs)
    }

    #[test]
    fn the_ring_that_was_asked_for_is_answered_and_a_new_call_counts_anew() {
        let mut bell = Bell::new(2, CallerRules::default(), None);
        assert_eq!(bell.ring(at(1), ""), LET_RING);
        assert_eq!(bell.ring(at(30), ""), LET_RING, "another call's first");
        assert_eq!(bell.ring(at(35), ""), ANSWER);
        bell.forget();
        assert_eq!(bell.ring(at(36), ""), LET_RING);
        assert_eq!(Bell::new(0, CallerRules::default(), None).ring(at(1), ""), ANSWER);
    }

    #[test]
    fn a_caller_who_is_not_allowed_rings_in_vain_until_his_number_is_known() {
        let rules =
            CallerRules::new(vec!["555".parse().unwrap(), "!all".parse().unwrap()]).unwrap();
        let mut bell = Bell::new(1, rules, None);
        assert_eq!(bell.ring(at(1), ""), LET_RING);
        assert_eq!(bell.ring(at(6), "5551234"), ANSWER);
        assert_eq!(bell.ring(at(60), "777"), LET_RING);
    }

    #[test]
    fn a_caller_rings_hangs_up_and_is_answered_the_second_time() {
        let mut bell = Bell::new(1, CallerRules::default(), Some(Duration::from_secs(60)));
        assert_eq!(bell.ring(at(1), ""), LET_RING);
        assert_eq!(bell.ring(at(6), ""), LET_RING);
        assert_eq!(bell.ring(at(30), ""), ANSWER);
        bell.forget();
        assert_eq!(bell.ring(at(31), ""), LET_RING, "once is once");
        assert_eq!(bell.ring(at(200), ""), LET_RING, "too late");
    }
}
