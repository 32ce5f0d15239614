//! Messages that arrive: `+CMTI`, `+CMT`.

use sms::Deliver;

use super::error::{self, Refusal};
use super::mailbox::{Mode, arrival_head, pdu_lines, text_body};
use super::messages::{Letter, Message, Status};
use super::{Part, ShortMessage, Turn, settings};

/// `+CNMI`: the message itself is shown, and not stored.
const SHOWN: u32 = 2;
/// What a network is told whose message finds no room: 3GPP TS 24.011, cause 22.
const NO_ROOM: u16 = 22;
/// What it is told of a phone that is off the air: cause 38.
const OUT_OF_ORDER: u16 = 38;

impl Part {
    /// Whether a message can arrive now, or the number of `+CMS ERROR` that its sender is to get.
    pub(super) fn can_receive(&self, tell: u32) -> Result<(), u16> {
        match self.service() {
            Ok(()) if tell != SHOWN && self.messages.is_full() => Err(NO_ROOM),
            Ok(()) => Ok(()),
            Err(error::NO_SERVICE | Refusal::Equipment(_)) => Err(OUT_OF_ORDER),
            Err(_) => Err(OUT_OF_ORDER),
        }
    }

    /// A message arrives.
    pub(super) fn arrive(&mut self, message: &ShortMessage, turn: &mut Turn<'_, '_>) {
        let tell = turn.core.settings.number(settings::TELL);
        if self.can_receive(tell).is_err() {
            return;
        }
        let deliver = Deliver {
            from: message.from.clone(),
            content: message.content.clone(),
            at: self.moment(turn),
        };
        let arrived = Message::new(Status::Unread, self.centre.as_ref(), &deliver.to_octets());
        if tell == SHOWN {
            self.show(deliver, &arrived, turn);
            return;
        }
        let Some(place) = self.messages.add(arrived) else { return };
        self.keep_message_aside(place, turn);
        if tell != 0 {
            turn.indicate_by(settings::TELL_MODE, format!("+CMTI: \"SM\",{}", place.0));
        }
    }

    fn show(&self, deliver: Deliver, arrived: &Message, turn: &mut Turn<'_, '_>) {
        let mut said = b"+CMT: ".to_vec();
        match turn.mode() {
            Mode::Pdu => {
                let Some((length, digits)) = pdu_lines(arrived) else { return };
                said.extend(format!(",{length}\r\n").into_bytes());
                said.extend(digits);
            }
            Mode::Text => {
                let body = text_body(&deliver.content, self.charset);
                let letter = Letter::Received(deliver);
                said.extend(arrival_head(&letter, arrived, self.charset, turn));
                said.extend_from_slice(b"\r\n");
                said.extend(body);
            }
        }
        turn.indicate_bytes(said);
    }
}
