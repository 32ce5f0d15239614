//! How a station is.

use crate::limits;
use crate::wire::{BadMessage, Reader, put_text, put_varint, put_zigzag};

/// How a station is, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// For how many seconds it has run.
    pub uptime_s: u64,
    /// Samples that wait to be uploaded.
    pub waiting: u64,
    /// How many may wait.
    pub room: u64,
    /// Samples that were ever dropped for want of room.
    pub dropped: u64,
    /// The version of its configuration; 0 for its file's.
    pub configuration: u64,
    /// The configuration that was taken and given up again, and why.
    pub given_up: Option<(u64, String)>,
    /// How its clock was when the centre has last told the time.
    pub clock: ClockNews,
    /// How well its modem hears the network, in dBm.
    pub signal_dbm: Option<i16>,
    /// Devices that give no answer: how many.
    pub silent: u64,
    /// The first [`limits::SILENT`] of them.
    pub silent_names: Vec<String>,
}

/// What a station has done about the centre's time. Offsets are what has to be added to the station's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockNews {
    /// Nobody has told it the time yet.
    #[default]
    Untold,
    /// It was right, but for these milliseconds.
    Right(i64),
    /// It was set, by these milliseconds.
    Set(i64),
    /// It was not set by these milliseconds: that is more than it may be.
    Refused(i64),
}

impl ClockNews {
    /// How far the clock was off, in milliseconds.
    pub const fn offset_ms(self) -> Option<i64> {
        match self {
            Self::Untold => None,
            Self::Right(off) | Self::Set(off) | Self::Refused(off) => Some(off),
        }
    }

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Untold => "untold",
            Self::Right(_) => "right",
            Self::Set(_) => "set",
            Self::Refused(_) => "refused",
        }
    }
}

impl Status {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for number in [self.uptime_s, self.waiting, self.room, self.dropped, self.configuration] {
            put_varint(out, number);
        }
        match &self.given_up {
            None => out.push(0),
            Some((version, why)) => {
                out.push(1);
                put_varint(out, *version);
                put_text(out, why, limits::TEXT);
            }
        }
        let (kind, offset) = match self.clock {
            ClockNews::Untold => (0, 0),
            ClockNews::Right(off) => (1, off),
            ClockNews::Set(off) => (2, off),
            ClockNews::Refused(off) => (3, off),
        };
        out.push(kind);
        put_zigzag(out, offset);
        match self.signal_dbm {
            None => out.push(0),
            Some(dbm) => {
                out.push(1);
                put_zigzag(out, dbm.into());
            }
        }
        put_varint(out, self.silent);
        let names = self.silent_names.iter().take(limits::SILENT);
        put_varint(out, names.len() as u64);
        names.for_each(|name| put_text(out, name, limits::NAME));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, BadMessage> {
        let mut status = Self {
            uptime_s: reader.varint()?,
            waiting: reader.varint()?,
            room: reader.varint()?,
            dropped: reader.varint()?,
            configuration: reader.varint()?,
            ..Self::default()
        };
        if flag(reader)? {
            status.given_up = Some((reader.varint()?, reader.text(limits::TEXT)?));
        }
        let (kind, offset) = (reader.u8()?, reader.zigzag()?);
        status.clock = match kind {
            0 => ClockNews::Untold,
            1 => ClockNews::Right(offset),
            2 => ClockNews::Set(offset),
            3 => ClockNews::Refused(offset),
            other => return Err(BadMessage::Unknown("clock", other)),
        };
        if flag(reader)? {
            let dbm =
                i16::try_from(reader.zigzag()?).map_err(|_| BadMessage::Beyond("a signal"))?;
            status.signal_dbm = Some(dbm);
        }
        status.silent = reader.varint()?;
        let names = usize::try_from(reader.varint()?).ok().filter(|count| *count <= limits::SILENT);
        for _ in 0..names.ok_or(BadMessage::Beyond("names"))? {
            status.silent_names.push(reader.text(limits::NAME)?);
        }
        Ok(status)
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, BadMessage> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(BadMessage::Unknown("choice", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn a_status_is_itself_again_and_no_part_of_it_is_one() {
        let status = Status {
            uptime_s: 86_400,
            waiting: 7,
            room: u64::MAX,
            dropped: 1,
            configuration: 1_790_000_000_000,
            given_up: Some((4, "nobody answers".to_owned())),
            clock: ClockNews::Refused(-3_600_001),
            signal_dbm: Some(-113),
            silent: 40,
            silent_names: (0..limits::SILENT).map(|n| format!("meter-{n}")).collect(),
        };
        for status in [Status::default(), status] {
            let bytes = Message::Status(status.clone()).encode();
            assert_eq!(Message::decode(&bytes), Ok(Message::Status(status)));
            let body = &bytes[..bytes.len() - 4];
            for cut in 1..body.len() {
                assert!(Message::decode(&Message::sealed(&body[..cut])).is_err(), "{cut}");
            }
        }
    }
}
