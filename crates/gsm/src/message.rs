//! Short messages, as a list of them shows them.

use sms::{Deliver, Number, hex};

use crate::limits::CARD;
use crate::script::{Step, ask};

/// A message that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: String,
    /// What it says; of a long one, what this part of it says.
    pub text: String,
}

/// How a module lists its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As octets in hexadecimal digits: nothing that somebody has written looks like the module's own word.
    Pdu,
    /// As texts, for modules that know nothing else.
    Text,
}

impl Form {
    /// What chooses it.
    pub(crate) const fn choice(self) -> &'static str {
        match self {
            Self::Pdu => "AT+CMGF=0",
            Self::Text => "AT+CMGF=1",
        }
    }

    /// What has all messages listed.
    pub(crate) const fn list(self) -> &'static str {
        match self {
            Self::Pdu => "AT+CMGL=4",
            Self::Text => "AT+CMGL=\"ALL\"",
        }
    }

    pub(crate) fn steps(self) -> [Step; 3] {
        let (choice, list) = (ask(self.choice()), ask(self.list()).within(CARD));
        let (choice, list) = match self {
            Self::Pdu => (choice, list.may_fail()),
            Self::Text => (choice.may_fail(), list.list()),
        };
        [choice.into(), ask("AT+CNMI=2,1,0,0,0").may_fail().into(), list.into()]
    }

    /// Whether a line may be what somebody has written.
    pub(crate) fn is_written(self, line: &str) -> bool {
        match self {
            Self::Pdu => line.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Text => !line.starts_with("+CMGL:") && !matches!(line, "OK" | "ERROR"),
        }
    }

    /// Reads what was listed: places in the store, with their messages.
    pub(crate) fn read(self, lines: &[String]) -> Vec<(u16, Message)> {
        match self {
            Self::Pdu => pdus(lines),
            Self::Text => texts(lines),
        }
    }
}

/// The place in the store that a line names.
fn place(line: &str) -> Option<(u16, &str)> {
    let (place, rest) = line.strip_prefix("+CMGL:")?.split_once(',')?;
    Some((place.trim().parse().ok()?, rest))
}

/// A line with the place, and one with the octets. What comes without them stays for the next time.
fn pdus(lines: &[String]) -> Vec<(u16, Message)> {
    let mut all = Vec::new();
    let mut next = None;
    for line in lines {
        if line.starts_with("+CMGL:") {
            next = place(line).map(|(place, _)| place);
        } else if Form::Pdu.is_written(line)
            && let Some(place) = next.take()
        {
            all.push((place, decoded(line).unwrap_or_default()));
        }
    }
    all
}

/// What was received; nothing where the card has something else, such as a message that was sent.
fn decoded(digits: &str) -> Option<Message> {
    let octets = hex::read(digits.as_bytes())?;
    let (_, centre) = Number::from_centre(&octets)?;
    let Deliver { from, content, .. } = Deliver::from_octets(octets.get(centre..)?)?;
    Some(Message { from: from.to_string(), text: content.text() })
}

fn texts(lines: &[String]) -> Vec<(u16, Message)> {
    let mut all: Vec<(u16, Message)> = Vec::new();
    for line in lines {
        if line.starts_with("+CMGL:") {
            let Some((place, rest)) = place(line) else { continue };
            // The state stands in quotes, then the number.
            let from = rest.split('"').nth(3).unwrap_or_default().to_owned();
            all.push((place, Message { from, text: String::new() }));
        } else if let Some((_, message)) = all.last_mut() {
            if !message.text.is_empty() {
                message.text.push('\n');
            }
            message.text.push_str(line);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, lines: &[&str]) -> Vec<(u16, String, String)> {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let read = form.read(&lines).into_iter();
        read.map(|(place, Message { from, text })| (place, from, text)).collect()
    }

    #[test]
    fn a_list_is_read_with_its_senders_and_lines() {
        let lines = [
            "+CMGL: 1,\"REC UNREAD\",\"+4917000001\",,\"26/11/22,23:00:00+04\"",
            "wake up",
            "now",
            "+CMGL: 7,\"REC READ\",\"123\",\"\",\"26/11/22,23:00:00+04\"",
            "call",
        ];
        assert_eq!(
            read(Form::Text, &lines),
            [(1, "+4917000001".into(), "wake up\nnow".into()), (7, "123".into(), "call".into())]
        );
    }

    #[test]
    fn octets_are_read_in_each_alphabet() {
        let lines = [
            // Seven bits.
            "+CMGL: 1,0,,29",
            "07917238010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37",
            "+CREG: 1",
            // Octets, from a name, without a centre.
            "+CMGL: 2,1,\"\",21",
            "0004 is no line of digits",
            "000407D0F7F7FD0E0004621122519514000368C3A9",
            // UCS-2, a part of a longer one.
            "+CMGL: 13,1,,33",
            "00440C9194711032547600086211225195140014050003070201043F044004380432043504420021",
            // What was sent, and what is nothing.
            "+CMGL: 14,3,,17",
            "0011000B917228001032F40000A905C8329BFD06",
            "+CMGL: 15,1,,2",
            "ABC",
            // Noise in its place, and one line too many.
            "+CMGL: 16,1,,33",
            "zzz",
            "+CMGL: x,1,,33",
            "07917238010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37",
        ];
        let read = read(Form::Pdu, &lines);
        let places: Vec<_> = read.iter().map(|(place, ..)| *place).collect();
        assert_eq!(places, [1, 2, 13, 14, 15]);
        assert_eq!((&*read[0].1, &*read[0].2), ("27838890001", "hellohello"));
        assert_eq!((&*read[1].1, &*read[1].2), ("woww", "h\u{c3}\u{a9}"));
        assert_eq!((&*read[2].1, &*read[2].2), ("+491701234567", "привет!"));
        assert!(read[3..].iter().all(|(_, from, text)| from.is_empty() && text.is_empty()));
    }
}
