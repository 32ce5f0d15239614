//! The deadlines of a modem, all in one table.

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// S7: a call that is being dialled or answered has to be up by then.
    Connect,
    /// The bell goes on or off.
    Bell,
    /// S1 is cleared.
    RingCount,
    /// S25: circuit 108 has been off long enough to be believed.
    DtrOff,
    /// S30: the call has been silent for long enough to be ended.
    Idle,
    /// A pause of the present state is over: before dialling, before answering, after `CONNECT`.
    Pause,
    /// S12: the silence after the escape sequence. While dialling: the grace time, once type-ahead is
    /// full.
    Guard,
    /// The far end is gone: S10 while online, the linger limit in online command state.
    FarEnd,
}

/// How many timers there are.
pub(crate) const TIMERS: usize = 8;

impl Timer {
    const ALL: [Self; TIMERS] = [
        Self::Connect,
        Self::Bell,
        Self::RingCount,
        Self::DtrOff,
        Self::Idle,
        Self::Pause,
        Self::Guard,
        Self::FarEnd,
    ];

    /// The timer's place in the table.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The timer at a place of the table.
    pub(crate) fn at(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_and_its_place_name_each_other() {
        for (place, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timer.index(), place);
            assert_eq!(Timer::at(place), Some(timer));
        }
        assert_eq!(Timer::at(TIMERS), None);
    }
}
