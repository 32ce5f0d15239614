//! `+WIND`: what a module tells of itself unasked.

use at::body::{ExtendedAct, Value};

use super::error::{self, Refusal};
use super::{Done, Part, Reply, Turn};

/// Something that `+WIND` can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    SimAbsent,
    SimPresent,
    /// Ready but for what is on the card.
    Ready,
    /// Ready for everything.
    AllReady,
    NetworkThere,
    NetworkLost,
    MessagesReady,
}

/// The highest sum of bits.
const ALL: u32 = 32_767;

impl Event {
    /// The bit that asks for it, and the number that tells it.
    const fn numbers(self) -> (u32, u8) {
        match self {
            Self::SimAbsent => (1, 0),
            Self::SimPresent => (1, 1),
            Self::Ready => (4, 3),
            Self::AllReady => (8, 4),
            Self::NetworkThere => (64, 7),
            Self::NetworkLost => (128, 8),
            Self::MessagesReady => (16_384, 16),
        }
    }
}

impl Part {
    pub(super) fn wind(&self, event: Event, turn: &mut Turn<'_, '_>) {
        let (bit, number) = event.numbers();
        if self.indications & bit != 0 {
            turn.indicate(format!("+WIND: {number}"));
        }
    }
}

/// `+WIND`: what is asked for is kept at once, without `&W`.
pub(super) fn indications(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec![format!("+WIND: {}", part.indications)])),
        ExtendedAct::Test => Ok(Done::Lines(vec![format!("+WIND: (0-{ALL})")])),
        ExtendedAct::Set(values) => {
            let wanted = values.single().as_ref().and_then(Value::number).ok_or(Refusal::Syntax)?;
            if wanted > ALL {
                return Err(error::NOT_ALLOWED);
            }
            part.indications = wanted;
            part.keep_module(turn);
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}
