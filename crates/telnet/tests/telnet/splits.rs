//! However the wire is cut, the same data and the same events come out; and what goes in on one side
//! comes out on the other, in every mode.

use clock::Instant;
use proptest::prelude::*;
use telnet::{Event, LineEnds, Mode, Options, Profile, Telnet};

use crate::notation;

const NOW: Instant = Instant::ORIGIN;

#[derive(Debug, PartialEq)]
enum Received {
    Data(Vec<u8>),
    Event(Event),
}

/// Decodes pieces, each a segment of its own, and joins neighbouring data.
fn decode(telnet: &mut Telnet, pieces: &[&[u8]]) -> Vec<Received> {
    let mut received = Vec::new();
    let data = |received: &mut Vec<Received>, bytes: &[u8]| match received.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Received::Data(before)) => before.extend(bytes),
        _ => received.push(Received::Data(bytes.to_vec())),
    };
    for piece in pieces {
        let mut wire = piece.to_vec();
        let mut rest = wire.as_mut_slice();
        while !rest.is_empty() {
            let decoded = telnet.decode(NOW, rest);
            data(&mut received, &rest[..decoded.data]);
            match decoded.event {
                Some(Event::Held(held)) => data(&mut received, held.as_slice()),
                Some(event) => received.push(Received::Event(event)),
                None => {}
            }
            rest = &mut rest[decoded.consumed..];
        }
    }
    if let Some(held) = telnet.finish() {
        data(&mut received, held.as_slice());
    }
    received
}

fn cut(wire: &[u8], at: impl IntoIterator<Item = usize>) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for to in at {
        let to = to.clamp(from, wire.len());
        pieces.push(&wire[from..to]);
        from = to;
    }
    pieces.push(&wire[from..]);
    pieces
}

/// Wires in which commands are frequent.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "DO ECHO DO NAWS WILL ECHO WILL SGA",
        "WILL SGA DO SGA WILL ECHO DONT ECHO",
        "WILL BINARY",
        "WONT BINARY",
        "DO BINARY",
        "DONT BINARY",
        "WILL ECHO",
        "DO SGA",
        "DO TTYPE",
        "WILL TTYPE",
        "WILL NAWS",
        "DO COM-PORT",
        "WILL 99",
        "DO TIMING-MARK",
        "NOP",
        "BRK",
        "AYT",
        "DM",
        "SB TTYPE 01 SE",
        "SB TTYPE 00 \"vt100\" SE",
        "SB NAWS 00 FF FF 00 18 SE",
        "SB 99 FF FF 01 SE",
        "SE",
        "FF FA",
        "FF F0",
        "FF FF",
        "FF",
        "0D",
        "00",
        "0A",
        "0D 00",
        "0D 0A",
        "0D FF FF",
        "\"text\"",
        "18",
        "01",
        "03",
        "FF FF 0D 00",
    ]);
    prop::collection::vec(token, 0..24)
        .prop_map(|tokens| tokens.iter().flat_map(|token| notation::bytes(token)).collect())
}

fn options() -> impl Strategy<Value = Options> {
    let mode = prop::sample::select(vec![Mode::Off, Mode::On, Mode::Auto, Mode::BinaryBlind]);
    (mode, any::<[bool; 3]>()).prop_map(|(mode, [server, human, cr])| Options {
        profile: if human { Profile::Human } else { Profile::Machine },
        line_ends: if cr { LineEnds::Cr } else { LineEnds::Keep },
        ..if server { Options::server(mode) } else { Options::client(mode) }
    })
}

proptest! {
    #[test]
    fn any_cut_of_the_wire_gives_the_same(
        options in options(),
        wire in wire(),
        mut cuts in prop::collection::vec(0..100usize, 0..8),
    ) {
        cuts.sort_unstable();
        let mut whole = Telnet::new(options.clone(), NOW);
        let expected = decode(&mut whole, &[&wire]);
        let opened = options.mode == Mode::BinaryBlind;
        for pieces in [cut(&wire, cuts), wire.chunks(1).collect()] {
            let mut telnet = Telnet::new(options.clone(), NOW);
            prop_assert_eq!(&decode(&mut telnet, &pieces), &expected);
            prop_assert_eq!(telnet.summary(), whole.summary());
            if opened {
                prop_assert_eq!(telnet.replies(), whole.replies());
            }
        }
    }
}

