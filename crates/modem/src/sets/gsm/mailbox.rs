//! Messages: `+CMGR`, `+CMGL`, `+CMGD`, `+CPMS`, `+CSCA`, and what shows them.

use at::body::{ExtendedAct, Value};
use sms::{Coding, Content, Number, hex};

use super::charset::Charset;
use super::error::{self, Refusal};
use super::messages::{Letter, Message, Place, Status};
use super::security::{single_number, speaks};
use super::{Done, Part, Reply, Turn, settings};

/// The one store: the card's.
const STORE: &str = "SM";

/// How messages look to the equipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Pdu,
    Text,
}

impl Turn<'_, '_> {
    pub(super) fn mode(&self) -> Mode {
        if self.core.settings.number(settings::FORMAT) == 1 { Mode::Text } else { Mode::Pdu }
    }

    /// Whether text mode shows all there is.
    pub(super) fn shows_all(&self) -> bool {
        self.core.settings.number(settings::HEADERS) == 1
    }
}

impl Part {
    /// Messages can be had, or why not.
    pub(super) fn messages_ready(&self) -> Result<(), Refusal> {
        self.sim.ready().map_err(Refusal::of_message)
    }
}

/// `+CMGR`
pub(super) fn read(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let Some(values) = set_of(turn)? else { return Ok(Done::Ok) };
    part.messages_ready()?;
    let place = place_of(single_number(&values)?)?;
    if !part.messages.has_place(place) {
        return Err(error::BAD_INDEX);
    }
    let Some(message) = part.messages.get(place) else {
        return Err(error::BAD_INDEX);
    };
    let shown = match turn.mode() {
        Mode::Pdu => {
            let (head, body) = pdu_lines(message).ok_or(error::BAD_INDEX)?;
            vec![format!("+CMGR: {},,{head}", message.status.number()).into_bytes(), body]
        }
        Mode::Text => {
            let letter = message.letter().ok_or(error::BAD_INDEX)?;
            let mut head = format!("+CMGR: \"{}\",", message.status.words()).into_bytes();
            head.extend(text_head(&letter, message, part.charset, turn));
            vec![head, text_body(content(&letter), part.charset)]
        }
    };
    part.was_read(place, turn);
    Ok(Done::Bytes(shown))
}

/// `+CMGL`
pub(super) fn list(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let wanted = match (turn.named.act, turn.mode()) {
        (ExtendedAct::Test, Mode::Pdu) => {
            return Ok(Done::Lines(vec!["+CMGL: (0-4)".to_owned()]));
        }
        (ExtendedAct::Test, Mode::Text) => {
            let words = "\"REC UNREAD\",\"REC READ\",\"STO UNSENT\",\"STO SENT\",\"ALL\"";
            return Ok(Done::Lines(vec![format!("+CMGL: ({words})")]));
        }
        (ExtendedAct::Execute, _) => Some(Status::Unread),
        (ExtendedAct::Read, _) => return Err(Refusal::Syntax),
        (ExtendedAct::Set(values), Mode::Pdu) => match single_number(values)? {
            4 => None,
            number => Some(Status::of_number(number).ok_or(error::MESSAGE_NOT_ALLOWED)?),
        },
        (ExtendedAct::Set(values), Mode::Text) => {
            let value = values.single();
            let words = value.as_ref().and_then(Value::text).ok_or(error::BAD_TEXT)?;
            if words.eq_ignore_ascii_case("ALL") {
                None
            } else {
                Some(Status::of_words(words).ok_or(error::BAD_TEXT)?)
            }
        }
    };
    part.messages_ready()?;
    let mut lines = Vec::new();
    let mut seen = Vec::new();
    for (place, message) in part.messages.all() {
        if wanted.is_some_and(|wanted| wanted != message.status) {
            continue;
        }
        seen.push(place);
        match turn.mode() {
            Mode::Pdu => {
                let Some((head, body)) = pdu_lines(message) else { continue };
                let status = message.status.number();
                lines.push(format!("+CMGL: {},{status},,{head}", place.0).into_bytes());
                lines.push(body);
            }
            Mode::Text => {
                let Some(letter) = message.letter() else { continue };
                let status = message.status.words();
                let mut head = format!("+CMGL: {},\"{status}\",", place.0).into_bytes();
                head.extend(list_head(&letter, part.charset, turn));
                lines.push(head);
                lines.push(text_body(content(&letter), part.charset));
            }
        }
    }
    for place in seen {
        part.was_read(place, turn);
    }
    Ok(Done::Bytes(lines))
}

