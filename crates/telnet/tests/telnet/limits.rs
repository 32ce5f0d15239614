//! Storms and nonsense: memory stays bounded, loops end, nothing panics, data still pass.

use clock::Instant;
use proptest::prelude::*;
use std::time::Duration;
use telnet::com_port::{Notification, Request};
use telnet::{
    ComPort, Direction, LineEnds, Mode, NotSent, Options, Profile, Telnet, WindowSize, Wish, limits,
};

const NOW: Instant = Instant::ORIGIN;

/// Decodes everything and returns the data.
fn decode(telnet: &mut Telnet, wire: &[u8]) -> Vec<u8> {
    let mut wire = wire.to_vec();
    let mut rest = wire.as_mut_slice();
    let mut data = Vec::new();
    while !rest.is_empty() {
        let decoded = telnet.decode(NOW, rest);
        data.extend(&rest[..decoded.data]);
        assert!(decoded.consumed > 0 || decoded.event.is_some(), "it goes on");
        rest = &mut rest[decoded.consumed..];
    }
    data
}

fn blind() -> Telnet {
    Telnet::new(Options::client(Mode::BinaryBlind), NOW)
}

#[test]
fn an_option_that_flips_for_ever_is_left_alone_after_its_budget() {
    let mut telnet = blind();
    let mut answers = 0;
    for _ in 0..1000 {
        decode(&mut telnet, b"\xff\xfd\x00\xff\xfe\x00");
        answers += telnet.replies().len() / 3;
        telnet.replies().clear();
    }
    assert_eq!(answers, usize::from(limits::STATE_CHANGES));
    decode(&mut telnet, b"\xff\xfb\x00");
    assert_eq!(*telnet.replies(), b"\xff\xfd\x00", "the other direction has its own budget");
}

#[test]
fn an_exhausted_option_rests_where_data_are_understood() {
    let mut telnet = Telnet::new(Options::server(Mode::On), NOW);
    for _ in 0..1000 {
        decode(&mut telnet, b"\xff\xfb\x00\xff\xfc\x00");
    }
    decode(&mut telnet, b"\xff\xfb\x00");
    assert_eq!(decode(&mut telnet, b"\r\x00"), b"\r");
}

#[test]
fn a_peer_that_asks_the_same_for_ever_is_answered_a_limited_number_of_times() {
    let mut telnet = blind();
    let mut answers = 0;
    for _ in 0..10_000 {
        decode(&mut telnet, b"\xff\xfd\x63\xff\xfb\x01\xff\xfd\x01");
        answers += telnet.replies().len() / 3;
        telnet.replies().clear();
    }
    assert_eq!(answers, usize::from(limits::REFUSALS) + 1, "and one DO ECHO");
    assert_eq!(decode(&mut telnet, b"data"), b"data");
}

#[test]
fn timing_marks_are_answered_for_ever() {
    let mut telnet = blind();
    for _ in 0..100_000 {
        decode(&mut telnet, b"\xff\xfd\x06");
        assert_eq!(std::mem::take(telnet.replies()), b"\xff\xfc\x06");
    }
}

#[test]
fn a_storm_that_nobody_sends_answers_to_takes_bounded_memory_and_lets_data_through() {
    let com_port = ComPort::AccessServer;
    let mut telnet = Telnet::new(Options { com_port, ..Options::server(Mode::On) }, NOW);
    decode(&mut telnet, b"\xff\xfb\x2c");
    for storm in
        [&b"\xff\xfd\x06"[..], b"\xff\xf6", b"\xff\xfd\x63", b"\xff\xfa\x2c\x0a\x01\xff\xf0"]
    {
        let mut wire = storm.repeat(20_000);
        wire.extend(b"data");
        assert_eq!(decode(&mut telnet, &wire), b"data");
        assert!(telnet.replies().len() <= limits::REPLIES + 100);
    }
    assert_eq!(telnet.keep_alive(), Err(NotSent::Backlog));
    assert_eq!(telnet.send_break(), Err(NotSent::Backlog));
}

#[test]
fn a_change_is_confirmed_however_many_answers_wait() {
    let mut telnet = blind();
    decode(&mut telnet, &b"\xff\xfd\x06".repeat(20_000));
    decode(&mut telnet, b"\xff\xfd\x00\xff\xfd\x63");
    assert!(telnet.replies().ends_with(b"\xff\xfc\x06\xff\xfb\x00"));
}

#[test]
fn what_the_owner_wants_to_say_is_bounded_too() {
    let options = Options { com_port: ComPort::Client, ..Options::client(Mode::BinaryBlind) };
    let mut telnet = Telnet::new(options, NOW);
    decode(&mut telnet, b"\xff\xfd\x2c");
    let signature = Request::Signature(vec![0xFF; 100_000]);
    while telnet.com_port_request(&signature).is_ok() {}
    assert!(telnet.replies().len() <= limits::REPLIES + 2 * limits::SIGNATURE + 6);
    telnet.replies().clear();
    let mut marks = 0;
    while telnet.mark().is_ok() {
        telnet.replies().clear();
        marks += 1;
    }
    assert_eq!(marks, 255);
}