/// What has gone wrong in telnet implementations: every byte, every pair that begins with CR, and runs
/// of 0xFF.
pub(crate) fn payloads() -> Vec<Vec<u8>> {
    let mut payloads = vec![(0..=255).collect(), (0..=255).rev().collect()];
    for second in [0x00, 0x0A, 0x0D, 0x58, 0xFF] {
        payloads.push(vec![0x0D, second]);
        payloads.push(vec![b'a', 0x0D, second, 0x00, 0x0A, b'b']);
        payloads.push([0x0D, second].repeat(5));
    }
    for length in [1, 2, 3, 64, 257] {
        payloads.push(vec![0xFF; length]);
        payloads.push([vec![b'a'], vec![0xFF; length], vec![0x0D, 0x00, b'b']].concat());
    }
    payloads.push(b"\xff\xfb\x00\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0".to_vec());
    payloads
}

/// The ends between which the payloads must survive: who sends, who receives, what both have heard
/// before. Nothing means NVT, in which a fresh `on` codec is.
fn ends() -> Vec<(&'static str, Telnet, Telnet)> {
    let new = |options| {
        let mut telnet = Telnet::new(options, NOW);
        telnet.replies().clear();
        telnet
    };
    let human = |options| Options { profile: Profile::Human, ..options };
    let keep = Options::server(Mode::On);
    let cr = Options { line_ends: LineEnds::Cr, ..keep.clone() };
    let client = Options::client(Mode::On);
    let blind = (Options::client(Mode::BinaryBlind), Options::server(Mode::BinaryBlind));
    let mut ends = vec![
        ("raw", new(Options::client(Mode::Off)), new(Options::server(Mode::Off))),
        ("binary-blind", new(blind.0.clone()), new(blind.1.clone())),
        ("binary-blind back", new(blind.1), new(blind.0)),
        ("NVT to a server", new(client.clone()), new(keep.clone())),
        ("NVT to a server that joins CR LF", new(client.clone()), new(cr)),
        ("NVT to a client", new(keep.clone()), new(client.clone())),
    ];
    let hears = |options, text| {
        let mut telnet = new(options);
        decode(&mut telnet, &[&notation::bytes(text)]);
        telnet.replies().clear();
        telnet
    };
    ends.push((
        "agreed binary to a server",
        hears(client.clone(), "DO BINARY"),
        hears(keep.clone(), "WILL BINARY"),
    ));
    ends.push((
        "agreed binary to a client",
        hears(human(keep.clone()), "DO BINARY"),
        hears(client.clone(), "WILL BINARY"),
    ));
    ends.push((
        "binary given up again",
        hears(client.clone(), "DO BINARY DONT BINARY"),
        hears(keep.clone(), "WILL BINARY WONT BINARY"),
    ));
    ends.push((
        "binary one way, NVT the other",
        hears(client, "WILL BINARY"),
        hears(keep, "DO BINARY"),
    ));
    ends
}

fn encode(telnet: &mut Telnet, pieces: &[&[u8]]) -> Vec<u8> {
    let mut scratch = Vec::new();
    let mut wire = Vec::new();
    for piece in pieces {
        let encoded = telnet.encode(NOW, piece, &mut scratch);
        wire.extend(encoded);
        telnet.replies().clear();
    }
    wire
}

