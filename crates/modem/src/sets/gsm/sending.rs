//! Messages that the equipment writes: `+CMGS`, `+CMGW`, `+CMSS`, and what comes of them.

use at::body::Value;
use sms::{Coding, Content, Number, Report, STATUS_REPORT, Submit, hex};

use super::due::{Due, Later, Sending};
use super::entry::Entry;
use super::error::{self, Refusal};
use super::mailbox::{Mode, number_of, place_of, set_of};
use super::messages::{Letter, Message, Status};
use super::{Done, Part, Reply, ShortMessage, Turn, settings};
use crate::limits::NETWORK;
use crate::output::Action;

/// A message is being typed.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    command: &'static str,
    fate: Fate,
    heading: Heading,
    pub(super) entry: Entry,
}

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Sent,
    Stored(Status),
}

/// What the command says of it.
#[derive(Clone, Debug)]
enum Heading {
    /// Text mode: the number.
    To(Option<Number>),
    /// PDU mode: the length without the centre.
    Length(usize),
}

/// `+CMGS`
pub(super) fn send(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let Some(values) = set_of(turn)? else { return Ok(Done::Ok) };
    part.service().map_err(Refusal::of_message)?;
    let values: Vec<Value<'_>> = values.iter().collect();
    let heading = match turn.mode() {
        Mode::Pdu => length(&values)?,
        Mode::Text => Heading::To(Some(number_of(&values).ok_or(error::BAD_TEXT)?)),
    };
    prompt("+CMGS", Fate::Sent, heading, part, turn)
}

/// `+CMGW`
pub(super) fn write(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    if turn.named.act == &at::body::ExtendedAct::Execute && turn.mode() == Mode::Text {
        part.messages_ready()?;
        return prompt("+CMGW", Fate::Stored(Status::Unsent), Heading::To(None), part, turn);
    }
    let Some(values) = set_of(turn)? else { return Ok(Done::Ok) };
    part.messages_ready()?;
    let values: Vec<Value<'_>> = values.iter().collect();
    match turn.mode() {
        Mode::Pdu => {
            let status = match values.get(1) {
                None | Some(Value::Omitted) => Status::Unsent,
                Some(status) => {
                    status.number().and_then(Status::of_number).ok_or(error::BAD_PDU)?
                }
            };
            prompt("+CMGW", Fate::Stored(status), length(&values)?, part, turn)
        }
        Mode::Text => {
            let status = match values.get(2) {
                None | Some(Value::Omitted) => Status::Unsent,
                Some(status) => {
                    let written = status.text().and_then(Status::of_words);
                    written.filter(|status| !status.is_received()).ok_or(error::BAD_TEXT)?
                }
            };
            let to = number_of(&values).ok_or(error::BAD_TEXT)?;
            prompt("+CMGW", Fate::Stored(status), Heading::To(Some(to)), part, turn)
        }
    }
}

/// `+CMSS`
pub(super) fn send_stored(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let Some(values) = set_of(turn)? else { return Ok(Done::Ok) };
    part.service().map_err(Refusal::of_message)?;
    let values: Vec<Value<'_>> = values.iter().collect();
    let (number, rest) = values.split_first().ok_or(Refusal::Syntax)?;
    let place = place_of(number.number().ok_or(Refusal::Syntax)?)?;
    let message = part.messages.get(place).ok_or(error::BAD_INDEX)?;
    let Some(Letter::Written(mut submit)) = message.letter() else {
        return Err(error::MESSAGE_NOT_ALLOWED);
    };
    if !rest.is_empty() {
        submit.to = number_of(rest).ok_or(error::BAD_TEXT)?;
    }
    if submit.to == Number::default() {
        return Err(error::BAD_TEXT);
    }
    let mut sending = sending("+CMSS", submit, part);
    sending.place = Some(place);
    Ok(Done::After(turn.facts().send, Later::Send(Box::new(sending))))
}

