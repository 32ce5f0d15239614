//! Files of the card, read through the module: `+CRSM`, and `+CSIM` that isn't had.
//!
//! The card's side is 3GPP TS 51.011: the files that clients look for, and the words that say why not.

use at::body::{ExtendedAct, Value};
use sms::{alphabet, hex};

use super::error::{self, Refusal};
use super::facts::Facts;
use super::{Done, Part, Reply, Turn};

/// The operator's name has so much room.
const NAME: usize = 16;
/// What fills a file behind what it holds.
const FILLING: u8 = 0xFF;

/// The two words behind each answer of a card: 3GPP TS 51.011, 9.4.
type Words = (u8, u8);

const DONE: Words = (0x90, 0x00);
const NO_FILE: Words = (0x94, 0x04);
const NO_RECORDS: Words = (0x94, 0x08);
const NOT_FOR_YOU: Words = (0x98, 0x04);
const BAD_LENGTH: Words = (0x67, 0x00);
const BAD_PLACE: Words = (0x6B, 0x00);
const UNKNOWN: Words = (0x6D, 0x00);

/// A file that a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    /// EF_ICCID: the card's own number.
    CardNumber,
    /// EF_IMSI: the subscriber's.
    Subscriber,
    /// EF_SPN: the name of who provides it.
    Provider,
    /// EF_AD: how many digits of the subscriber's number are the network's.
    Administration,
}

impl File {
    const fn of(number: u32) -> Option<Self> {
        Some(match number {
            0x2FE2 => Self::CardNumber,
            0x6F07 => Self::Subscriber,
            0x6F46 => Self::Provider,
            0x6FAD => Self::Administration,
            _ => return None,
        })
    }

    fn bytes(self, facts: &Facts) -> Vec<u8> {
        match self {
            Self::CardNumber => filled(swapped(&facts.card_number), 10),
            Self::Subscriber => subscriber(&facts.subscriber),
            Self::Provider => provider(&facts.operator),
            Self::Administration => {
                let digits = facts.network.len().saturating_sub(3).clamp(2, 3);
                vec![0, 0, 0, if digits == 3 { 3 } else { 2 }]
            }
        }
    }

    /// Who may read and who may write it: always, with the PIN, the operator, nobody.
    const fn access(self) -> u8 {
        match self {
            Self::CardNumber => 0x0F,
            Self::Subscriber => 0x14,
            Self::Provider | Self::Administration => 0x04,
        }
    }

    /// What GET RESPONSE says of a file: 3GPP TS 51.011, 9.2.1.
    fn description(self, number: u32, facts: &Facts) -> Vec<u8> {
        let length = u8::try_from(self.bytes(facts).len()).unwrap_or(u8::MAX);
        let [_, _, high, low] = number.to_be_bytes();
        vec![0, 0, 0, length, high, low, 4, 0, self.access(), 0xFF, 0xFF, 1, 2, 0, 0]
    }
}

/// Digits in pairs, the second one first.
fn swapped(digits: &str) -> Vec<u8> {
    let nibble = |byte: Option<&u8>| byte.map_or(0xF, |byte| byte & 0xF);
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| nibble(pair.get(1)) << 4 | nibble(pair.first()))
        .collect()
}

/// As long as the file is.
fn filled(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length, FILLING);
    bytes
}

/// Its length, and then digits with one of a mark in front, whose eighth tells whether they are odd.
fn subscriber(digits: &str) -> Vec<u8> {
    let digits = digits.get(..15).unwrap_or(digits);
    let mark = if digits.len() % 2 == 1 { '9' } else { '1' };
    let packed = swapped(&format!("{mark}{digits}"));
    let length = u8::try_from(packed.len()).unwrap_or(u8::MAX);
    filled([vec![length], packed].concat(), 9)
}

/// That the name is to be shown, and then the name in the alphabet of messages, or in UTF-16 where that lacks a
/// letter.
fn provider(name: &str) -> Vec<u8> {
    let plain = alphabet::encode(name).filter(|septets| septets.len() <= NAME);
    let wide = || {
        let units = name.encode_utf16().take((NAME - 1) / 2);
        [0x80].into_iter().chain(units.flat_map(u16::to_be_bytes)).collect()
    };
    filled([vec![1], plain.unwrap_or_else(wide)].concat(), 1 + NAME)
}

