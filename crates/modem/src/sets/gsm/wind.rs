//! `+WIND`: what a module tells of itself unasked.

use at::body::{ExtendedAct, Value};

use super::error::{self, Refusal};
use super::indicators::InCall;
use super::{Done, Part, Reply, Turn, with};
use crate::call::Progress;
use crate::core::Core;
use crate::port::Port;
use crate::sets::Named;

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
    /// The telephone numbers are loaded,
    BookThere,
    /// and what they add up to.
    BookSum,
    /// The network tells its name and the time.
    Time,
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
            Self::BookThere => (512, 10),
            Self::BookSum => (1024, 11),
            Self::Time => (8192, 15),
            Self::MessagesReady => (16_384, 16),
        }
    }
}

impl Part {
    pub(super) fn wind(&self, event: Event, turn: &mut Turn<'_, '_>) {
        let (bit, number) = event.numbers();
        if self.indications & bit != 0 {
            let behind = self.behind(event, turn);
            turn.indicate(format!("+WIND: {number}{behind}"));
        }
    }

    /// What stands behind the number.
    fn behind(&self, event: Event, turn: &Turn<'_, '_>) -> String {
        match event {
            Event::BookThere => ",\"SM\",1,\"ON\",1".to_owned(),
            Event::BookSum => format!(",\"{:032X}\"", self.book.sum()),
            Event::Time => {
                let (facts, time) = (turn.facts(), self.moment(turn));
                let zone = time.zone();
                let (name, short) = (&facts.operator, &facts.operator_short);
                format!(",1,\"{name}\",2,\"{short}\",3,\"{zone}\",4,\"{time}\"")
            }
            _ => String::new(),
        }
    }
}

/// How a call goes on: told between its other lines, and its end behind its result code. There is one call at a
/// time.
pub(crate) fn progress(progress: Progress, core: &mut Core, port: &mut Port<'_>) {
    let (bit, line) = match progress {
        Progress::Alerted => (2, "+WIND: 2"),
        Progress::Begun => (16, "+WIND: 5,1"),
        Progress::Over => (32, "+WIND: 6,1"),
    };
    let told = with(&Named::NONE, None, core, port, |part, turn| {
        let over = progress == Progress::Over;
        let was_in_call =
            std::mem::replace(&mut part.in_call, if over { InCall::No } else { InCall::Yes });
        // One that never began has no number that could be released.
        if over && was_in_call == InCall::No {
            return Vec::new();
        }
        let wind = (part.indications & bit != 0).then(|| line.to_owned());
        let mut told: Vec<String> = wind.into_iter().collect();
        // Nothing passes yet in a call that begins, so that nobody has to wait for it.
        if !over {
            told.extend(part.news_of_indicators(turn));
        }
        told
    });
    for line in told.unwrap_or_default() {
        match progress {
            Progress::Over => core.sets.indicate(line),
            Progress::Begun | Progress::Alerted => core.information(&[line], port),
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
