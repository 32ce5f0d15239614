//! Indicators: `+CIND`, told by `+CIEV` where `+CMER` asks for it, and packet data's news, by `+CGEREP`.

use at::body::ExtendedAct;

use super::error::{self, Refusal};
use super::facts::Facts;
use super::messages::Status;
use super::{Done, Part, Reply, Turn, settings};

/// An indicator, with its greatest value.
type Indicator = (&'static str, u8);

const INDICATORS: [Indicator; 6] =
    [("signal", 5), ("service", 1), ("message", 1), ("call", 1), ("roam", 1), ("smsfull", 1)];

/// What each of them shows.
pub(super) type Shown = [u8; INDICATORS.len()];

/// Whether there is a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum InCall {
    #[default]
    No,
    Yes,
}

/// `+CMER`: what it takes to be told, whatever the equipment is at.
const FORWARDED: u32 = 1;

/// Registered abroad.
const ROAMING: u8 = 5;

impl Part {
    /// What the indicators show now.
    pub(super) fn indicators(&self, facts: &Facts) -> Shown {
        let unread = self.messages.all().any(|(_, message)| message.status == Status::Unread);
        [
            self.bars(facts),
            u8::from(self.network.serves()),
            u8::from(unread),
            u8::from(self.in_call == InCall::Yes),
            u8::from(self.network.status() == ROAMING),
            u8::from(self.messages.is_full()),
        ]
    }

    /// The signal in fifths of what `+CSQ` can tell.
    fn bars(&self, facts: &Facts) -> u8 {
        match self.strength(facts) {
            (strength @ 0..=31, _) => (strength * 5 + 15) / 31,
            _ => 0,
        }
    }

    /// Tells what has changed since the last time, if somebody wants to know.
    pub(super) fn tell_indicators(&mut self, turn: &mut Turn<'_, '_>) {
        for line in self.news_of_indicators(turn) {
            turn.indicate_by(settings::EVENTS, line);
        }
    }

    /// What has changed since the last time, if somebody wants to know.
    pub(super) fn news_of_indicators(&mut self, turn: &Turn<'_, '_>) -> Vec<String> {
        let now = self.indicators(turn.facts());
        let before = std::mem::replace(&mut self.shown, now);
        if !is_told(turn) {
            return Vec::new();
        }
        let changes = (1..).zip(before.into_iter().zip(now));
        let changes = changes.filter(|(_, (before, now))| before != now);
        changes.map(|(place, (_, now))| format!("+CIEV: {place},{now}")).collect()
    }

    /// News of packet data.
    pub(super) fn tell_packet_event(&self, event: &str, turn: &mut Turn<'_, '_>) {
        if turn.core.settings.number(settings::PACKET_EVENTS) > 0 {
            turn.indicate_by(settings::PACKET_EVENTS, format!("+CGEV: {event}"));
        }
    }
}

fn is_told(turn: &Turn<'_, '_>) -> bool {
    let settings = &turn.core.settings;
    settings.number(settings::EVENTS) >= FORWARDED && settings.number(settings::INDICATED) > 0
}

/// `+CIND`
pub(super) fn indicators(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let lines = match turn.named.act {
        ExtendedAct::Read => {
            part.indicators(turn.facts()).iter().map(u8::to_string).collect::<Vec<_>>().join(",")
        }
        ExtendedAct::Test => {
            let range = |(name, most): &Indicator| format!("(\"{name}\",(0-{most}))");
            INDICATORS.iter().map(range).collect::<Vec<_>>().join(",")
        }
        // The module measures them itself.
        ExtendedAct::Set(_) => return Err(error::NOT_SUPPORTED),
        ExtendedAct::Execute => return Err(Refusal::Syntax),
    };
    Ok(Done::Lines(vec![format!("+CIND: {lines}")]))
}
