//! Every transition by name, and a model check: two parties that want this and that always agree in
//! the end.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::Happening::{NoAnswer, PeerOff, PeerOn, WantOff, WantOn};
use super::Opinion::{Agree, Refuse};
use super::Queue::{Empty, Opposite};
use super::State::{No, WantNo, WantYes, Yes};
use super::{Happening, Opinion, Say, State, Step, step};

const SILENTLY: Option<Say> = None;
const SAY_ON: Option<Say> = Some(Say::On);
const SAY_OFF: Option<Say> = Some(Say::Off);

macro_rules! transitions {
    ($($name:ident: $state:expr, $happening:expr => $next:expr, $say:expr;)*) => { $(
        #[test]
        fn $name() {
            assert_eq!(step($state, $happening), Step { next: $next, say: $say });
        }
    )* };
}

transitions! {
    off_and_an_agreeable_offer_is_accepted: No, PeerOn(Agree) => Yes, SAY_ON;
    off_and_an_unwelcome_offer_is_refused: No, PeerOn(Refuse) => No, SAY_OFF;
    off_and_told_off_says_nothing: No, PeerOff => No, SILENTLY;
    off_and_wanted_on_asks: No, WantOn => WantYes(Empty), SAY_ON;
    off_and_wanted_off_says_nothing: No, WantOff => No, SILENTLY;
    off_and_a_time_out_changes_nothing: No, NoAnswer => No, SILENTLY;

    on_and_told_on_says_nothing: Yes, PeerOn(Agree) => Yes, SILENTLY;
    on_and_told_on_stays_on_even_if_we_would_refuse_now: Yes, PeerOn(Refuse) => Yes, SILENTLY;
    on_and_told_off_confirms: Yes, PeerOff => No, SAY_OFF;
    on_and_wanted_on_says_nothing: Yes, WantOn => Yes, SILENTLY;
    on_and_wanted_off_asks: Yes, WantOff => WantNo(Empty), SAY_OFF;
    on_and_a_time_out_changes_nothing: Yes, NoAnswer => Yes, SILENTLY;

    asked_off_and_answered_on_is_off: WantNo(Empty), PeerOn(Agree) => No, SILENTLY;
    asked_off_and_answered_on_is_off_if_unwelcome_too: WantNo(Empty), PeerOn(Refuse) => No, SILENTLY;
    asked_off_and_answered_off_is_off: WantNo(Empty), PeerOff => No, SILENTLY;
    asked_off_and_wanted_on_queues_the_wish: WantNo(Empty), WantOn => WantNo(Opposite), SILENTLY;
    asked_off_and_wanted_off_waits: WantNo(Empty), WantOff => WantNo(Empty), SILENTLY;
    asked_off_and_never_answered_is_off: WantNo(Empty), NoAnswer => No, SILENTLY;

    asked_off_then_wanted_on_and_answered_on_is_on: WantNo(Opposite), PeerOn(Agree) => Yes, SILENTLY;
    asked_off_then_wanted_on_and_answered_on_is_what_we_want: WantNo(Opposite), PeerOn(Refuse) => Yes, SILENTLY;
    asked_off_then_wanted_on_and_answered_off_asks_again: WantNo(Opposite), PeerOff => WantYes(Empty), SAY_ON;
    asked_off_then_wanted_on_twice_waits: WantNo(Opposite), WantOn => WantNo(Opposite), SILENTLY;
    asked_off_then_wanted_on_then_off_drops_the_wish: WantNo(Opposite), WantOff => WantNo(Empty), SILENTLY;
    asked_off_then_wanted_on_and_never_answered_is_off: WantNo(Opposite), NoAnswer => No, SILENTLY;

    asked_on_and_answered_on_is_on: WantYes(Empty), PeerOn(Agree) => Yes, SILENTLY;
    asked_on_and_answered_on_is_our_own_wish: WantYes(Empty), PeerOn(Refuse) => Yes, SILENTLY;
    asked_on_and_answered_off_is_off: WantYes(Empty), PeerOff => No, SILENTLY;
    asked_on_and_wanted_on_waits: WantYes(Empty), WantOn => WantYes(Empty), SILENTLY;
    asked_on_and_wanted_off_queues_the_wish: WantYes(Empty), WantOff => WantYes(Opposite), SILENTLY;
    asked_on_and_never_answered_counts_as_refused: WantYes(Empty), NoAnswer => No, SILENTLY;

    asked_on_then_wanted_off_and_answered_on_asks_off: WantYes(Opposite), PeerOn(Agree) => WantNo(Empty), SAY_OFF;
    asked_on_then_wanted_off_and_answered_on_asks_off_if_unwelcome_too: WantYes(Opposite), PeerOn(Refuse) => WantNo(Empty), SAY_OFF;
    asked_on_then_wanted_off_and_answered_off_is_off: WantYes(Opposite), PeerOff => No, SILENTLY;
    asked_on_then_wanted_off_then_on_drops_the_wish: WantYes(Opposite), WantOn => WantYes(Empty), SILENTLY;
    asked_on_then_wanted_off_twice_waits: WantYes(Opposite), WantOff => WantYes(Opposite), SILENTLY;
    asked_on_then_wanted_off_and_never_answered_is_off: WantYes(Opposite), NoAnswer => No, SILENTLY;
}

/// What happens in a run of the model.
#[derive(Clone, Copy, Debug)]
enum Act {
    Want(usize, bool),
    Deliver(usize),
}

/// The two parties of one option, and what is on its way to each.
struct Model {
    states: [State; 2],
    opinions: [Opinion; 2],
    inboxes: [VecDeque<Say>; 2],
}

impl Model {
    fn happen(&mut self, end: usize, happening: Happening) {
        let step = step(self.states[end], happening);
        self.states[end] = step.next;
        self.inboxes[1 - end].extend(step.say);
    }

    fn deliver(&mut self, end: usize) -> bool {
        let Some(said) = self.inboxes[end].pop_front() else { return false };
        let heard = match said {
            Say::On => PeerOn(self.opinions[end]),
            Say::Off => PeerOff,
        };
        self.happen(end, heard);
        true
    }
}

proptest! {
    #[test]
    fn two_parties_agree_in_the_end_whatever_they_want(
        agrees in prop::array::uniform2(any::<bool>()),
        acts in prop::collection::vec(
            prop_oneof![
                (0..2usize, any::<bool>()).prop_map(|(end, on)| Act::Want(end, on)),
                (0..2usize).prop_map(Act::Deliver),
            ],
            0..40,
        ),
    ) {
        let opinion = |agree| if agree { Agree } else { Refuse };
        let mut model = Model {
            states: [No; 2],
            opinions: agrees.map(opinion),
            inboxes: Default::default(),
        };
        let mut wants = 0;
        for act in acts {
            match act {
                Act::Want(end, on) => {
                    wants += 1;
                    model.happen(end, if on { WantOn } else { WantOff });
                }
                Act::Deliver(end) => {
                    model.deliver(end);
                }
            }
        }
        let mut messages = 0;
        while model.deliver(0) || model.deliver(1) {
            messages += 1;
            prop_assert!(messages <= 4 * (wants + 1), "they go on for ever");
        }
        prop_assert_eq!(model.states[0], model.states[1]);
        prop_assert!(matches!(model.states[0], No | Yes));
    }
}
