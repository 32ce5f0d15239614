//! Who has come and gone at one terminal, by what the kernel tells of its openings and closings.

use std::task::{Context, Waker};

/// One terminal's openings and closings, as far as they were heard.
#[derive(Debug, Default)]
pub(super) struct Door {
    waker: Option<Waker>,
    inside: u16,
    ours: Ours,
    /// Somebody has opened it since that was last asked.
    knocked: bool,
    /// The last of those who had it open has closed it.
    left: bool,
    /// And somebody has opened it since.
    succeeded: bool,
}

/// Openings and closings that are our own and yet to be heard.
#[derive(Debug, Default)]
struct Ours {
    openings: u8,
    closings: u8,
}

/// Whether those who have a terminal open are those whom its owner knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Yes, or some of them.
    Known,
    /// All of them have left, by what was heard. The terminal tells whether that is true.
    Left,
    /// All of them have left, and somebody has opened it since.
    Others,
}

impl Door {
    pub(super) fn opened(&mut self) {
        if self.ours.openings > 0 {
            self.ours.openings -= 1;
            return;
        }
        self.inside = self.inside.saturating_add(1);
        self.knocked = true;
        self.succeeded |= self.left;
        self.wake();
    }

    pub(super) fn closed(&mut self) {
        if self.ours.closings > 0 {
            self.ours.closings -= 1;
            return;
        }
        self.inside = self.inside.saturating_sub(1);
        if self.inside == 0 {
            self.left = true;
            self.wake();
        }
    }

    /// Anything may have happened: whoever waits has to look.
    pub(super) fn missed(&mut self) {
        (self.inside, self.ours) = (0, Ours::default());
        (self.knocked, self.left, self.succeeded) = (true, false, false);
        self.wake();
    }

    /// One opening, if the kernel tells of it, and one closing will be our own.
    pub(super) fn expect_ours(&mut self, opening: bool) {
        self.ours.openings = self.ours.openings.saturating_add(opening.into());
        self.ours.closings = self.ours.closings.saturating_add(1);
    }

    /// They won't: the terminal could not be opened.
    pub(super) fn expect_less(&mut self, opening: bool) {
        self.ours.openings = self.ours.openings.saturating_sub(opening.into());
        self.ours.closings = self.ours.closings.saturating_sub(1);
    }

    /// Whether somebody has opened it since this was last asked.
    pub(super) fn take_knock(&mut self, cx: &mut Context<'_>) -> bool {
        self.remember(cx);
        std::mem::take(&mut self.knocked)
    }

    pub(super) fn presence(&mut self, cx: &mut Context<'_>) -> Presence {
        self.remember(cx);
        if self.succeeded {
            Presence::Others
        } else if self.left {
            Presence::Left
        } else {
            Presence::Known
        }
    }

    /// Whoever has it open is known from here on. If `abandoned`, nobody has.
    pub(super) fn settle(&mut self, abandoned: bool) {
        if abandoned {
            self.inside = 0;
        }
        (self.left, self.succeeded) = (abandoned, false);
    }

    /// The terminal says that somebody is there.
    pub(super) fn correct(&mut self) {
        if !self.succeeded {
            (self.inside, self.left) = (self.inside.max(1), false);
        }
    }

    fn remember(&mut self, cx: &mut Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A door after these: `o` and `c` for a client's opening and closing.
    fn after(events: &str) -> Door {
        let mut door = Door::default();
        for event in events.chars() {
            match event {
                'o' => door.opened(),
                _ => door.closed(),
            }
        }
        door
    }

    fn presence(door: &mut Door) -> Presence {
        door.presence(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn only_who_comes_after_the_last_has_left_is_another() {
        for (events, seen) in [
            ("", Presence::Known),
            ("o", Presence::Known),
            ("oc", Presence::Left),
            ("ooc", Presence::Known),
            ("oococ", Presence::Known),
            ("oocc", Presence::Left),
            ("oco", Presence::Others),
            ("ococ", Presence::Others),
            ("oococco", Presence::Others),
        ] {
            assert_eq!(presence(&mut after(events)), seen, "{events}");
        }
    }

    #[test]
    fn who_was_there_when_it_was_settled_is_known() {
        let mut door = after("oco");
        door.settle(false);
        assert_eq!(presence(&mut door), Presence::Known);
        door.closed();
        assert_eq!(presence(&mut door), Presence::Left);
        door.settle(true);
        door.opened();
        assert_eq!(presence(&mut door), Presence::Others);
    }

    #[test]
    fn an_opening_that_is_heard_after_it_was_seen_is_no_second_one() {
        let mut door = after("oc");
        door.settle(false);
        door.opened();
        assert_eq!(presence(&mut door), Presence::Known);
    }

    #[test]
    fn a_closing_by_somebody_who_never_opened_it_is_corrected() {
        let mut door = after("oc");
        door.correct();
        door.opened();
        assert_eq!(presence(&mut door), Presence::Known);
        door.closed();
        door.closed();
        assert_eq!(presence(&mut door), Presence::Left);
        door.opened();
        door.correct();
        assert_eq!(presence(&mut door), Presence::Others, "it was true");
    }

    #[test]
    fn our_own_visits_are_nobodys() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut door = after("oc");
        door.settle(true);
        assert!(door.take_knock(&mut cx));
        for told in [true, false] {
            door.expect_ours(told);
            if told {
                door.opened();
            }
            door.closed();
            assert!(!door.take_knock(&mut cx));
            assert_eq!(presence(&mut door), Presence::Left);
        }
        door.expect_ours(true);
        door.expect_less(true);
        door.opened();
        assert!(door.take_knock(&mut cx));
        assert_eq!(presence(&mut door), Presence::Others);
    }

    #[test]
    fn after_events_were_missed_everybody_looks_and_nobody_is_another() {
        let mut door = after("oco");
        door.missed();
        assert!(door.take_knock(&mut Context::from_waker(Waker::noop())));
        assert_eq!(presence(&mut door), Presence::Known);
    }
}
