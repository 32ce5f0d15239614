//! A fixed table of deadlines.

use crate::Instant;

/// Up to `N` deadlines, each with its own index; one real timer, set to [`Timers::next`], serves all.
#[derive(Clone, Debug)]
pub struct Timers<const N: usize>([Instant; N]);

/// Stands for a timer that isn't armed: the end of time takes half the room of an `Option`, and every
/// idle modem keeps such a table.
const NEVER: Instant = Instant::from_nanos(u64::MAX);

impl<const N: usize> Default for Timers<N> {
    fn default() -> Self {
        Self([NEVER; N])
    }
}

impl<const N: usize> Timers<N> {
    /// Arms timer `index`, replacing its earlier deadline. An index outside the table is ignored.
    pub fn set(&mut self, index: usize, at: Instant) {
        if let Some(slot) = self.0.get_mut(index) {
            *slot = at;
        }
    }

    /// Disarms timer `index`.
    pub fn clear(&mut self, index: usize) {
        self.set(index, NEVER);
    }

    /// The deadline of timer `index`, if it is armed.
    pub fn get(&self, index: usize) -> Option<Instant> {
        self.0.get(index).copied().filter(|at| *at != NEVER)
    }

    /// The earliest deadline of all.
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().min().copied().filter(|at| *at != NEVER)
    }

    /// Disarms the earliest timer whose deadline is not after `now`, and tells which it was.
    ///
    /// Call it until it returns `None`: several timers may be due at once.
    pub fn take_due(&mut self, now: Instant) -> Option<usize> {
        let timers = self.0.iter().copied().enumerate();
        let (index, _) =
            timers.filter(|&(_, at)| at <= now && at != NEVER).min_by_key(|&(_, at)| at)?;
        self.clear(index);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn due_timers_come_out_once_and_in_order(ats in prop::array::uniform4(0u64..100), now in 0u64..100) {
            let mut timers = Timers::<4>::default();
            for (index, at) in ats.iter().enumerate() {
                timers.set(index, Instant::from_nanos(*at));
            }
            let mut fired = Vec::new();
            while let Some(index) = timers.take_due(Instant::from_nanos(now)) {
                fired.push(ats[index]);
            }
            prop_assert!(fired.is_sorted());
            prop_assert_eq!(fired.len(), ats.iter().filter(|at| **at <= now).count());
            prop_assert!(timers.next().is_none_or(|at| at > Instant::from_nanos(now)));
        }
    }

    #[test]
    fn an_index_outside_the_table_is_ignored() {
        let mut timers = Timers::<1>::default();
        timers.set(7, Instant::ORIGIN + Duration::from_secs(1));
        assert_eq!(timers.next(), None);
        assert_eq!(timers.get(7), None);
    }
}