/// `+CRSM`
pub(super) fn restricted(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let ExtendedAct::Set(values) = turn.named.act else {
        return match turn.named.act {
            ExtendedAct::Test => Ok(Done::Ok),
            _ => Err(Refusal::Syntax),
        };
    };
    let values: Vec<Value<'_>> = values.iter().take(7).collect();
    let number = |place: usize| match values.get(place) {
        None | Some(Value::Omitted) => Ok(0),
        Some(value) => value.number().ok_or(Refusal::Syntax),
    };
    let act = number(0)?;
    let id = number(1)?;
    let (high, low, length) = (number(2)?, number(3)?, number(4)?);
    if values.is_empty() || [high, low, length].iter().any(|octet| *octet > 0xFF) {
        return Err(error::NOT_ALLOWED);
    }
    if !part.sim.is_present() {
        return Err(error::SIM_ABSENT);
    }
    let file = File::of(id);
    // 3GPP TS 51.011, 10: the others may always be read, and descriptions too.
    if (act, file) == (READ_BINARY, Some(File::Subscriber)) {
        part.sim.ready()?;
    }
    let facts = turn.facts();
    Ok(answer(match (act, file) {
        (STATUS, _) => Ok(Vec::new()),
        (READ_BINARY, Some(file)) => cut(file.bytes(facts), high << 8 | low, length),
        (GET_RESPONSE, Some(file)) => cut(file.description(id, facts), 0, length),
        (READ_RECORD | UPDATE_RECORD, Some(_)) => Err(NO_RECORDS),
        (UPDATE_BINARY, Some(_)) => Err(NOT_FOR_YOU),
        (READ_BINARY | READ_RECORD | GET_RESPONSE | UPDATE_BINARY | UPDATE_RECORD, None) => {
            Err(NO_FILE)
        }
        _ => Err(UNKNOWN),
    }))
}

const READ_BINARY: u32 = 176;
const READ_RECORD: u32 = 178;
const GET_RESPONSE: u32 = 192;
const UPDATE_BINARY: u32 = 214;
const UPDATE_RECORD: u32 = 220;
const STATUS: u32 = 242;

/// A part of a file; no length is all that is left.
fn cut(bytes: Vec<u8>, from: u32, length: u32) -> Result<Vec<u8>, Words> {
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let rest = bytes.get(size(from)..).ok_or(BAD_PLACE)?;
    match length {
        0 => Ok(rest.to_vec()),
        length => rest.get(..size(length)).map(<[u8]>::to_vec).ok_or(BAD_LENGTH),
    }
}

fn answer(outcome: Result<Vec<u8>, Words>) -> Done {
    let ((first, second), bytes) = match outcome {
        Ok(bytes) => (DONE, bytes),
        Err(words) => (words, Vec::new()),
    };
    let digits = hex::write(&bytes);
    let behind = if digits.is_empty() { String::new() } else { format!(",\"{digits}\"") };
    Done::Lines(vec![format!("+CRSM: {first},{second}{behind}")])
}

/// `+CSIM`: nobody speaks with the card itself past the module.
pub(super) fn generic(_: &mut Part, _: &mut Turn<'_, '_>) -> Reply {
    Err(error::NOT_SUPPORTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_files_as_cards_have_them() {
        assert_eq!(hex::write(&swapped("8988211000000000000")), "988812010000000000F0");
        assert_eq!(hex::write(&subscriber("001010123456789")), "080910101032547698");
        assert_eq!(hex::write(&subscriber("00101")), "03091010FFFFFFFFFF");
        let facts = Facts { network: "310410".to_owned(), ..Facts::default() };
        assert_eq!(File::Administration.bytes(&facts), [0, 0, 0, 3]);
    }

    #[test]
    fn a_name_is_in_the_alphabet_that_has_its_letters() {
        assert_eq!(hex::write(&provider("Net é")), "014E65742005FFFFFFFFFFFFFFFFFFFFFF");
        assert_eq!(hex::write(&provider("Сеть")), "0180042104350442044CFFFFFFFFFFFFFF");
        assert_eq!(provider(&"x".repeat(40)).len(), 17);
        assert_eq!(provider(&"ю".repeat(40)).len(), 17);
    }

    #[test]
    fn a_part_of_a_file_ends_with_it() {
        let file = || vec![1, 2, 3];
        assert_eq!(cut(file(), 0, 0), Ok(vec![1, 2, 3]));
        assert_eq!(cut(file(), 1, 2), Ok(vec![2, 3]));
        assert_eq!(cut(file(), 1, 3), Err(BAD_LENGTH));
        assert_eq!(cut(file(), 4, 0), Err(BAD_PLACE));
    }
}
