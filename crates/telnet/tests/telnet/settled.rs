//! Bulk that others decode: with `undouble`, until there is something for the codec.

use clock::Instant;
use proptest::prelude::*;
use telnet::{Mode, Options, Telnet, undouble};

/// Begins as a server does that agrees to BINARY both ways.
fn settled() -> Telnet {
    let mut telnet = Telnet::new(Options::client(Mode::On), Instant::ORIGIN);
    assert!(!telnet.is_settled(), "nothing is agreed on yet");
    let mut wire = *b"\xFF\xFB\x00\xFF\xFD\x00";
    let _ = telnet.decode(Instant::ORIGIN, &mut wire);
    assert!(!telnet.is_settled(), "there are answers to be sent");
    telnet.replies().clear();
    assert!(telnet.is_settled());
    telnet
}

/// What the codec makes of the wire, by itself: the data, and what it has to say.
fn decoded(telnet: &mut Telnet, wire: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut wire, mut data) = (wire.to_vec(), Vec::new());
    while !wire.is_empty() {
        let piece = telnet.decode(Instant::ORIGIN, &mut wire);
        data.extend(&wire[..piece.data]);
        wire.drain(..piece.consumed);
    }
    (data, telnet.replies().clone())
}

/// The same with `undouble`, wherever the codec allows it, on pieces that end anywhere.
fn lent(telnet: &mut Telnet, wire: &[u8], sizes: &[usize]) -> (Vec<u8>, Vec<u8>) {
    let (mut left, mut data, mut rest) = (Vec::new(), Vec::new(), wire);
    let mut replies = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() && left.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.len().min(*size));
        rest = after;
        left.extend(piece);
        if telnet.is_settled() {
            let seen = undouble(&mut left);
            data.extend(&left[..seen.data]);
            left.drain(..seen.consumed);
            if seen.data > 0 {
                telnet.passed();
            }
            if left.len() < 2 && !rest.is_empty() {
                continue;
            }
        }
        let (more, said) = decoded(telnet, &left);
        data.extend(more);
        replies.extend(said);
        telnet.replies().clear();
        left.clear();
    }
    (data, replies)
}

/// Data and pairs for the most part, and now and then a command, of which some end BINARY or begin it again.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => proptest::collection::vec(0..0xFF_u8, 0..40),
        6 => (1..4_usize).prop_map(|pairs| vec![0xFF; 2 * pairs]),
        2 => Just(b"\r\0\r\n\r".to_vec()),
        1 => Just(b"\xFF\xF1".to_vec()),
        1 => Just(b"\xFF\xF6".to_vec()),
        1 => Just(b"\xFF\xFD\x06".to_vec()),
        1 => Just(b"\xFF\xFA\x18\x01\xFF\xFF\xFF\xF0".to_vec()),
        1 => prop_oneof![
            Just(b"\xFF\xFC\x00".to_vec()),
            Just(b"\xFF\xFB\x00".to_vec()),
            Just(b"\xFF\xFE\x00".to_vec()),
            Just(b"\xFF\xFD\x00".to_vec()),
        ],
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn bulk_decoded_by_others_is_what_the_codec_makes_of_it(
        wire in wire(), sizes in proptest::collection::vec(1..50_usize, 1..10)
    ) {
        let (mut whole, mut parts) = (settled(), settled());
        prop_assert_eq!(lent(&mut parts, &wire, &sizes), decoded(&mut whole, &wire));
        prop_assert_eq!(parts.summary(), whole.summary());
    }
}

#[test]
fn without_binary_each_way_nothing_is_settled() {
    for agreed in [&b"\xFF\xFB\x00"[..], b"\xFF\xFD\x00"] {
        let mut telnet = Telnet::new(Options::client(Mode::On), Instant::ORIGIN);
        let _ = telnet.decode(Instant::ORIGIN, &mut agreed.to_vec());
        telnet.replies().clear();
        assert!(!telnet.is_settled(), "{agreed:?}");
    }
    for mode in [Mode::Off, Mode::Auto] {
        assert!(!Telnet::new(Options::client(mode), Instant::ORIGIN).is_settled(), "{mode:?}");
    }
}
