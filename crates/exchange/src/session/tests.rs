use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::LoginConfig;

/// What a whole login came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    shown: Vec<u8>,
    asked: Vec<(String, Vec<u8>)>,
    ending: Option<Ending>,
    data: Option<Vec<u8>>,
}

/// Types `pieces` at a login where only `rtu` with `secret` gets in.
fn type_in<'a>(
    config: &LoginConfig,
    parity: Parity,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let out = &mut outcome.shown;
    let mut session = Session::new(Arc::new(Script::new(config)), parity, Instant::ORIGIN, out);
    let mut pieces = pieces.into_iter();
    while let Some(mut bytes) = pieces.next() {
        loop {
            let (taken, mut step) = session.read(Instant::ORIGIN, bytes, out);
            bytes = &bytes[taken..];
            if let Step::Check(mut check) = step {
                let password = check.take_password();
                outcome.asked.push((check.name().to_owned(), password.expose().to_vec()));
                if check.name() == "rtu" && password.expose() == b"secret" {
                    let mut admitted = check.accept(out);
                    let mut data = admitted.data(bytes).to_vec();
                    for bytes in pieces {
                        data.extend_from_slice(admitted.data(bytes));
                    }
                    outcome.data = Some(data);
                    return outcome;
                }
                step = check.refuse(out).into();
            }
            match step {
                Step::More(same) => session = same,
                Step::Over(ending) => {
                    outcome.ending = Some(ending);
                    return outcome;
                }
                Step::Check(_) => unreachable!("it was answered"),
            }
            if bytes.is_empty() {
                break;
            }
        }
    }
    outcome
}

fn typed(text: &str) -> Outcome {
    type_in(&LoginConfig::default(), Parity::Keep, [text.as_bytes()])
}

fn shown(text: &str) -> String {
    String::from_utf8(typed(text).shown).expect("text")
}

#[test]
fn a_login_looks_as_it_always_did() {
    assert_eq!(shown("rtu\rsecret\r"), "login: rtu\r\nPassword: \r\n");
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let wrong = shown("rtu\rwrong\r").replace("rtu", "NAME");
    let unknown = shown("xyz\rwrong\r").replace("xyz", "NAME");
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, "login: NAME\r\nPassword: \r\nLogin incorrect\r\nlogin: ");
}

#[test]
fn three_tries_and_goodbye() {
    let config = LoginConfig { goodbye: "Goodbye".into(), ..LoginConfig::default() };
    let outcome = type_in(&config, Parity::Keep, [&b"a\r1\rb\r2\rc\r3\rrtu\rsecret\r"[..]]);
    assert_eq!(outcome.ending, Some(Ending::TriesUsed));
    assert_eq!(outcome.asked.len(), 3);
    assert!(outcome.shown.ends_with(b"Login incorrect\r\nGoodbye\r\n"));
}

#[test]
fn texts_are_a_matter_of_configuration() {
    let config = LoginConfig {
        banner: "Pump station\nAuthorised use only".into(),
        name_prompt: "Username:".into(),
        password_prompt: "Kennwort:".into(),
        refusal: "Falsch".into(),
        welcome: "Welcome".into(),
        ..LoginConfig::default()
    };
    let outcome = type_in(&config, Parity::Keep, [&b"x\ry\rrtu\rsecret\r"[..]]);
    assert_eq!(
        String::from_utf8(outcome.shown).expect("text"),
        "Pump station\r\nAuthorised use only\r\nUsername:x\r\nKennwort:\r\nFalsch\r\n\
         Username:rtu\r\nKennwort:\r\nWelcome\r\n"
    );
}

#[test]
fn the_name_is_not_echoed_where_the_configuration_says_so() {
    let config = LoginConfig { echo: Echo::Off, ..LoginConfig::default() };
    let outcome = type_in(&config, Parity::Keep, [&b"rtux\x08\r"[..]]);
    assert_eq!(outcome.shown, b"login: \r\nPassword: ");
}

#[test]
fn the_byte_after_the_line_end_is_data() {
    for (typed, data) in [
        (&b"rtu\rsecret\r\n!"[..], &b"\n!"[..]),
        (b"rtu\r\nsecret\r\n!", b"!"),
        (b"rtu\r\nsecret\r!", b"!"),
        (b"rtu\r\nsecret\r\n\n", b"\n"),
        (b"rtu\r\0secret\r\0\0", b"\0"),
        (b"rtu\r\0secret\r\n", b"\n"),
        (b"rtu\nsecret\n\n", b"\n"),
        (b"rtu\nsecret\r\n", b"\n"),
        (b"rtu\rsecret\r\0", b"\0"),
        (b"rtu\rsecret\r\r", b"\r"),
    ] {
        for cut in 0..=typed.len() {
            let (head, tail) = typed.split_at(cut);
            let outcome = type_in(&LoginConfig::default(), Parity::Keep, [head, b"", tail]);
            assert_eq!(outcome.data.as_deref(), Some(data), "{typed:?} cut at {cut}");
        }
    }
}

