//! The radio network under the bearers, in a module that has one.

use crate::{Answer, Code, Out, Wip};

/// What a bearer over radio can count on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Radio {
    /// A network.
    #[default]
    There,
    /// None is found, or none takes the card.
    Absent,
    /// There is no card.
    NoCard,
    /// The card wants its PIN or PUK.
    Locked,
}

impl Wip {
    /// What bearers over radio can count on from now on.
    pub const fn set_radio(&mut self, radio: Radio) {
        self.radio = radio;
    }

    /// The radio network is gone from under a bearer, if one is started over it.
    pub fn radio_lost(&mut self, out: &mut impl Out) {
        if self.bears_radio() {
            self.lost(out);
        }
    }

    /// Whether a bearer over radio can be started.
    pub(crate) const fn radio_serves(&self) -> Result<(), Answer> {
        Err(Answer::Cme(match self.radio {
            Radio::There => return Ok(()),
            Radio::Absent => Code::NETWORK,
            Radio::NoCard => Code::NO_CARD,
            Radio::Locked => Code::CARD_LOCKED,
        }))
    }
}
