use super::*;
use proptest::prelude::*;

fn target_text(rest: &[u8], rules: &DialRules) -> String {
    match Dial::parse(rest).and_then(|dial| dial.target(rules)) {
        Err(wrong) => format!("!{wrong:?}"),
        Ok(target) => match &target {
            Target::Empty => "empty".into(),
            Target::Recall(Recall::Last) => "last".into(),
            Target::Recall(Recall::ShowLast) => "show last".into(),
            Target::Recall(Recall::Stored(slot)) => format!("stored {slot}"),
            Target::Url { .. } => format!("url {target}"),
            Target::Address { .. } => target.to_string(),
            Target::Host { .. } => format!("host {target}"),
            Target::Number(number) => format!("number {number}"),
        },
    }
}

fn forms() -> impl Iterator<Item = (&'static str, &'static str)> {
    let entries = include_str!("forms.txt").lines();
    entries
        .filter(|entry| !entry.is_empty() && !entry.starts_with('#'))
        .map(|entry| entry.split_once(" => ").unwrap())
}

#[test]
fn every_form_of_every_maker_calls_what_it_should() {
    let rules = DialRules::default();
    let wrong: Vec<_> = forms()
        .map(|(rest, expected)| (rest, target_text(rest.as_bytes(), &rules), expected))
        .filter(|(_, found, expected)| found != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(forms().count() > 150);
}

#[test]
fn digits_are_telephone_numbers_where_they_are_said_to_be() {
    let rules = DialRules { digits_are_ip: DigitsAreIp::No, ..DialRules::default() };
    let table = [
        ("T192168001010", "number 192168001010"),
        ("T1921680010091002", "number 1921680010091002"),
        ("T192,168,254,254,2003", "number 1921682542542003"),
        ("T111-22-3-44-56789", "number 1112234456789"),
        ("T192*168*1*20#8023", "number 192*168*1*20#8023"),
        ("T192168001010#8023", "number 192168001010#8023"),
        ("T192168001010,8023", "number 1921680010108023"),
        ("T192.168.1.10", "192.168.1.10"),
        ("T192.168.1.10,8023", "192.168.1.10:8023"),
        ("T192168001010:8023", "192.168.1.10:8023"),
    ];
    for (rest, expected) in table {
        assert_eq!(target_text(rest.as_bytes(), &rules), expected, "{rest}");
    }
}

#[test]
fn the_phonebook_is_asked_for_the_text_before_the_modifier_is_taken_off() {
    let table: [(&str, &[&str]); 17] = [
        ("tower.example", &["tower.example", "ower.example"]),
        ("Ttower.example", &["Ttower.example", "tower.example"]),
        ("localhost", &["localhost"]),
        ("T5551212", &["T5551212", "5551212"]),
        ("T (555) 12-12", &["T (555) 12-12", "(555) 12-12", "5551212"]),
        ("T9,W5551212@", &["T9,W5551212@", "9,W5551212@", "95551212"]),
        ("+49 89 1", &["+49 89 1", "+49891"]),
        ("T*99#", &["T*99#", "*99#"]),
        ("PPP", &["PPP", "PP"]),
        ("S3", &["S3"]),
        ("\"Tower\"", &["Tower"]),
        ("T\"555 1212\"", &["555 1212", "5551212"]),
        ("telnet://h", &["telnet://h"]),
        // Written as an address, it is not the number 1005.
        ("T10.0.0.5:23", &["T10.0.0.5:23", "10.0.0.5:23"]),
        ("T10.0.0.5", &["T10.0.0.5", "10.0.0.5"]),
        ("", &[]),
        ("L", &[]),
    ];
    for (rest, expected) in table {
        let dial = Dial::parse(rest.as_bytes()).unwrap();
        assert_eq!(dial.keys().collect::<Vec<_>>(), expected, "{rest}");
    }
}

#[test]
fn a_semicolon_outside_quotes_and_brackets_ends_the_number() {
    let table = [
        ("T5551212;", "T5551212", Then::StayInCommand),
        ("T5551212 ;", "T5551212", Then::StayInCommand),
        ("T5551212", "T5551212", Then::GoOnline),
        (";", "", Then::StayInCommand),
        ("\"a;b\"", "a;b", Then::GoOnline),
        ("\"a;b\";", "a;b", Then::StayInCommand),
        ("T host; ", "T host", Then::StayInCommand),
    ];
    for (rest, text, then) in table {
        let dial = Dial::parse(rest.as_bytes()).unwrap();
        assert_eq!((dial.text(), dial.then()), (text, then), "{rest}");
    }
    assert_eq!(split(b"T[::1;];E0"), (b"T[::1;];".as_slice(), b"E0".as_slice()));
}

#[test]
fn only_the_beginning_of_a_number_waits_for_the_rest() {
    let partial =
        |rest: &str| Dial::parse(rest.as_bytes()).unwrap().is_partial(&DialRules::default());
    for rest in ["T;", "T,;", "T9W;", "5551212;"] {
        assert!(partial(rest), "{rest}");
    }
    for rest in ["T", "5551212", "10.0.0.5;", "host;", "\"555\";", "192168001010;", "L;", "S3;"] {
        assert!(!partial(rest), "{rest}");
    }
}

#[test]
fn a_number_dialled_in_pieces_is_one_number() {
    let joined = |first: &str, next: &str| {
        let next = Dial::parse(next.as_bytes()).unwrap();
        let both = Dial::parse(first.as_bytes()).unwrap().followed_by(&next).unwrap();
        (both.text().to_owned(), target_text(both.text().as_bytes(), &DialRules::default()))
    };
    let expect = |text: &str, target: &str| (text.to_owned(), target.to_owned());
    assert_eq!(joined("T;", "T5551212"), expect("T5551212", "number 5551212"));
    assert_eq!(joined("T9,;", "T5551212"), expect("T9,5551212", "number 95551212"));
    assert_eq!(joined("192168;", "001010"), expect("192168001010", "192.168.1.10"));
    assert_eq!(joined("T9;", "T"), expect("T9", "number 9"));
    assert_eq!(joined("T9;", "Tbbs.example"), expect("Tbbs.example", "host bbs.example"));
    assert_eq!(joined("T9;", "L"), expect("L", "last"));

    let long = Dial::parse(&[b'1'; DIAL_MAX]).unwrap();
    assert_eq!(long.followed_by(&long), Err(DialSyntax::TooLong));
}

fn with_transports() -> DialRules {
    let transports = [('T', "tcp"), ('P', "udp"), ('U', "udp"), ('+', "telnet"), ('-', "tcp")];
    DialRules {
        transports: transports.map(|(prefix, scheme)| (prefix, scheme.to_owned())).to_vec(),
        ..DialRules::default()
    }
}

#[test]
fn a_profile_s_prefixes_name_the_transport() {
    let rules = with_transports();
    let table = [
        ("T10.0.0.5/23", Some("tcp"), "10.0.0.5:23"),
        ("P10.0.0.5/12345", Some("udp"), "10.0.0.5:12345"),
        ("u10.0.0.5/12345", Some("udp"), "10.0.0.5:12345"),
        ("10.0.0.5/23", None, "10.0.0.5:23"),
        ("T+host.example", Some("telnet"), "host host.example"),
        ("-host.example", Some("tcp"), "host host.example"),
        ("+10.0.0.5", Some("telnet"), "10.0.0.5"),
        ("+4989123", None, "number +4989123"),
        ("T+4989123", Some("tcp"), "number +4989123"),
        ("Tunit7.example", Some("tcp"), "host unit7.example"),
        ("P\"unit7.example\"", Some("udp"), "host unit7.example"),
        ("\"unit7.example\"", None, "host unit7.example"),
        ("tls://h:1", None, "url tls://h:1"),
        ("unix:/run/x", None, "url unix:/run/x"),
        ("", None, "empty"),
    ];
    for (rest, transport, expected) in table {
        let dial = Dial::parse(rest.as_bytes()).unwrap();
        assert_eq!(dial.transport(&rules), transport, "{rest}");
        assert_eq!(target_text(rest.as_bytes(), &rules), expected, "{rest}");
    }
}

#[test]
fn hostile_strings_end_in_a_clear_answer() {
    let rules = DialRules::default();
    let table = [
        (vec![b'9'; 900], "!TooLong"),
        (vec![b'.'; 300], "!Order"),
        (vec![b':'; 300], "!Ipv6"),
        (vec![b'['; 300], "!Brackets"),
        (vec![b'"'; 2], "empty"),
        (vec![b'"'; 3], "!MisplacedQuote"),
        (b"T\xff\xfe".to_vec(), "!NotText"),
        (b"Thost\0".to_vec(), "!NotText"),
        (b"Th\x1b[2Jst".to_vec(), "!NotText"),
        ("Tb\u{fc}cher.example".as_bytes().to_vec(), "!HostName"),
        ("T\u{661}\u{662}\u{663}".as_bytes().to_vec(), "!HostName"),
        ([b"T".as_slice(), &[b'a'; 64]].concat(), "!HostName"),
        ([b"T".as_slice(), &b"ab.".repeat(90)].concat(), "!HostName"),
    ];
    for (rest, expected) in table {
        assert_eq!(target_text(&rest, &rules), expected, "{}", rest.escape_ascii());
    }
    let digits = "9".repeat(500);
    assert_eq!(target_text(digits.as_bytes(), &rules), format!("number {digits}"));
}

/// Strings near the ones that mean something.
fn dial_string() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "T",
        "P",
        "W",
        "R",
        "L",
        "S",
        "=",
        "10",
        "0",
        "255",
        "256",
        "192168001010",
        "65535",
        "70000",
        ".",
        ",",
        ":",
        "/",
        "#",
        "*",
        "-",
        " ",
        "+",
        "(",
        ")",
        "[",
        "]",
        "::1",
        "fe80::1%e",
        "\"",
        ";",
        "host",
        "a.b",
        "tls://",
        "ppp:",
        "unix:/x",
        "@",
        "!",
        "\u{e9}",
        "01",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_string_is_read_without_harm(rest in dial_string()) {
        for rules in [DialRules::default(), with_transports()] {
            if let Ok(dial) = Dial::parse(&rest) {
                let _ = (dial.keys().count(), dial.target(&rules), dial.transport(&rules));
                let _ = (dial.is_partial(&rules), dial.followed_by(&dial));
            }
        }
    }

    #[test]
    fn a_target_reads_back_from_what_it_writes(rest in dial_string()) {
        let rules = DialRules::default();
        let Ok(target) = Dial::parse(&rest).and_then(|dial| dial.target(&rules)) else {
            return Ok(());
        };
        let again = match &target {
            Target::Empty | Target::Recall(_) => format!("T{target}"),
            _ => format!("\"{target}\""),
        };
        // Digits that modifiers or separators kept from being an address may be one without them.
        let dialled = Dial::parse(again.as_bytes()).unwrap();
        let read = match target {
            Target::Number(_) => {
                let rules = DialRules { digits_are_ip: DigitsAreIp::No, ..rules };
                dialled.target(&rules)
            }
            _ => dialled.target(&rules),
        };
        prop_assert_eq!(read, Ok(target), "{}", again);
    }

    #[test]
    fn every_spelling_of_an_address_is_the_same_address(octets: [u8; 4], port in 1..=u16::MAX) {
        prop_assume!(octets != [0; 4]);
        let [a, b, c, d] = octets;
        let expected = format!("{a}.{b}.{c}.{d}:{port}");
        let spellings = [
            expected.clone(),
            format!("{a}.{b}.{c}.{d},{port}"),
            format!("{a}.{b}.{c}.{d}/{port}"),
            format!("{a}.{b}.{c}.{d}#{port}"),
            format!("{a}.{b}.{c}.{d} {port}"),
            format!("{a},{b},{c},{d},{port}"),
            format!("{a}*{b}*{c}*{d}#{port}"),
            format!("{a}-{b}-{c}-{d}-{port}"),
            format!("{a:03}{b:03}{c:03}{d:03}{port}"),
            format!("{a:03}{b:03}{c:03}{d:03}:{port}"),
            format!("{a:03}{b:03}{c:03}{d:03}#{port}"),
        ];
        for spelling in spellings {
            let text = format!("T{spelling}");
            prop_assert_eq!(target_text(text.as_bytes(), &DialRules::default()), &*expected, "{}", text);
        }
    }

    #[test]
    fn no_address_is_ever_made_from_groups_that_do_not_fit(groups in prop::collection::vec(256..9999u32, 4)) {
        for separator in [".", ",", "*", "-", " ", "/"] {
            let text = groups.iter().map(u32::to_string).collect::<Vec<_>>().join(separator);
            let target = Dial::parse(text.as_bytes()).unwrap().target(&DialRules::default());
            let is_address = matches!(target, Ok(Target::Address { .. }));
            prop_assert!(!is_address, "{}", text);
        }
    }
}