/// `+CMGD`
pub(super) fn delete(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let Some(values) = set_of(turn)? else {
        let places: Vec<String> =
            part.messages.all().map(|(place, _)| place.0.to_string()).collect();
        return Ok(Done::Lines(vec![format!("+CMGD: ({}),(0-4)", places.join(","))]));
    };
    part.messages_ready()?;
    let values: Vec<Value<'_>> = values.iter().collect();
    let (number, which) = match values.as_slice() {
        [number] => (number.number(), Some(0)),
        [number, which] => (number.number(), which.number()),
        _ => return Err(Refusal::Syntax),
    };
    let goes = |status: Status| match which {
        Some(1) => status == Status::Read,
        Some(2) => matches!(status, Status::Read | Status::Sent),
        Some(3) => status != Status::Unread,
        _ => true,
    };
    let gone: Vec<Place> = match which {
        Some(0) => {
            let place = place_of(number.ok_or(Refusal::Syntax)?)?;
            if !part.messages.has_place(place) {
                return Err(error::BAD_INDEX);
            }
            part.messages.get(place).map(|_| place).into_iter().collect()
        }
        Some(1..=4) => part
            .messages
            .all()
            .filter(|(_, message)| goes(message.status))
            .map(|(p, _)| p)
            .collect(),
        _ => return Err(error::BAD_INDEX),
    };
    for place in gone {
        part.messages.remove(place);
        part.keep_message(place, turn);
    }
    Ok(Done::Ok)
}

