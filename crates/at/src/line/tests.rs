use super::*;
use proptest::prelude::*;

/// What a terminal with echo on sees, and what was recognised, `|` after each body.
fn typed(recogniser: &mut Recogniser, bytes: &[u8], chars: &LineChars) -> (Vec<u8>, String) {
    let (mut screen, mut lines) = (Vec::new(), String::new());
    for &byte in bytes {
        let (echo, recognised) = recogniser.push(byte, chars);
        match echo {
            Echo::None => {}
            Echo::Byte => screen.push(byte),
            Echo::Erase => screen.extend_from_slice(b"\x08 \x08"),
        }
        match recognised {
            Recognised::More => {}
            Recognised::Line => lines += &format!("{}|", recogniser.body().escape_ascii()),
            Recognised::Repeat => lines += &format!("A/{}|", recogniser.body().escape_ascii()),
            Recognised::TooLong => lines += "too long|",
        }
    }
    (screen, lines)
}

fn lines(bytes: &[u8]) -> String {
    typed(&mut Recogniser::new(), bytes, &LineChars::default()).1
}

#[test]
fn what_stands_before_the_prefix_is_skipped() {
    let table: [(&[u8], &str); 8] = [
        (b"+++ATQ0H0\r", "Q0H0|"),
        (b"\x1b\x1b\x1bATZ\r", "Z|"),
        (b"\r\r\r\r\rATZ\r", "Z|"),
        (b"\x11AAAAATQ0X2S12=50\r", "Q0X2S12=50|"),
        (b"noise \xff\x80 AT\r", "|"),
        (b"AXAT\r", "|"),
        (b"aAT\r", "|"),
        (b"no prefix at all\r", " all|"),
    ];
    for (bytes, expected) in table {
        assert_eq!(lines(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_line_without_prefix_brings_nothing_about() {
    assert_eq!(lines(b"hello\r\r\nQZ\r"), "");
}

#[test]
fn the_prefix_keeps_to_one_case_unless_told_otherwise() {
    assert_eq!(lines(b"AtZ\raTZ\ratz\r"), "z|");
    let any = LineChars { prefix: PrefixCase::Any, ..LineChars::default() };
    assert_eq!(typed(&mut Recogniser::new(), b"AtZ\raTZ\r", &any).1, "Z|Z|");
}

#[test]
fn everything_is_echoed_as_it_came_but_a_feed_behind_the_end() {
    let mut recogniser = Recogniser::new();
    let chars = LineChars::default();
    let bytes = b"x\xc1\xd4E\xb1\x8d\n\natS0?\r";
    let (screen, recognised) = typed(&mut recogniser, bytes, &chars);
    assert_eq!(screen, b"x\xc1\xd4E\xb1\x8d\natS0?\r");
    assert_eq!(recognised, "E1|S0?|");
}

#[test]
fn bit_7_is_ignored_and_shows_the_parity() {
    let mut recogniser = Recogniser::new();
    let chars = LineChars::default();
    assert_eq!(recogniser.parity(), None);
    for parity in [Parity::Even, Parity::Odd, Parity::Mark, Parity::None] {
        for line in [*b"ATE0V1\r", *b"ate0v1\r"] {
            let mut bytes = line;
            parity.apply(&mut bytes);
            let body = String::from_utf8_lossy(&line[2..6]).into_owned() + "|";
            assert_eq!(typed(&mut recogniser, &bytes, &chars).1, body);
            assert_eq!(recogniser.parity(), Some(parity));
        }
    }
}

#[test]
fn a_repeat_shows_the_parity_too_where_it_can() {
    let mut recogniser = Recogniser::new();
    let chars = LineChars::default();
    let mut bytes = *b"at\ra/";
    Parity::Even.apply(&mut bytes);
    assert_eq!(typed(&mut recogniser, &bytes, &chars).1, "|A/|");
    assert_eq!(recogniser.parity(), Some(Parity::Even));
    let mut bytes = *b"A/";
    Parity::Odd.apply(&mut bytes);
    assert_eq!(typed(&mut recogniser, &bytes, &chars).1, "A/|");
    assert_eq!(recogniser.parity(), Some(Parity::Odd));
}

#[test]
fn spaces_stay_and_control_characters_go() {
    assert_eq!(lines(b"AT DT \x0010.0.0.5\t\n 23 \r"), " DT 10.0.0.5 23 |");
}

#[test]
fn a_character_is_deleted_on_screen_and_in_the_line() {
    let mut recogniser = Recogniser::new();
    let (screen, recognised) =
        typed(&mut recogniser, b"ATX\x08E1\x88\x08Q0\r", &LineChars::default());
    assert_eq!(screen, b"ATX\x08 \x08E1\x08 \x08\x08 \x08Q0\r");
    assert_eq!(recognised, "Q0|");
}

#[test]
fn deleting_in_an_empty_line_does_nothing_at_all() {
    let mut recogniser = Recogniser::new();
    let (screen, recognised) =
        typed(&mut recogniser, b"AT\x08\x08\x08\x08\x08Z\r", &LineChars::default());
    assert_eq!(screen, b"ATZ\r");
    assert_eq!(recognised, "Z|");
}

#[test]
fn del_deletes_only_where_it_is_said_to() {
    let deletes = LineChars { delete: DeleteKey::Erases, ..LineChars::default() };
    assert_eq!(lines(b"ATZX\x7f\r"), "ZX|");
    assert_eq!(typed(&mut Recogniser::new(), b"ATZX\x7f\r", &deletes).1, "Z|");
    let s5_is_del = LineChars { erase: 0x7F, ..LineChars::default() };
    assert_eq!(typed(&mut Recogniser::new(), b"ATZX\x7f\x08\r", &s5_is_del).1, "Z|");
}

#[test]
fn the_end_of_a_line_is_what_s3_says_when_it_comes() {
    let mut recogniser = Recogniser::new();
    let old = LineChars::default();
    let new = LineChars { end: b'!', ..old };
    assert_eq!(typed(&mut recogniser, b"ATS3=33\r", &old).1, "S3=33|");
    assert_eq!(typed(&mut recogniser, b"ATZ\r!", &new).1, "Z|");
}

#[test]
fn a_repeat_needs_no_end_and_repeats_failed_lines_too() {
    assert_eq!(lines(b"A/"), "A/|");
    assert_eq!(lines(b"ATnonsense\rA/a/\rA/"), "nonsense|A/nonsense|A/nonsense|A/nonsense|");
    assert_eq!(lines(b"ATZ\rAT\rA/"), "Z||A/|");
}

#[test]
fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
    let line = |length: usize| [b"AT".as_slice(), &vec![b'1'; length], b"\r"].concat();
    assert_eq!(lines(&line(BODY_MAX)).len(), BODY_MAX + 1);
    let mut recogniser = Recogniser::new();
    let chars = LineChars::default();
    let all = [b"ATZ\r", line(BODY_MAX + 1).as_slice(), b"A/ATE1\r"].concat();
    assert_eq!(typed(&mut recogniser, &all, &chars).1, "Z|too long|A/Z|E1|");
}

#[test]
fn a_line_can_be_shortened_to_the_limit_again() {
    let long = [b"AT".as_slice(), &[b'1'; BODY_MAX + 3], &[8; BODY_MAX + 2], b"\r"].concat();
    assert_eq!(lines(&long), "1|");
}

#[test]
fn an_idle_recogniser_keeps_nothing_but_a_shrunk_last_line() {
    let mut recogniser = Recogniser::new();
    typed(&mut recogniser, b"ATDT10.0.0.5:8023\r", &LineChars::default());
    assert_eq!(recogniser.last.len(), b"DT10.0.0.5:8023".len());
    assert!(!recogniser.is_typing());
    typed(&mut recogniser, b"AT12345", &LineChars::default());
    assert!(recogniser.is_typing());
    recogniser.reset();
    assert!(matches!(recogniser.state, State::Idle));
    assert_eq!(recogniser.body(), b"DT10.0.0.5:8023");
    // The state is a Vec, a counter and a tag; the rest is the box and the parity.
    assert!(size_of::<Recogniser>() <= 64);
}

/// Bytes that hit the recogniser's branches more often than noise does.
fn keyboard() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => prop::sample::select(b"ATat/\r\n\x08\x7f 0Z".to_vec()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..400)
}

fn chars() -> impl Strategy<Value = LineChars> {
    let delete = prop_oneof![Just(DeleteKey::Ignored), Just(DeleteKey::Erases)];
    let prefix = prop_oneof![Just(PrefixCase::Same), Just(PrefixCase::Any)];
    let byte = || prop_oneof![Just(b'\r'), Just(b'\n'), Just(8u8), any::<u8>()];
    (byte(), byte(), byte(), delete, prefix).prop_map(|(end, feed, erase, delete, prefix)| {
        LineChars { end, feed, erase, delete, prefix, ..LineChars::default() }
    })
}

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes in keyboard(), chars in chars()) {
        let mut recogniser = Recogniser::new();
        for byte in bytes {
            recogniser.push(byte, &chars);
            prop_assert!(recogniser.body().len() <= BODY_MAX);
            prop_assert!(recogniser.body().iter().all(|b| *b < 0x80 && !b.is_ascii_control()));
            if let State::Typing(typed) = &recogniser.state {
                prop_assert!(typed.body.capacity() <= BODY_MAX);
            }
        }
    }

    #[test]
    fn noise_in_front_never_changes_what_a_line_is(noise in keyboard(), body in "[A-Z0-9 ]{0,40}") {
        let mut recogniser = Recogniser::new();
        let chars = LineChars::default();
        for byte in noise {
            recogniser.push(byte, &chars);
        }
        // Whatever is being typed ends here, and what follows is a line of its own.
        recogniser.push(b'\r', &chars);
        let line = format!("AT{body}\r");
        let last = line.bytes().map(|byte| recogniser.push(byte, &chars).1).last();
        prop_assert_eq!(last, Some(Recognised::Line));
        prop_assert_eq!(recogniser.body(), body.as_bytes());
    }

    #[test]
    fn parity_never_changes_what_is_recognised(bytes in keyboard(), parity in 0..4usize) {
        let parity = [Parity::Even, Parity::Odd, Parity::Mark, Parity::Space][parity];
        let plain: Vec<u8> = bytes.iter().map(|byte| byte & 0x7F).collect();
        let mut marked = plain.clone();
        parity.apply(&mut marked);
        prop_assert_eq!(lines(&plain), lines(&marked));
    }
}
