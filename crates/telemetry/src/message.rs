//! What is said.

use modbus::UnitId;
use modbus::pdu::Pdu;

use crate::batch::{self, Batch};
use crate::crc::crc32c;
use crate::describe::{Described, Description};
use crate::limits;
use crate::sample::{Definition, PointId, Sample, StoreId};
use crate::status::Status;
use crate::wire::{BadMessage, Reader, put_text, put_varint};

/// Which language this is. A centre refuses what it doesn't know.
pub(crate) const VERSION: u8 = 1;

/// Why a station calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It was time.
    Schedule,
    /// Something happened.
    Alarm,
    /// Somebody at the station wanted it.
    Demand,
    /// An earlier call had failed.
    Retry,
    /// The line stays up, and had been lost.
    Hold,
}

impl Cause {
    /// As logs have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Alarm => "alarm",
            Self::Demand => "demand",
            Self::Retry => "retry",
            Self::Hold => "hold",
        }
    }
}

/// Who a station is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Its name.
    pub name: String,
    /// What runs there, for people.
    pub software: String,
    /// Its store.
    pub store: StoreId,
    /// The number of the last sample in it.
    pub last: u64,
    /// The version of the configuration that the centre has last changed; 0 for its own.
    pub configuration: u64,
    /// Why it calls.
    pub cause: Cause,
    /// In how many seconds it means to call again; 0 if it doesn't know.
    pub next_call_s: u32,
    /// After how many seconds without a word it is gone.
    pub silence_s: u32,
}

impl Hello {
    /// A station with an empty store.
    pub fn new(name: &str, store: StoreId, cause: Cause) -> Self {
        Self {
            name: name.to_owned(),
            software: format!("trunkline {}", env!("CARGO_PKG_VERSION")),
            store,
            last: 0,
            configuration: 0,
            cause,
            next_call_s: 0,
            silence_s: 0,
        }
    }
}

/// By what a question is known that is to be carried out once, however often and in how many calls it is said. It is
/// made by chance: a centre that is restored from an older copy would give the same number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(pub u64);

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// From a station: who it is.
    Hello(Hello),
    /// From the centre: up to which sample everything is durable.
    Welcome {
        /// That sample's number; 0 for none.
        through: u64,
    },
    /// From the centre: go away.
    Refused(String),
    /// From a station: samples, and what those of their points are that weren't told yet.
    Batch {
        /// The number of the sample before these.
        after: u64,
        /// What points are.
        definitions: Vec<(PointId, Definition)>,
        /// The samples.
        samples: Vec<Sample>,
    },
    /// From the centre: up to this number everything is durable.
    Acknowledged(u64),
    /// From the centre: a unit is to be asked this.
    Ask {
        /// Which question.
        id: u32,
        /// Which unit.
        unit: UnitId,
        /// What.
        pdu: Pdu,
    },
    /// From the centre: a unit is to be asked this, and once only, though it may be said again in a later call.
    Once {
        /// Which question.
        id: u32,
        /// By which it is known in every call.
        mark: Mark,
        /// Which unit.
        unit: UnitId,
        /// What.
        pdu: Pdu,
    },
    /// From a station: what came of it.
    Answer {
        /// Of which question.
        id: u32,
        /// The unit's answer, or the exception of whoever couldn't ask it.
        pdu: Pdu,
    },
    /// From a station: it is still there, and wants to know the time.
    Ping(u32),
    /// From the centre: the time.
    Pong {
        /// Of which ping.
        nonce: u32,
        /// Milliseconds since 1970.
        unix_ms: i64,
    },
    /// From the centre: a change of configuration.
    Configure {
        /// Its version, greater than that of any earlier one.
        version: u64,
        /// What becomes what.
        changes: Vec<(String, String)>,
    },
    /// From a station: what has become of a change.
    Configured {
        /// Which one.
        version: u64,
        /// Why it was refused.
        outcome: Result<(), String>,
    },
    /// From a station: that's all. From the centre: good bye.
    Bye,
    /// From the centre: tell what your points are.
    Describe {
        /// From which of them on.
        from: u32,
        /// The check by which the centre knows a list already; 0 for none.
        known: u32,
    },
    /// From a station: this is what they are.
    Described(Described),
    /// From a station: how it is.
    Status(Status),
    /// From the centre: a piece of a whole configuration.
    Piece {
        /// Its version, greater than that of any earlier one.
        version: u64,
        /// How many bytes it has.
        total: u32,
        /// Behind how many of them these stand.
        at: u32,
        /// Some of them, [`limits::PIECE`] at most.
        bytes: Vec<u8>,
    },
    /// From a station: so much of a configuration has come.
    Through {
        /// Which one.
        version: u64,
        /// How many bytes.
        through: u32,
    },
}