#[test]
fn every_payload_survives_every_coding_and_every_cut() {
    for payload in payloads() {
        for length in 0..=payload.len() {
            for (name, mut sender, mut receiver) in ends() {
                let wire = encode(&mut sender, &cut(&payload, [length]));
                let middle = wire.len() * length / payload.len();
                let piece = if payload.len() < 70 || length == 0 { 1 } else { 64 };
                for pieces in [cut(&wire, [middle]), wire.chunks(piece).collect()] {
                    let received = decode(&mut receiver, &pieces);
                    assert_eq!(
                        received,
                        [Received::Data(payload.clone())],
                        "{name}, cut after {length}, sent as {wire:02X?}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_payload_survives_every_cut_of_its_wire() {
    for payload in payloads().into_iter().filter(|payload| payload.len() < 70) {
        for (name, mut sender, mut receiver) in ends() {
            let wire = encode(&mut sender, &[&payload]);
            for first in 0..=wire.len() {
                for second in first..=wire.len() {
                    let received = decode(&mut receiver, &cut(&wire, [first, second]));
                    assert_eq!(received, [Received::Data(payload.clone())], "{name}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_data_in_any_pieces_survive_every_coding(
        data in prop::collection::vec(
            prop_oneof![Just(0xFFu8), Just(0x0D), Just(0x00), Just(0x0A), any::<u8>()],
            1..200,
        ),
        mut cuts in prop::collection::vec(0..200usize, 0..6),
        mut wire_cuts in prop::collection::vec(0..400usize, 0..6),
    ) {
        cuts.sort_unstable();
        wire_cuts.sort_unstable();
        for (name, mut sender, mut receiver) in ends() {
            let wire = encode(&mut sender, &cut(&data, cuts.iter().copied()));
            let received = decode(&mut receiver, &cut(&wire, wire_cuts.iter().copied()));
            prop_assert_eq!(received, [Received::Data(data.clone())], "{}", name);
        }
    }
}

/// busybox telnetd as a reader: what one read gives to the program behind it. It may end anywhere but
/// in a command.
fn busybox_reads(segment: &[u8]) -> Vec<u8> {
    let segment = segment.strip_suffix(b"\0").unwrap_or(segment);
    let mut data = Vec::new();
    let mut rest = segment;
    while let [byte, after @ ..] = rest {
        rest = match (*byte, after) {
            (0xFF, [0xFF, after @ ..]) => {
                data.push(0xFF);
                after
            }
            (0xFF, [0xF1, after @ ..]) => after,
            (0xFF, _) => panic!("a command that it would misread: {segment:02X?}"),
            (0x0D, [0x00 | 0x0A, after @ ..]) => {
                data.push(0x0D);
                after
            }
            (byte, after) => {
                data.push(byte);
                after
            }
        };
    }
    data
}

#[test]
fn every_payload_survives_busybox_in_every_two_writes() {
    let mut client = Telnet::new(Options::client(Mode::Auto), NOW);
    decode(&mut client, &[b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03"]);
    client.replies().clear();
    let mut scratch = Vec::new();
    for payload in payloads() {
        for length in 0..=payload.len() {
            let mut read = Vec::new();
            for piece in cut(&payload, [length]) {
                read.extend(busybox_reads(client.encode(NOW, piece, &mut scratch)));
            }
            assert_eq!(read, payload, "cut after {length}");
        }
    }
}

#[test]
fn a_cr_survives_busybox_wherever_its_own_reads_end() {
    let mut client = Telnet::new(Options::client(Mode::Auto), NOW);
    decode(&mut client, &[b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03"]);
    client.replies().clear();
    let mut scratch = Vec::new();
    let data = b"a\r\r\nb\r";
    let wire = client.encode(NOW, data, &mut scratch).to_vec();
    for end in (0..=wire.len()).filter(|end| !wire[..*end].ends_with(b"\xff")) {
        let (first, second) = wire.split_at(end);
        assert_eq!(
            [busybox_reads(first), busybox_reads(second)].concat(),
            data,
            "read ends at {end}"
        );
    }
}

#[test]
fn data_that_need_no_escaping_are_not_copied() {
    let data = b"no FF and no CR\n\x00".as_slice();
    for options in [Options::server(Mode::On), Options::client(Mode::BinaryBlind)] {
        let mut telnet = Telnet::new(options, NOW);
        telnet.replies().clear();
        let mut scratch = Vec::new();
        let encoded = telnet.encode(NOW, data, &mut scratch);
        assert_eq!(encoded.as_ptr(), data.as_ptr());
    }
}
