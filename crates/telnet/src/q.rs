//! The Q method (RFC 1143): one option of one party.
//!
//! ```text
//!            WantOn / ask On                     PeerOn
//!       NO ────────────────────► WANT YES ───────────────────► YES
//!       ▲ ▲      PeerOff, NoAnswer  │                           │
//!       │ └─────────────────────────┘                           │
//!       │  PeerOff, NoAnswer                     WantOff / ask Off
//!       └───────────────────────── WANT NO ◄────────────────────┘
//! ```
//! A wish that comes while an answer is awaited is queued, one deep: the opposite of what was asked
//! is asked once the answer is there. This is what keeps two ends from chasing each other.

/// Where an option of one party stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    No,
    Yes,
    /// We have asked for it to end.
    WantNo(Queue),
    /// We have asked for it to begin.
    WantYes(Queue),
}

/// What to do after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    Empty,
    /// Ask for the opposite.
    Opposite,
}

/// What can happen to an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// DO (for us) or WILL (for the peer).
    PeerOn(Opinion),
    /// DONT or WONT.
    PeerOff,
    WantOn,
    WantOff,
    /// The time for an answer is over.
    NoAnswer,
}

/// Whether we would let the peer have the option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    Agree,
    Refuse,
}

/// What to send: WILL and WONT for us, DO and DONT for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    On,
    Off,
}

/// A transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) next: State,
    pub(crate) say: Option<Say>,
}

/// The whole method: every state with everything that can happen in it.
pub(crate) const fn step(state: State, happening: Happening) -> Step {
    use Happening::{NoAnswer, PeerOff, PeerOn, WantOff, WantOn};
    use Opinion::{Agree, Refuse};
    use Queue::{Empty, Opposite};
    use State::{No, WantNo, WantYes, Yes};

    match (state, happening) {
        (No, PeerOn(Agree)) => say(Yes, Say::On),
        (No, PeerOn(Refuse)) => say(No, Say::Off),
        (No, PeerOff) => quietly(No),
        (No, WantOn) => say(WantYes(Empty), Say::On),
        (No, WantOff) => quietly(No),
        (No, NoAnswer) => quietly(No),

        (Yes, PeerOn(_)) => quietly(Yes),
        (Yes, PeerOff) => say(No, Say::Off),
        (Yes, WantOn) => quietly(Yes),
        (Yes, WantOff) => say(WantNo(Empty), Say::Off),
        (Yes, NoAnswer) => quietly(Yes),

        // The peer answers "off" with "on": his mistake, and RFC 1143's way out of it.
        (WantNo(Empty), PeerOn(_)) => quietly(No),
        (WantNo(Empty), PeerOff) => quietly(No),
        (WantNo(Empty), WantOn) => quietly(WantNo(Opposite)),
        (WantNo(Empty), WantOff) => quietly(WantNo(Empty)),
        (WantNo(Empty), NoAnswer) => quietly(No),

        // The same mistake, but it is what we want by now.
        (WantNo(Opposite), PeerOn(_)) => quietly(Yes),
        (WantNo(Opposite), PeerOff) => say(WantYes(Empty), Say::On),
        (WantNo(Opposite), WantOn) => quietly(WantNo(Opposite)),
        (WantNo(Opposite), WantOff) => quietly(WantNo(Empty)),
        (WantNo(Opposite), NoAnswer) => quietly(No),

        (WantYes(Empty), PeerOn(_)) => quietly(Yes),
        (WantYes(Empty), PeerOff) => quietly(No),
        (WantYes(Empty), WantOn) => quietly(WantYes(Empty)),
        (WantYes(Empty), WantOff) => quietly(WantYes(Opposite)),
        (WantYes(Empty), NoAnswer) => quietly(No),

        (WantYes(Opposite), PeerOn(_)) => say(WantNo(Empty), Say::Off),
        (WantYes(Opposite), PeerOff) => quietly(No),
        (WantYes(Opposite), WantOn) => quietly(WantYes(Empty)),
        (WantYes(Opposite), WantOff) => quietly(WantYes(Opposite)),
        (WantYes(Opposite), NoAnswer) => quietly(No),
    }
}

const fn say(next: State, say: Say) -> Step {
    Step { next, say: Some(say) }
}

const fn quietly(next: State) -> Step {
    Step { next, say: None }
}

#[cfg(test)]
mod tests;
