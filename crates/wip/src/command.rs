//! Commands: which there are, and how their values are read.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use at::body::{ExtendedAct, Value, Values};
use clock::Instant;

use crate::{Answer, Code, Out, Protocol, Services, Wip};

/// Whether a command can go on, or what it is answered.
pub(crate) type Read<T> = Result<T, Answer>;

/// The commands, in capital letters without their `+`.
const COMMANDS: [&str; 8] =
    ["WIPCFG", "WIPBR", "WIPCREATE", "WIPCLOSE", "WIPDATA", "WIPOPT", "WIPFILE", "WIPPING"];

impl Wip {
    /// Whether there is a command of this name, given in capital letters without its `+`.
    pub fn has_command(name: &str) -> bool {
        COMMANDS.contains(&name)
    }

    /// Carries out the command of this name, given in capital letters without its `+`; `None` if there is
    /// none.
    pub fn command(
        &mut self,
        now: Instant,
        name: &str,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Option<Answer> {
        let answer = match name {
            "WIPCFG" => self.stack_command(act, out),
            "WIPBR" => self.bearer_command(now, act, out),
            "WIPCREATE" => self.create_command(now, act, out),
            "WIPCLOSE" => self.close_command(act, out),
            "WIPDATA" => self.data_command(act),
            "WIPOPT" => self.option_command(act, out),
            "WIPFILE" => self.file_command(now, act, out),
            "WIPPING" => self.ping_command(act, out),
            _ => return None,
        };
        Some(answer.unwrap_or_else(|refused| refused))
    }

    /// The socket that the first two values name.
    pub(crate) fn named(&self, args: &Args<'_>) -> Read<crate::Channel> {
        let protocol = self.protocol(args)?;
        let index = self.index(protocol, args.number(1)?)?;
        Ok(crate::Channel { protocol, index })
    }

    /// An index that the protocol has.
    pub(crate) fn index(&self, protocol: Protocol, index: u32) -> Read<u8> {
        let last = match protocol {
            Protocol::Udp | Protocol::Tcp => crate::limits::CHANNELS,
            Protocol::Server => self.rules.servers,
            _ => 1,
        };
        match u8::try_from(index) {
            Ok(index) if (1..=last).contains(&index) => Ok(index),
            _ => Err(Answer::Cme(Code::BAD_INDEX)),
        }
    }

    /// The protocol that the first value names, if this module has it.
    pub(crate) fn protocol(&self, args: &Args<'_>) -> Read<Protocol> {
        let protocol = Protocol::of(args.number(0)?).filter(|protocol| match self.rules.services {
            Services::None => !protocol.is_service(),
            Services::Ftp => !protocol.is_service() || *protocol == Protocol::Ftp,
            Services::All => true,
        });
        protocol.ok_or(Answer::Cme(Code::BAD_PROTOCOL))
    }
}

/// `OK` and nothing else.
pub(crate) const fn ok() -> Answer {
    Answer::Ok(Vec::new())
}

/// The values behind a command.
#[derive(Clone, Debug)]
pub(crate) struct Args<'a>(Vec<Value<'a>>);

impl<'a> Args<'a> {
    /// The values, if they are from `least` to `most`.
    pub(crate) fn of(values: &Values<'a>, least: usize, most: usize) -> Read<Self> {
        let all: Vec<_> = values.iter().take(most + 1).collect();
        if (least..=most).contains(&all.len()) { Ok(Self(all)) } else { Err(Answer::Error) }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A number that has to be there.
    pub(crate) fn number(&self, place: usize) -> Read<u32> {
        self.optional(place)?.ok_or(Answer::Error)
    }

    /// A number that may be left out.
    pub(crate) fn optional(&self, place: usize) -> Read<Option<u32>> {
        match self.0.get(place) {
            None | Some(Value::Omitted) => Ok(None),
            Some(Value::Number(number)) => Ok(Some(*number)),
            Some(Value::Word(_) | Value::Text(_)) => Err(Answer::Error),
        }
    }

    /// A number within bounds, or a default.
    pub(crate) fn bounded(&self, place: usize, first: u32, last: u32, default: u32) -> Read<u32> {
        match self.optional(place)? {
            None => Ok(default),
            Some(number) if (first..=last).contains(&number) => Ok(number),
            Some(_) => Err(Answer::Cme(Code::BAD_VALUE)),
        }
    }

    /// A port that has to be there.
    pub(crate) fn port(&self, place: usize) -> Read<u16> {
        u16::try_from(self.number(place)?).map_err(|_| Answer::Cme(Code::BAD_PORT))
    }

    /// A text, in quotes or not.
    pub(crate) fn text(&self, place: usize) -> Read<Cow<'_, str>> {
        match self.0.get(place) {
            None | Some(Value::Omitted) => Err(Answer::Error),
            Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
            Some(Value::Word(text) | Value::Text(text)) => Ok(Cow::Borrowed(text)),
        }
    }

    /// An address, in quotes or not.
    pub(crate) fn address(&self, place: usize) -> Read<Ipv4Addr> {
        self.text(place)?.parse().map_err(|_| Answer::Cme(Code::BAD_VALUE))
    }
}