/// `+CPMS`
pub(super) fn stores(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    speaks(turn).map_err(Refusal::of_message)?;
    part.messages_ready()?;
    let (used, room) = (part.messages.used(), part.messages.room());
    match turn.named.act {
        ExtendedAct::Read => {
            let one = format!("\"{STORE}\",{used},{room}");
            Ok(Done::Lines(vec![format!("+CPMS: {one},{one},{one}")]))
        }
        ExtendedAct::Test => {
            let one = format!("(\"{STORE}\")");
            Ok(Done::Lines(vec![format!("+CPMS: ({one},{one},{one})")]))
        }
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let ours = |value: &Value<'_>| {
                *value == Value::Omitted
                    || value.text().is_some_and(|name| name.eq_ignore_ascii_case(STORE))
            };
            if values.len() > 3 || !values.iter().all(ours) {
                return Err(error::MESSAGE_NOT_ALLOWED);
            }
            let one = format!("{used},{room}");
            Ok(Done::Lines(vec![format!("+CPMS: {one},{one},{one}")]))
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CSCA`
pub(super) fn centre(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    speaks(turn).map_err(Refusal::of_message)?;
    part.messages_ready()?;
    match turn.named.act {
        ExtendedAct::Read => {
            let line = match &part.centre {
                Some(centre) => format!("+CSCA: \"{centre}\",{}", centre.kind()),
                None => "+CSCA: \"\",129".to_owned(),
            };
            Ok(Done::Lines(vec![line]))
        }
        ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            part.centre = Some(number_of(&values).ok_or(error::BAD_TEXT)?);
            part.keep_module(turn);
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CSMS`: the services of the first phase.
pub(super) fn services(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec!["+CSMS: 0,1,1,0".to_owned()])),
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CSMS: (0)".to_owned()])),
        ExtendedAct::Set(values) => match single_number(values)? {
            0 => Ok(Done::Lines(vec!["+CSMS: 1,1,0".to_owned()])),
            _ => Err(error::MESSAGE_NOT_ALLOWED),
        },
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// A number as a word or digits, and its type behind it.
pub(super) fn number_of(values: &[Value<'_>]) -> Option<Number> {
    let kind = match values.get(1) {
        None | Some(Value::Omitted) => None,
        Some(kind) => Some(kind.number()?),
    };
    match values.first()? {
        Value::Text(text) | Value::Word(text) => Number::typed(text, kind),
        Value::Number(number) => Number::typed(&number.to_string(), kind),
        Value::Omitted => None,
    }
}

/// The values behind `=`, nothing for `=?`.
pub(super) fn set_of<'t>(turn: &Turn<'t, '_>) -> Result<Option<at::body::Values<'t>>, Refusal> {
    match turn.named.act {
        ExtendedAct::Set(values) => Ok(Some(*values)),
        ExtendedAct::Test => Ok(None),
        ExtendedAct::Read | ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

pub(super) fn place_of(number: u32) -> Result<Place, Refusal> {
    u16::try_from(number).map(Place).map_err(|_| error::BAD_INDEX)
}

fn content(letter: &Letter) -> &Content {
    match letter {
        Letter::Received(deliver) => &deliver.content,
        Letter::Written(submit) => &submit.content,
    }
}

/// The length of a message without its centre, and its octets in digits.
pub(super) fn pdu_lines(message: &Message) -> Option<(usize, Vec<u8>)> {
    let (_, octets) = message.parts()?;
    Some((octets.len(), hex::write(&message.octets).into_bytes()))
}

/// A text as the equipment's character set has it; octets that are no text as digits.
pub(super) fn text_body(content: &Content, charset: Charset) -> Vec<u8> {
    match Coding::of(content.coding) {
        Coding::Seven => charset.write(&content.text()),
        Coding::Eight => hex::write(content.body()).into_bytes(),
        // What an alphabet of seven or eight bits has not is shown in digits.
        Coding::Wide => Charset::Wide.write(&content.text()),
    }
}

fn quoted(text: &str, charset: Charset) -> Vec<u8> {
    let mut bytes = vec![b'"'];
    match charset {
        Charset::Wide => bytes.extend(charset.write(text)),
        _ => bytes.extend_from_slice(text.as_bytes()),
    }
    bytes.push(b'"');
    bytes
}

/// What stands behind the status in `+CMGR`.
fn text_head(letter: &Letter, message: &Message, charset: Charset, turn: &Turn<'_, '_>) -> Vec<u8> {
    let centre = message.parts().and_then(|(centre, _)| centre);
    let centre = centre
        .map_or_else(|| "\"\",129".to_owned(), |centre| format!("\"{centre}\",{}", centre.kind()));
    let Content { protocol, coding, .. } = content(letter);
    let length = content(letter).length();
    match letter {
        Letter::Received(deliver) => {
            let mut head = quoted(&deliver.from.to_string(), charset);
            head.extend(format!(",,\"{}\"", deliver.at).into_bytes());
            if turn.shows_all() {
                let first = deliver.to_octets().first().copied().unwrap_or(0);
                let kind = deliver.from.kind();
                let all = format!(",{kind},{first},{protocol},{coding},{centre},{length}");
                head.extend(all.into_bytes());
            }
            head
        }
        Letter::Written(submit) => {
            let mut head = quoted(&submit.to.to_string(), charset);
            head.push(b',');
            if turn.shows_all() {
                let validity = submit.validity.first().map(u8::to_string).unwrap_or_default();
                let (kind, first) = (submit.to.kind(), submit.first);
                let all =
                    format!(",{kind},{first},{protocol},{coding},{validity},{centre},{length}");
                head.extend(all.into_bytes());
            }
            head
        }
    }
}

/// What stands behind the status in `+CMGL`.
fn list_head(letter: &Letter, charset: Charset, turn: &Turn<'_, '_>) -> Vec<u8> {
    let (number, at) = match letter {
        Letter::Received(deliver) => (&deliver.from, format!("\"{}\"", deliver.at)),
        Letter::Written(submit) => (&submit.to, String::new()),
    };
    let mut head = quoted(&number.to_string(), charset);
    head.extend(format!(",,{at}").into_bytes());
    if turn.shows_all() {
        let length = content(letter).length();
        head.extend(format!(",{},{length}", number.kind()).into_bytes());
    }
    head
}

/// What stands behind `+CMT: ` in text mode.
pub(super) fn arrival_head(
    letter: &Letter,
    message: &Message,
    charset: Charset,
    turn: &Turn<'_, '_>,
) -> Vec<u8> {
    text_head(letter, message, charset, turn)
}