#[test]
fn a_name_that_could_be_an_option_is_not_even_looked_up() {
    for name in ["-f root", "-froot", " rtu", "rtu ", "rtu/x", "r\ttu", "\u{e9}"] {
        let outcome = typed(&format!("{name}\rsecret\r"));
        assert!(outcome.asked.is_empty(), "{name}");
        assert!(outcome.data.is_none());
    }
}

#[test]
fn a_modem_that_speaks_gets_no_prompt() {
    for message in ["NO CARRIER", "ERROR", "RING", " RING "] {
        let outcome = typed(&format!("{message}\r"));
        assert_eq!(outcome.ending, Some(Ending::ModemSpeaking), "{message}");
        assert!(!outcome.shown.ends_with(b"Password: "));
    }
    assert!(typed("RINGO\r").ending.is_none());
}

#[test]
fn a_flood_of_line_ends_ends_the_login() {
    let outcome = typed(&"\r".repeat(1000));
    assert_eq!(outcome.ending, Some(Ending::VainPrompts));
    assert!(outcome.shown.len() < 200);
}

#[test]
fn a_name_or_password_beyond_its_limit_is_not_compared() {
    let long = "x".repeat(limits::NAME + 1);
    assert!(typed(&format!("{long}\rsecret\r")).asked.is_empty());
    let long = "x".repeat(limits::PASSWORD + 1);
    let outcome = typed(&format!("rtu\r{long}\r"));
    assert!(outcome.asked.is_empty());
    assert!(outcome.shown.ends_with(b"Login incorrect\r\nlogin: "));
    let longest = "x".repeat(limits::PASSWORD);
    assert_eq!(typed(&format!("rtu\r{longest}\r")).asked.len(), 1);
}

#[test]
fn the_deadline_covers_the_whole_login() {
    let mut out = Vec::new();
    let script = Arc::new(Script::new(&LoginConfig::default()));
    let session = Session::new(script, Parity::Keep, Instant::ORIGIN, &mut out);
    let deadline = session.deadline();
    assert_eq!(deadline, Instant::ORIGIN + Duration::from_secs(60));
    let early = Instant::from_nanos(deadline.as_nanos() - 1);
    let (_, step) = session.read(early, b"rt", &mut out);
    let Step::More(session) = step else { panic!("{step:?}") };
    let (taken, step) = session.read(deadline, b"u\r", &mut out);
    assert!(matches!(step, Step::Over(Ending::Deadline)));
    assert_eq!(taken, 0);
    assert!(out.ends_with(b"\r\nLogin timed out\r\n"));
}

#[test]
fn a_caller_with_parity_gets_in_and_his_data_stay_as_they_are() {
    let even = |byte: u8| if byte.count_ones() % 2 == 1 { byte | 0x80 } else { byte };
    let mut bytes: Vec<u8> = b"rtu\r\nsecret\r".iter().map(|byte| even(*byte)).collect();
    bytes.extend_from_slice(b"\x8a\xff");
    let outcome = type_in(&LoginConfig::default(), Parity::Strip, [&bytes[..]]);
    assert_eq!(outcome.data.as_deref(), Some(&b"\x8a\xff"[..]));
}

#[test]
fn a_waiting_session_is_small() {
    assert!(size_of::<Session>() <= 160, "{}", size_of::<Session>());
}

/// Bytes that matter to the reader, mixed with any others.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"rtu".to_vec()),
        Just(b"secret".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r\0".to_vec()),
        Just(b"\x08".to_vec()),
        Just(b"\x15".to_vec()),
        Just(b"NO CARRIER".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
        Just(vec![b'x'; 140]),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_login(
        bytes in conversation(),
        cuts in proptest::collection::vec(1..8_usize, 1..200),
        strip in any::<bool>(),
    ) {
        let parity = if strip { Parity::Strip } else { Parity::Keep };
        let config = LoginConfig::default();
        let whole = type_in(&config, parity, [&bytes[..]]);
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            pieces.push(head);
            rest = tail;
        }
        prop_assert_eq!(whole, type_in(&config, parity, pieces));
    }

    #[test]
    fn garbage_draws_a_bounded_answer(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        let outcome = type_in(&LoginConfig::default(), Parity::Keep, [&bytes[..]]);
        for (name, password) in &outcome.asked {
            prop_assert!(name.len() <= limits::NAME && password.len() <= limits::PASSWORD);
            prop_assert!(!name.starts_with('-'));
        }
        prop_assert!(outcome.asked.len() <= 3);
        // At worst every byte is an echoed character or takes one back.
        prop_assert!(outcome.shown.len() <= 3 * bytes.len() + 1000);
    }

    #[test]
    fn nobody_gets_in_but_with_the_password(bytes in conversation()) {
        let outcome = type_in(&LoginConfig::default(), Parity::Keep, [&bytes[..]]);
        prop_assert_eq!(
            outcome.data.is_some(),
            outcome.asked.last() == Some(&("rtu".to_owned(), b"secret".to_vec()))
        );
    }
}