impl Message {
    /// As bytes, with a check.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Hello(hello) => {
                out.extend([1, VERSION]);
                out.extend(hello.store.0);
                out.extend(hello.last.to_be_bytes());
                out.extend(hello.configuration.to_be_bytes());
                out.push(cause_code(hello.cause));
                out.extend(hello.next_call_s.to_be_bytes());
                out.extend(hello.silence_s.to_be_bytes());
                put_text(&mut out, &hello.name, limits::NAME);
                put_text(&mut out, &hello.software, limits::NAME);
            }
            Self::Welcome { through } => {
                out.extend([2, VERSION]);
                out.extend(through.to_be_bytes());
            }
            Self::Refused(words) => {
                out.push(3);
                put_text(&mut out, words, limits::TEXT);
            }
            Self::Batch { after, definitions, samples } => {
                let mut batch = Batch::new(*after);
                definitions.iter().for_each(|(id, definition)| batch.define(*id, definition));
                samples.iter().for_each(|sample| batch.push(sample));
                return batch.encode();
            }
            Self::Acknowledged(through) => {
                out.push(5);
                out.extend(through.to_be_bytes());
            }
            Self::Ask { id, unit, pdu } => {
                out.push(6);
                out.extend(id.to_be_bytes());
                out.push(unit.0);
                out.extend(pdu.bytes());
            }
            Self::Answer { id, pdu } => {
                out.push(7);
                out.extend(id.to_be_bytes());
                out.extend(pdu.bytes());
            }
            Self::Ping(nonce) => {
                out.push(8);
                out.extend(nonce.to_be_bytes());
            }
            Self::Pong { nonce, unix_ms } => {
                out.push(9);
                out.extend(nonce.to_be_bytes());
                out.extend(unix_ms.to_be_bytes());
            }
            Self::Configure { version, changes } => {
                out.push(10);
                out.extend(version.to_be_bytes());
                put_varint(&mut out, changes.len() as u64);
                for (key, value) in changes {
                    put_text(&mut out, key, limits::TEXT);
                    put_text(&mut out, value, limits::TEXT);
                }
            }
            Self::Configured { version, outcome } => {
                out.push(11);
                out.extend(version.to_be_bytes());
                match outcome {
                    Ok(()) => out.push(0),
                    Err(words) => {
                        out.push(1);
                        put_text(&mut out, words, limits::TEXT);
                    }
                }
            }
            Self::Bye => out.push(12),
            Self::Describe { from, known } => {
                out.push(13);
                out.extend(from.to_be_bytes());
                out.extend(known.to_be_bytes());
            }
            Self::Described(Described { check, count, from, points }) => {
                out.push(14);
                out.extend(
                    [check, count, from].into_iter().flat_map(|number| number.to_be_bytes()),
                );
                put_varint(&mut out, points.len() as u64);
                points.iter().for_each(|point| point.encode(&mut out));
            }
            Self::Status(status) => {
                out.push(15);
                status.encode(&mut out);
            }
            Self::Piece { version, total, at, bytes } => {
                out.push(16);
                out.extend(version.to_be_bytes());
                out.extend(total.to_be_bytes());
                out.extend(at.to_be_bytes());
                out.extend(bytes);
            }
            Self::Through { version, through } => {
                out.push(17);
                out.extend(version.to_be_bytes());
                out.extend(through.to_be_bytes());
            }
            Self::Once { id, mark, unit, pdu } => {
                out.push(18);
                out.extend(id.to_be_bytes());
                out.extend(mark.0.to_be_bytes());
                out.push(unit.0);
                out.extend(pdu.bytes());
            }
        }
        checked(out)
    }

    /// These bytes with their check: a frame, whatever they say.
    pub fn sealed(bytes: &[u8]) -> Vec<u8> {
        checked(bytes.to_vec())
    }

    /// The message in a frame.
    ///
    /// # Errors
    /// It is damaged, or none.
    pub fn decode(frame: &[u8]) -> Result<Self, BadMessage> {
        let (body, check) = frame.split_last_chunk().ok_or(BadMessage::Short)?;
        if crc32c(body) != u32::from_be_bytes(*check) {
            return Err(BadMessage::Check);
        }
        let mut reader = Reader(body);
        let message = Self::read(&mut reader)?;
        reader.end()?;
        Ok(message)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, BadMessage> {
        Ok(match reader.u8()? {
            1 => {
                version(reader)?;
                Self::Hello(Hello {
                    store: StoreId(reader.array()?),
                    last: reader.u64()?,
                    configuration: reader.u64()?,
                    cause: cause(reader.u8()?)?,
                    next_call_s: reader.u32()?,
                    silence_s: reader.u32()?,
                    name: reader.text(limits::NAME)?,
                    software: reader.text(limits::NAME)?,
                })
            }
            2 => {
                version(reader)?;
                Self::Welcome { through: reader.u64()? }
            }
            3 => Self::Refused(reader.text(limits::TEXT)?),
            4 => batch::read(reader)?,
            5 => Self::Acknowledged(reader.u64()?),
            6 => Self::Ask { id: reader.u32()?, unit: UnitId(reader.u8()?), pdu: pdu(reader)? },
            7 => Self::Answer { id: reader.u32()?, pdu: pdu(reader)? },
            8 => Self::Ping(reader.u32()?),
            9 => Self::Pong { nonce: reader.u32()?, unix_ms: reader.i64()? },
            10 => {
                let version = reader.u64()?;
                let count = count(reader, limits::CHANGES, "changes")?;
                let mut changes = Vec::new();
                for _ in 0..count {
                    changes.push((reader.text(limits::TEXT)?, reader.text(limits::TEXT)?));
                }
                Self::Configure { version, changes }
            }
            11 => {
                let version = reader.u64()?;
                let outcome = match reader.u8()? {
                    0 => Ok(()),
                    1 => Err(reader.text(limits::TEXT)?),
                    other => return Err(BadMessage::Unknown("outcome", other)),
                };
                Self::Configured { version, outcome }
            }
            12 => Self::Bye,
            13 => Self::Describe { from: reader.u32()?, known: reader.u32()? },
            14 => {
                let [check, all, from] = [reader.u32()?, reader.u32()?, reader.u32()?];
                let mut points = Vec::new();
                for _ in 0..count(reader, limits::MESSAGE, "points")? {
                    points.push(Description::read(reader)?);
                }
                Self::Described(Described { check, count: all, from, points })
            }
            15 => Self::Status(Status::read(reader)?),
            16 => {
                let (version, total, at) = (reader.u64()?, reader.u32()?, reader.u32()?);
                let bytes = reader.take(reader.0.len())?.to_vec();
                if bytes.len() > limits::PIECE {
                    return Err(BadMessage::Beyond("a piece"));
                }
                Self::Piece { version, total, at, bytes }
            }
            17 => Self::Through { version: reader.u64()?, through: reader.u32()? },
            18 => Self::Once {
                id: reader.u32()?,
                mark: Mark(reader.u64()?),
                unit: UnitId(reader.u8()?),
                pdu: pdu(reader)?,
            },
            kind => return Err(BadMessage::Unknown("message", kind)),
        })
    }
}