fn length(values: &[Value<'_>]) -> Result<Heading, Refusal> {
    let length = values.first().and_then(Value::number).ok_or(error::BAD_PDU)?;
    match usize::try_from(length) {
        // 3GPP TS 23.040: the longest submitted message.
        Ok(length @ 7..=164) => Ok(Heading::Length(length)),
        _ => Err(error::BAD_PDU),
    }
}

fn prompt(
    command: &'static str,
    fate: Fate,
    heading: Heading,
    part: &mut Part,
    turn: &mut Turn<'_, '_>,
) -> Reply {
    if matches!(fate, Fate::Stored(_)) && part.messages.is_full() {
        return Err(error::STORE_FULL);
    }
    let entry = Entry::new(turn.mode(), part.charset);
    part.prompt = Some(Prompt { command, fate, heading, entry });
    Ok(Done::Prompt)
}

impl Part {
    /// What was typed is complete.
    pub(super) fn typed(&mut self, prompt: Prompt, turn: &mut Turn<'_, '_>) -> Reply {
        let message = match &prompt.heading {
            Heading::Length(length) => self.pdu(*length, &prompt)?,
            Heading::To(to) => {
                let content = content(&prompt.entry, turn)?;
                let setting = |cell| turn.core.settings.byte(cell);
                let submit = Submit::new(
                    setting(settings::FIRST_OCTET),
                    setting(settings::VALIDITY),
                    to.clone().unwrap_or_default(),
                    content,
                );
                Message::new(Status::Unsent, self.centre.as_ref(), &submit.to_octets())
            }
        };
        match (prompt.fate, message.letter()) {
            (Fate::Sent, Some(Letter::Written(submit))) => {
                let sending = sending(prompt.command, submit, self);
                Ok(Done::After(turn.facts().send, Later::Send(Box::new(sending))))
            }
            (Fate::Sent, _) => Err(error::BAD_PDU),
            (Fate::Stored(status), _) => {
                let message = Message { status, ..message };
                if message.letter().is_none() {
                    return Err(error::BAD_PDU);
                }
                let place = self.messages.add(message).ok_or(error::STORE_FULL)?;
                self.keep_message(place, turn);
                Ok(Done::Lines(vec![format!("{}: {}", prompt.command, place.0)]))
            }
        }
    }

    fn pdu(&self, length: usize, prompt: &Prompt) -> Result<Message, Refusal> {
        let digits = prompt.entry.bytes().ok_or(error::BAD_PDU)?;
        let octets = hex::read(digits.trim_ascii()).ok_or(error::BAD_PDU)?;
        let (centre, taken) = Number::from_centre(&octets).ok_or(error::BAD_PDU)?;
        let message = octets.get(taken..).filter(|message| message.len() == length);
        let message = message.ok_or(error::BAD_PDU)?;
        // An empty centre stands for the one that is set.
        Ok(Message::new(Status::Unsent, centre.as_ref().or(self.centre.as_ref()), message))
    }

    /// The time has come to hand a message to the network.
    pub(super) fn hand_over(&mut self, sending: Sending, turn: &mut Turn<'_, '_>) -> Reply {
        self.service().map_err(Refusal::of_message)?;
        if self.centre.is_none() {
            return Err(error::NO_CENTRE);
        }
        if let Some(number) = turn.facts().send_failure {
            return Err(Refusal::Message(number));
        }
        let message = ShortMessage {
            from: turn.facts().number.clone().unwrap_or_default(),
            to: sending.to.clone(),
            content: sending.content.clone(),
        };
        turn.port.act(Action::Message(&message));
        self.sending = Some(Box::new(sending));
        Ok(Done::After(NETWORK, Later::Unsent))
    }

    /// The network has taken the message, or not.
    pub(super) fn handed_over(
        &mut self,
        outcome: Result<(), u16>,
        turn: &mut Turn<'_, '_>,
    ) -> Option<Reply> {
        let sending = self.sending.take()?;
        self.agenda.forget(|due| *due == Due::Finish(Later::Unsent));
        if let Err(number) = outcome {
            return Some(Err(Refusal::Message(number)));
        }
        if let Some(place) = sending.place
            && let Some(message) = self.messages.get_mut(place)
        {
            message.status = Status::Sent;
            // It is sent, whether or not that is kept.
            self.keep_message_aside(place, turn);
        }
        if sending.report.is_some() && turn.core.settings.number(settings::REPORTS) == 1 {
            let now = self.moment(turn);
            let report = Report {
                first: STATUS_REPORT,
                reference: sending.reference,
                to: sending.to.clone(),
                sent: now,
                arrived: now,
            };
            turn.indicate(self.report(&report, turn));
        }
        Some(Ok(Done::Lines(vec![format!("{}: {}", sending.command, sending.reference)])))
    }

    fn report(&self, report: &Report, turn: &Turn<'_, '_>) -> String {
        match turn.mode() {
            Mode::Pdu => {
                let octets = report.to_octets();
                let message = Message::new(Status::Unread, self.centre.as_ref(), &octets);
                format!("+CDS: {}\r\n{}", octets.len(), hex::write(&message.octets))
            }
            Mode::Text => format!(
                "+CDS: {},{},\"{}\",{},\"{}\",\"{}\",0",
                report.first,
                report.reference,
                report.to,
                report.to.kind(),
                report.sent,
                report.arrived
            ),
        }
    }
}

fn content(entry: &Entry, turn: &Turn<'_, '_>) -> Result<Content, Refusal> {
    let setting = |cell| turn.core.settings.byte(cell);
    let (protocol, scheme) = (setting(settings::PROTOCOL), setting(settings::CODING));
    let text = match Coding::of(scheme) {
        // Octets are typed as digits.
        Coding::Eight => {
            let octets = entry.bytes().and_then(|bytes| hex::read(bytes.trim_ascii()));
            octets.map(|octets| octets.into_iter().map(char::from).collect())
        }
        Coding::Seven | Coding::Wide => entry.text(),
    };
    let text: String = text.ok_or(error::BAD_TEXT)?;
    Content::of_text(&text, protocol, scheme).ok_or(error::BAD_TEXT)
}

fn sending(command: &'static str, submit: Submit, part: &mut Part) -> Sending {
    part.reference = part.reference.wrapping_add(1);
    Sending {
        command,
        report: submit.wants_report().then_some(submit.first),
        to: submit.to,
        content: submit.content,
        reference: part.reference,
        place: None,
    }
}
