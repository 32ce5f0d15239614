//! RTU, ASCII and TCP.

use std::time::Duration;

use clock::Instant;
use modbus::UnitId;
use modbus::frame::{Direction, Frame, Heard, Side, ascii, rtu, tcp};
use modbus::pdu::{Function, Pdu, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::some::exchange;

const NOW: Instant = Instant::from_nanos(1_000_000);

/// What these ears hear when bytes come in pieces of these sizes, and nothing after them.
fn rtu_heard(side: Side, wire: &[u8], pieces: &[usize]) -> Vec<Heard> {
    let mut ears = rtu::Deframer::new(side, rtu::Silences::TOLERANT);
    let mut heard = Vec::new();
    let mut rest = wire;
    let mut pieces = pieces.iter().copied().chain(std::iter::repeat(1));
    while !rest.is_empty() {
        let size = pieces.next().expect("endless").clamp(1, rest.len());
        let (mut piece, later) = rest.split_at(size);
        while let Some(one) = ears.next(NOW, &mut piece) {
            heard.push(one);
        }
        rest = later;
    }
    let end = NOW + Duration::from_secs(60);
    while let Some(one) = ears.silence(end) {
        heard.push(one);
    }
    assert_eq!(ears.deadline(), None, "nothing is left after a silence");
    heard
}

fn ascii_heard(side: Side, wire: &[u8], pieces: &[usize]) -> Vec<Heard> {
    let mut ears = ascii::Deframer::new(side);
    let mut heard = Vec::new();
    let mut rest = wire;
    let mut pieces = pieces.iter().copied().chain(std::iter::repeat(1));
    while !rest.is_empty() {
        let size = pieces.next().expect("endless").clamp(1, rest.len());
        let (mut piece, later) = rest.split_at(size);
        while let Some(one) = ears.next(NOW, &mut piece) {
            heard.push(one);
        }
        rest = later;
    }
    heard
}

fn rtu_wire(unit: u8, pdu: &Pdu) -> Vec<u8> {
    let mut wire = Vec::new();
    rtu::encode(UnitId(unit), pdu, &mut wire);
    wire
}

fn ascii_wire(unit: u8, pdu: &Pdu) -> Vec<u8> {
    let mut wire = Vec::new();
    ascii::encode(UnitId(unit), pdu, &mut wire);
    wire
}

fn heard(unit: u8, pdu: Pdu, direction: Direction) -> Heard {
    Heard { frame: Frame { unit: UnitId(unit), pdu }, direction }
}

/// Whether a frame was heard, or hidden by what has a right CRC by chance: of noise, one in 65536 pieces.
fn heard_or_hidden(expected: &Heard, found: &[Heard]) -> bool {
    found.contains(expected) || !found.is_empty()
}

/// Whether an answer's first bytes are a whole request, which nothing on the wire tells it from: a status that is what
/// the CRC of the question was.
fn begins_like_a_request(answer: &[u8]) -> bool {
    (1..answer.len()).any(|cut| !rtu_heard(Side::Slave, &answer[..cut], &[]).is_empty())
}

/// Requests, and answers as their unit sends them.
fn frames() -> impl Strategy<Value = Vec<(u8, Request, Response)>> {
    vec((1u8..=247, exchange()), 1..5).prop_map(|exchanges| {
        let one = |(unit, (request, response))| (unit, request, response);
        exchanges.into_iter().map(one).collect()
    })
}

#[test]
fn a_status_that_is_the_crc_of_its_question_looks_like_another_question() {
    let status = |status| Pdu::new(&[0x07, status]).unwrap();
    assert!(begins_like_a_request(&rtu_wire(5, &status(0x43))));
    assert!(!begins_like_a_request(&rtu_wire(5, &status(0x44))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rtu_answers_are_heard_however_they_are_cut(frames in frames(), pieces in vec(1usize..40, 0..30)) {
        let pdus: Vec<_> = frames.iter().map(|(unit, _, response)| (*unit, response.encode())).collect();
        let wire: Vec<u8> = pdus.iter().flat_map(|(unit, pdu)| rtu_wire(*unit, pdu)).collect();
        let expected: Vec<_> =
            pdus.into_iter().map(|(unit, pdu)| heard(unit, pdu, Direction::Response)).collect();
        prop_assert_eq!(rtu_heard(Side::Master, &wire, &pieces), expected.clone());
        prop_assert_eq!(rtu_heard(Side::Master, &wire, &[]), expected);
    }

    #[test]
    fn a_unit_hears_whole_conversations_of_others(frames in frames(), pieces in vec(1usize..40, 0..30)) {
        let mut wire = Vec::new();
        let mut expected = Vec::new();
        for (unit, request, response) in &frames {
            // Where both look alike, which one it is stands in their order alone.
            let (request, response) = (request.encode(), response.encode());
            wire.extend(rtu_wire(*unit, &request));
            expected.push((*unit, request));
            let answer = rtu_wire(*unit, &response);
            if !begins_like_a_request(&answer) {
                expected.push((*unit, response));
            }
            wire.extend(answer);
        }
        let told = |heard: Heard| (heard.frame.unit.0, heard.frame.pdu);
        let heard: Vec<_> = rtu_heard(Side::Slave, &wire, &pieces).into_iter().map(told).collect();
        for one in &expected {
            prop_assert!(heard.contains(one), "{one:?} in {heard:?}");
        }
    }

    #[test]
    fn ascii_is_heard_however_it_is_cut(frames in frames(), pieces in vec(1usize..40, 0..30)) {
        let requests: Vec<_> = frames.iter().map(|(unit, request, _)| (*unit, request.encode())).collect();
        let answers: Vec<_> = frames.iter().map(|(unit, _, response)| (*unit, response.encode())).collect();
        let wire: Vec<u8> = requests.iter().flat_map(|(unit, pdu)| ascii_wire(*unit, pdu)).collect();
        let expected: Vec<_> =
            requests.into_iter().map(|(unit, pdu)| heard(unit, pdu, Direction::Request)).collect();
        prop_assert_eq!(ascii_heard(Side::Slave, &wire, &pieces), expected);
        let wire: Vec<u8> = answers.iter().flat_map(|(unit, pdu)| ascii_wire(*unit, pdu)).collect();
        let expected: Vec<_> =
            answers.into_iter().map(|(unit, pdu)| heard(unit, pdu, Direction::Response)).collect();
        prop_assert_eq!(ascii_heard(Side::Master, &wire, &pieces), expected);
    }

    #[test]
    fn tcp_is_heard_however_it_is_cut(frames in frames(), pieces in vec(1usize..40, 0..30), first in any::<u16>()) {
        let mut wire = Vec::new();
        let mut expected = Vec::new();
        for (index, (unit, request, _)) in frames.iter().enumerate() {
            let transaction = tcp::Transaction(first.wrapping_add(index as u16));
            let pdu = request.encode();
            tcp::encode(transaction, UnitId(*unit), &pdu, &mut wire);
            expected.push((transaction, Frame { unit: UnitId(*unit), pdu }));
        }
        let mut ears = tcp::Deframer::default();
        let mut found = Vec::new();
        let mut rest = wire.as_slice();
        let mut pieces = pieces.iter().copied().chain(std::iter::repeat(1));
        while !rest.is_empty() {
            let size = pieces.next().expect("endless").clamp(1, rest.len());
            let (mut piece, later) = rest.split_at(size);
            while let Some(one) = ears.next(&mut piece).expect("Modbus") {
                found.push(one);
            }
            rest = later;
        }
        prop_assert_eq!(found, expected);
        prop_assert!(!ears.is_unfinished());
    }

    #[test]
    fn noise_in_front_and_between_hides_nothing(
        frames in frames(),
        noises in vec(vec(any::<u8>(), 0..20), 6),
        pieces in vec(1usize..40, 0..30),
    ) {
        // Each frame is followed by a silence, as on a bus; the noise comes right before it.
        let mut noises = noises.into_iter();
        let mut ears = rtu::Deframer::new(Side::Master, rtu::Silences::TOLERANT);
        let mut now = NOW;
        let mut pieces = pieces.into_iter().chain(std::iter::repeat(7));
        for (unit, _, response) in &frames {
            let mut wire = noises.next().unwrap_or_default();
            wire.extend(rtu_wire(*unit, &response.encode()));
            let mut found = Vec::new();
            let mut rest = wire.as_slice();
            while !rest.is_empty() {
                let size = pieces.next().expect("endless").clamp(1, rest.len());
                let (mut piece, later) = rest.split_at(size);
                while let Some(one) = ears.next(now, &mut piece) {
                    found.push(one);
                }
                rest = later;
            }
            now = now + Duration::from_secs(1);
            while let Some(one) = ears.silence(now) {
                found.push(one);
            }
            let expected = heard(*unit, response.encode(), Direction::Response);
            prop_assert!(heard_or_hidden(&expected, &found), "{expected:?} in {found:?}");
        }
    }

    #[test]
    fn a_damaged_frame_is_no_frame((_, response) in exchange(), unit in 1u8..=247, at in any::<prop::sample::Index>(), flip in 1u8..) {
        let pdu = response.encode();
        let expected = heard(unit, pdu.clone(), Direction::Response);
        let mut wire = rtu_wire(unit, &pdu);
        *at.get_mut(&mut wire) ^= flip;
        prop_assert!(!rtu_heard(Side::Master, &wire, &[]).contains(&expected));
        let mut wire = ascii_wire(unit, &pdu);
        let end = wire.len() - 2;
        let digit = at.get_mut(&mut wire[1..end]);
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        prop_assert_eq!(ascii_heard(Side::Master, &wire, &[]), []);
    }

    #[test]
    fn every_truncation_is_no_frame_and_the_next_one_is_heard((_, response) in exchange(), unit in 1u8..=247) {
        let pdu = response.encode();
        let whole = rtu_wire(unit, &pdu);
        let expected = heard(unit, pdu.clone(), Direction::Response);
        for end in 0..whole.len() {
            let mut wire = whole[..end].to_vec();
            prop_assert!(!rtu_heard(Side::Master, &wire, &[]).contains(&expected));
            wire.extend(&whole);
            let found = rtu_heard(Side::Master, &wire, &[]);
            prop_assert!(heard_or_hidden(&expected, &found), "cut at {}: {:?}", end, found);
        }
        let whole = ascii_wire(unit, &pdu);
        for end in 0..whole.len() {
            prop_assert_eq!(ascii_heard(Side::Master, &whole[..end], &[]), []);
            let wire = [&whole[..end], &whole].concat();
            prop_assert_eq!(ascii_heard(Side::Master, &wire, &[]), vec![expected.clone()]);
        }
    }

    #[test]
    fn endless_noise_is_heard_in_little_room(noise in vec(any::<u8>(), 0..3000)) {
        for side in [Side::Master, Side::Slave] {
            for heard in rtu_heard(side, &noise, &[]) {
                let mut wire = Vec::new();
                rtu::encode(heard.frame.unit, &heard.frame.pdu, &mut wire);
                prop_assert!(noise.windows(wire.len()).any(|window| window == wire));
            }
            ascii_heard(side, &noise, &[]);
        }
    }
}

#[test]
fn a_function_that_the_standard_lacks_ends_with_a_silence_and_its_crc() {
    let pdu = Pdu::new(&[0x41, 0x80, 0x80, 0x80]).expect("a PDU");
    let wire = rtu_wire(9, &pdu);
    let mut ears = rtu::Deframer::new(Side::Master, rtu::Silences::TOLERANT);
    ears.expect(UnitId(9), 0x41);
    assert_eq!(ears.next(NOW, &mut wire.as_slice()), None, "more might come");
    let deadline = ears.deadline().expect("a silence decides");
    assert_eq!(deadline, NOW + rtu::Silences::TOLERANT.end);
    let found = ears.silence(deadline).expect("its CRC is right");
    assert_eq!(found, heard(9, pdu.clone(), Direction::Response));

    // Nobody asked for it: it is noise at once, and what follows is heard without a wait.
    let mut ears = rtu::Deframer::new(Side::Master, rtu::Silences::TOLERANT);
    ears.expect(UnitId(1), Function::ReadExceptionStatus.code());
    let answer = Response::ReadExceptionStatus(0x6d).encode();
    let both = [wire, rtu_wire(1, &answer)].concat();
    let mut both = both.as_slice();
    assert_eq!(ears.next(NOW, &mut both), Some(heard(1, answer, Direction::Response)));
}

#[test]
fn a_strict_line_drops_what_a_pause_has_cut() {
    let silences =
        rtu::Silences { strict: Some(Duration::from_micros(750)), ..rtu::Silences::TOLERANT };
    let pdu = Response::ReadExceptionStatus(1).encode();
    let wire = rtu_wire(1, &pdu);
    let (front, back) = wire.split_at(2);
    for (pause_us, frames) in [(700, 1), (800, 0)] {
        let mut ears = rtu::Deframer::new(Side::Master, silences);
        assert_eq!(ears.next(NOW, &mut &*front), None);
        let later = NOW + Duration::from_micros(pause_us);
        let found = ears.next(later, &mut &*back).into_iter().count();
        assert_eq!(found, frames, "after {pause_us} us");
    }
}

#[test]
fn what_is_not_modbus_tcp_is_said_at_once() {
    for (wire, error) in [
        (&b"GET / "[..], tcp::TcpError::Protocol(0x5420)),
        (&b"\0\x01\0\0\0\x01"[..], tcp::TcpError::Length(1)),
        (&b"\0\x01\0\0\0\xff"[..], tcp::TcpError::Length(255)),
    ] {
        let mut ears = tcp::Deframer::default();
        assert_eq!(ears.next(&mut &*wire), Err(error));
    }
}

#[test]
fn an_ascii_frame_waits_a_second_for_its_next_character() {
    for (pause_ms, frames) in [(1000, 1), (1001, 0)] {
        let mut ears = ascii::Deframer::new(Side::Slave);
        assert_eq!(ears.next(NOW, &mut &b":0103000"[..]), None);
        let later = NOW + Duration::from_millis(pause_ms);
        let found = ears.next(later, &mut &b"0000AF2\r\n"[..]).into_iter().count();
        assert_eq!(found, frames, "after {pause_ms} ms");
    }
}