#[test]
fn a_sub_negotiation_without_end_is_skipped_and_its_end_is_found() {
    for length in [limits::SUBNEGOTIATION - 1, limits::SUBNEGOTIATION, 100_000] {
        for fill in [b"x", b"\xff"] {
            let mut telnet = Telnet::new(Options::server(Mode::On), NOW);
            let mut wire = b"\xff\xfb\x18\xff\xfa\x18\x00".to_vec();
            wire.extend(fill.repeat(2 * length));
            wire.extend(b"\xff\xf0data");
            assert_eq!(decode(&mut telnet, &wire), b"data");
        }
    }
}

#[test]
fn a_sub_negotiation_that_is_too_long_is_not_understood() {
    let com_port = ComPort::AccessServer;
    let options = Options { com_port, ..Options::server(Mode::On) };
    for (length, understood) in [(limits::SUBNEGOTIATION - 1, 1), (limits::SUBNEGOTIATION, 0)] {
        let mut telnet = Telnet::new(options.clone(), NOW);
        decode(&mut telnet, b"\xff\xfb\x2c");
        let mut wire = b"\xff\xfa\x2c\x00".to_vec();
        wire.extend(b"x".repeat(length));
        wire.extend(b"\xff\xf0");
        let mut events = 0;
        for piece in wire.chunks_mut(100) {
            events += usize::from(telnet.decode(NOW, piece).event.is_some());
        }
        assert_eq!(events, understood, "{length} bytes");
    }
}

/// All that a settled conversation keeps: nothing of it lies elsewhere.
#[test]
fn a_codec_is_small() {
    assert!(size_of::<Telnet>() <= 144, "{}", size_of::<Telnet>());
}

/// Anything an owner can do.
#[derive(Clone, Debug)]
enum Act {
    Receive(Vec<u8>),
    Send(Vec<u8>),
    Wait(u64),
    Want(bool, bool),
    Call(u8),
}

fn wire() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(255u8),
        3 => 236u8..=254,
        3 => prop::sample::select(vec![0u8, 1, 3, 6, 13, 10, 24, 31, 44]),
        2 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..60)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => wire().prop_map(Act::Receive),
        2 => wire().prop_map(Act::Send),
        2 => (0..7000u64).prop_map(Act::Wait),
        1 => any::<(bool, bool)>().prop_map(|(transmit, on)| Act::Want(transmit, on)),
        1 => (0..8u8).prop_map(Act::Call),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let mode = prop::sample::select(vec![Mode::Off, Mode::On, Mode::Auto, Mode::BinaryBlind]);
    (mode, any::<bool>(), any::<bool>(), 0..3u8).prop_map(|(mode, server, human, port)| {
        let options = if server { Options::server(mode) } else { Options::client(mode) };
        Options {
            profile: if human { Profile::Human } else { Profile::Machine },
            size: human.then_some(WindowSize { columns: 255, rows: 255 }),
            com_port: match port {
                0 => ComPort::Refuse,
                1 => ComPort::AccessServer,
                _ => ComPort::Client,
            },
            ..options
        }
    })
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_grows(
        options in options(),
        acts in prop::collection::vec(act(), 0..40),
        drained in any::<bool>(),
    ) {
        let mut telnet = Telnet::new(options, NOW);
        let mut now = NOW;
        let mut scratch = Vec::new();
        for act in acts {
            match act {
                Act::Receive(mut wire) => {
                    let mut rest = wire.as_mut_slice();
                    let mut calls = 0;
                    while !rest.is_empty() {
                        let length = rest.len();
                        let decoded = telnet.decode(now, rest);
                        prop_assert!(decoded.data <= length && decoded.consumed <= length);
                        prop_assert!(decoded.consumed == length || decoded.event.is_some());
                        rest = &mut rest[decoded.consumed..];
                        calls += 1;
                        prop_assert!(calls <= 200);
                    }
                }
                Act::Send(data) => {
                    let sendable = telnet.sendable(&data);
                    prop_assert!(sendable <= data.len());
                    prop_assert!(sendable == data.len() || !telnet.ready());
                    telnet.encode(now, &data[..sendable], &mut scratch);
                }
                Act::Wait(millis) => {
                    now = now + Duration::from_millis(millis);
                    telnet.timeout(now);
                    telnet.release(now);
                    prop_assert!(telnet.deadline().is_none_or(|at| at > now));
                }
                Act::Want(transmit, on) => {
                    let direction = if transmit { Direction::Transmit } else { Direction::Receive };
                    telnet.want_binary(now, direction, if on { Wish::On } else { Wish::Off });
                }
                Act::Call(0) => telnet.ask_binary(now),
                Act::Call(1) => telnet.resize(WindowSize { columns: 1, rows: 255 }),
                Act::Call(2) => telnet.set_line_ends(LineEnds::Cr),
                Act::Call(3) => telnet.want_echo(now, Wish::Off),
                Act::Call(4) => drop(telnet.mark()),
                Act::Call(5) => drop(telnet.com_port_notify(&Notification::Suspend)),
                Act::Call(6) => drop(telnet.finish()),
                Act::Call(_) => drop(telnet.send_break()),
            }
            prop_assert!(telnet.replies().len() <= limits::REPLIES + 600);
            if drained {
                telnet.replies().clear();
            }
        }
    }
}