/// With its check behind it.
pub(crate) fn checked(mut out: Vec<u8>) -> Vec<u8> {
    let check = crc32c(&out);
    out.extend(check.to_be_bytes());
    out
}

fn version(reader: &mut Reader<'_>) -> Result<(), BadMessage> {
    match reader.u8()? {
        VERSION => Ok(()),
        other => Err(BadMessage::Unknown("version", other)),
    }
}

/// How many of something follow.
pub(crate) fn count(
    reader: &mut Reader<'_>,
    most: usize,
    what: &'static str,
) -> Result<usize, BadMessage> {
    let count = usize::try_from(reader.varint()?).ok();
    count.filter(|count| *count <= most).ok_or(BadMessage::Beyond(what))
}

fn pdu(reader: &mut Reader<'_>) -> Result<Pdu, BadMessage> {
    Pdu::new(reader.take(reader.0.len())?).map_err(|_| BadMessage::Pdu)
}

const fn cause_code(cause: Cause) -> u8 {
    match cause {
        Cause::Schedule => 0,
        Cause::Alarm => 1,
        Cause::Demand => 2,
        Cause::Retry => 3,
        Cause::Hold => 4,
    }
}

const fn cause(code: u8) -> Result<Cause, BadMessage> {
    Ok(match code {
        0 => Cause::Schedule,
        1 => Cause::Alarm,
        2 => Cause::Demand,
        3 => Cause::Retry,
        4 => Cause::Hold,
        other => return Err(BadMessage::Unknown("cause", other)),
    })
}
