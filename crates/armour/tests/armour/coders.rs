//! Files.

use armour::coder::{DecodeError, Decoder, EncodeError, Encoder, Facts, Format, Told};
use proptest::collection::vec;
use proptest::prelude::*;

fn encoded(format: Format, facts: &Facts, bytes: &[u8], pieces: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(format, facts).expect("a good name");
    for piece in cut(bytes, pieces) {
        encoder.push(piece, &mut out).expect("as long as was said");
    }
    encoder.finish(&mut out).expect("as long as was said");
    out
}

fn decoded(format: Format, text: &[u8], pieces: &[usize]) -> Result<(Told, Vec<u8>), DecodeError> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new(format);
    for piece in cut(text, pieces) {
        decoder.push(piece, &mut out)?;
    }
    Ok((decoder.finish(&mut out)?, out))
}

fn cut<'a>(bytes: &'a [u8], pieces: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut cut = Vec::new();
    for size in pieces.iter().copied().chain(std::iter::repeat(usize::MAX)) {
        if rest.is_empty() {
            break;
        }
        let (piece, later) = rest.split_at(size.clamp(1, rest.len()));
        cut.push(piece);
        rest = later;
    }
    cut
}

fn facts(name: &str, bytes: &[u8]) -> Facts {
    Facts::new(name, bytes.len() as u64)
}

fn any_format() -> impl Strategy<Value = Format> {
    prop::sample::select(&Format::NAMES[..]).prop_map(|(_, format)| format)
}

/// Bytes with runs, and with what formats have to escape.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = (prop_oneof![any::<u8>(), Just(0x90), Just(0), Just(19), Just(4)], 1usize..300);
    let runs = vec(run, 0..8).prop_map(|runs| {
        runs.into_iter().flat_map(|(byte, count)| vec![byte; count]).collect::<Vec<u8>>()
    });
    prop_oneof![vec(any::<u8>(), 0..700), runs]
}

#[test]
fn published_uuencode_comes_out() {
    let text = encoded(Format::Uu, &facts("cat.txt", b"Cat"), b"Cat", &[]);
    assert_eq!(text, b"begin 644 cat.txt\n#0V%T\n`\nend\n");
}

#[test]
fn published_binhex_comes_out() {
    let hello = Facts { kind: *b"TEXT", creator: *b"ttxt", ..facts("hi.txt", b"hello\n") };
    let text = encoded(Format::BinHex, &hello, b"hello\n", &[]);
    let text = String::from_utf8(text).expect("it is text");
    assert_eq!(
        text,
        "(This file must be converted with BinHex 4.0)\n\n\
         :\"QKT,R4iG!\"849K8G(4iG!#3\"3B!N!454'KPE'a[#LTP!!!:\n"
    );
}

#[test]
fn yenc_escapes_what_its_description_says() {
    // NUL, LF, CR and = after 42 is added; a dot at the front.
    let bytes = [4, 214, 224, 227, 19, 4];
    let text = encoded(Format::Yenc, &facts("a", &bytes), &bytes, &[]);
    let body = b"=n=@=J=M=}.\r\n";
    assert!(text.windows(body.len()).any(|window| window == body), "{}", text.escape_ascii());
}

#[test]
fn a_mail_around_a_file_is_no_matter() {
    for (name, format) in Format::NAMES {
        if format == Format::Base64 {
            continue;
        }
        let mut mail = b"From: pump@example.org\r\nSubject: begin\r\n\r\n(enclosed)\r\n".to_vec();
        mail.extend(encoded(format, &facts("log.txt", b"a log"), b"a log", &[]));
        mail.extend(b"\r\n-- \r\nThe pump\r\n");
        let (told, bytes) = decoded(format, &mail, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((told.name.as_deref(), &*bytes), (Some("log.txt"), &b"a log"[..]), "{name}");
    }
}

#[test]
fn uuencode_survives_stripped_blanks_and_carriage_returns() {
    // Zeros as blanks, as old encoders wrote them, and then stripped off.
    let bytes = decoded(Format::Uu, b"begin 644 z\r\n&\r\n \r\nend\r\n", &[]);
    assert!(
        matches!(bytes, Err(DecodeError::Line { line: 2, .. })),
        "nothing at all is too little"
    );
    let (_, bytes) =
        decoded(Format::Uu, b"begin 644 z\n&00\n\nend\n", &[]).expect("zeros at its end");
    assert_eq!(bytes, [0x41, 0, 0, 0, 0, 0]);
}

#[test]
fn what_is_no_such_file_is_refused_with_its_place() {
    for (format, text, words) in [
        (Format::Uu, "", "nothing in it begins like uuencode: `begin 644 name`"),
        (Format::Uu, "begin 644 a\n#0V%T\n", "it ends in the middle, after line 2"),
        (Format::Uu, "begin 644 a\n#0V%T\n`\nmore\n", "line 4: `end` should stand here"),
        (Format::Uu, "begin 644 a\n#0V%a\n`\nend\n", "line 2: 61 is no character of it"),
        (
            Format::Uu,
            "begin 644 a\n#0V%TXYZ\n`\nend\n",
            "line 2: it is longer than its first character says",
        ),
        (Format::Base64, "Q2F0Q", "it ends in the middle, after line 1"),
        (Format::Base64, "Q2F0\nQ!F0\n", "line 2: 30 is no character of it"),
        (Format::Base64, "Q2E=Q2E=", "line 1: 51 is no character of it"),
        (Format::Base64, "begin-base64 644 a\nQ2F0\n", "it ends in the middle, after line 2"),
        (
            Format::BinHex,
            "hello",
            "nothing in it begins like BinHex 4.0: `(This file must be converted with BinHex 4.0)`",
        ),
        (
            Format::Yenc,
            "=ybegin line=128 size=2 name=a\r\nkk\r\n",
            "it ends in the middle, after line 2",
        ),
        (
            Format::Yenc,
            "=ybegin line=128 size=3 name=a\r\nkk\r\n=yend size=2\r\n",
            "it says that it has 3 bytes, and has 2",
        ),
        (
            Format::Yenc,
            "=ybegin line=128 size=2 name=a\r\nkk\r\n=yend size=2 crc32=1\r\n",
            "the check of its data is wrong: it was damaged on its way",
        ),
    ] {
        let error = decoded(format, text.as_bytes(), &[]).expect_err(text);
        assert_eq!(error.to_string(), words, "{text}");
    }
}

/// A part of a file, as posters of yEnc write them.
fn part(number: u32, bytes: &[u8], begin: usize, end: usize) -> Vec<u8> {
    let piece = &bytes[begin - 1..end];
    let whole = encoded(Format::Yenc, &facts("a", piece), piece, &[]);
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let ending = String::from_utf8(lines[lines.len() - 1].to_vec()).expect("it is text");
    let mut text = format!(
        "=ybegin part={number} total=3 line=128 size={} name=a\r\n=ypart begin={begin} end={end}\r\n",
        bytes.len()
    )
    .into_bytes();
    text.extend(lines[1..lines.len() - 1].concat());
    text.extend(ending.replace("crc32", "pcrc32").into_bytes());
    text
}

#[test]
fn yenc_in_parts_is_whole_or_refused() {
    let bytes: Vec<u8> = (0..1000u32).map(|n| (n * n) as u8).collect();
    let [one, two, three] =
        [part(1, &bytes, 1, 400), part(2, &bytes, 401, 401), part(3, &bytes, 402, 1000)];
    let all = [&*one, b"\r\n-- \r\nsent by news\r\n\r\n", &two, &three].concat();
    assert_eq!(decoded(Format::Yenc, &all, &[7; 300]).expect("all parts").1, bytes);
    let refused = |text: &[u8]| decoded(Format::Yenc, text, &[]).expect_err("a part is missing");
    assert_eq!(refused(&[&*one, &*two].concat()), DecodeError::Parts { found: 401, size: 1000 });
    let out_of_order = DecodeError::Part { begins: 402, expected: 401, size: 1000 };
    assert_eq!(refused(&[&*one, &*three].concat()), out_of_order);
    assert_eq!(refused(&two), DecodeError::Part { begins: 401, expected: 1, size: 1000 });
    let doubled = DecodeError::Part { begins: 1, expected: 401, size: 1000 };
    assert_eq!(refused(&[&*one, &*one].concat()), doubled);
    let mut damaged = all.clone();
    let at = damaged.len() - 100;
    damaged[at] ^= 4;
    assert_eq!(refused(&damaged), DecodeError::Check { what: "its data" });
    // The last part tells the check of the whole file.
    let text = String::from_utf8_lossy(&three).into_owned();
    assert!(text.contains(" pcrc32="));
    let wrong = [three.strip_suffix(b"\r\n").expect("a line"), b" crc32=12345678\r\n"].concat();
    assert_eq!(refused(&[&*one, &two, &wrong].concat()), DecodeError::Check { what: "its data" });
}

#[test]
fn what_is_left_out_is_told() {
    for (name, format) in Format::NAMES {
        let mut text = encoded(format, &facts("a", b"first"), b"first", &[]);
        if format == Format::Base64 {
            text = [&b"begin-base64 644 a\n"[..], &text, b"====\n"].concat();
        }
        let (told, read) = decoded(format, &[&*text, &text, &text].concat(), &[]).expect(name);
        assert_eq!((told.others, &*read), (2, &b"first"[..]), "{name}");
    }
}

#[test]
fn a_short_line_of_uuencode_is_damage_unless_its_encoder_writes_blanks() {
    let short = "line 2: it is shorter than its first character says";
    for text in [
        // The end shows that it writes grave accents: nothing can have been stripped.
        "begin 644 a\n#0V\n`\nend\n",
        "begin 644 a\n$``\n \nend\n",
    ] {
        let error = decoded(Format::Uu, text.as_bytes(), &[]).expect_err(text);
        assert_eq!(error.to_string(), short, "{text}");
    }
    let (_, bytes) = decoded(Format::Uu, b"begin 644 a\n#0V\n \nend\n", &[]).expect("blanks");
    assert_eq!(bytes, [0x43, 0x60, 0]);
    // What fills up the last group is no byte of the file.
    let (_, bytes) = decoded(Format::Uu, b"begin 644 a\n!00\n`\nend\n", &[]).expect("a byte");
    assert_eq!(bytes, [0x41]);
}

#[test]
fn binhex_begins_at_the_beginning_of_a_line() {
    let mail = b"Subject: (This file must be converted with BinHex 4.0)\nTo: me\n\n".to_vec();
    let text = encoded(Format::BinHex, &facts("a", b"log"), b"log", &[]);
    let (_, bytes) = decoded(Format::BinHex, &[mail, text].concat(), &[]).expect("a file");
    assert_eq!(bytes, b"log");
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "a\nb", &"x".repeat(256)] {
        let refused = Encoder::new(Format::Uu, &facts(name, b"")).expect_err(name);
        assert_eq!(refused, EncodeError::Name(name.to_owned()));
    }
    assert!(Encoder::new(Format::BinHex, &facts(&"x".repeat(64), b"")).is_err());
}

#[test]
fn a_file_that_grows_meanwhile_is_refused() {
    for format in [Format::BinHex, Format::Yenc] {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(format, &Facts::new("a", 2)).expect("a good name");
        let grown = encoder.push(b"abc", &mut out);
        assert_eq!(grown, Err(EncodeError::Size { said: 2, found: 3 }));
        let encoder = Encoder::new(format, &Facts::new("a", 2)).expect("a good name");
        assert_eq!(encoder.finish(&mut out), Err(EncodeError::Size { said: 2, found: 0 }));
    }
}

proptest! {
    #[test]
    fn files_come_back_as_they_were(
        format in any_format(),
        bytes in any_bytes(),
        there in vec(1usize..90, 0..40),
        back in vec(1usize..90, 0..40),
    ) {
        let text = encoded(format, &facts("a file", &bytes), &bytes, &there);
        prop_assert_eq!(&text, &encoded(format, &facts("a file", &bytes), &bytes, &[]));
        let (told, read) = decoded(format, &text, &back).expect("it is whole");
        prop_assert_eq!(read, bytes);
        if format != Format::Base64 {
            prop_assert_eq!(told.name.as_deref(), Some("a file"));
        }
    }

    #[test]
    fn every_truncation_is_refused_or_whole(format in any_format(), bytes in vec(any::<u8>(), 1..200)) {
        let text = encoded(format, &facts("a", &bytes), &bytes, &[]);
        for end in 0..text.len() {
            match decoded(format, &text[..end], &[]) {
                Err(_) => {}
                // Base64 has no end of its own.
                Ok((_, read)) if format == Format::Base64 => prop_assert!(bytes.starts_with(&read)),
                Ok((_, read)) => prop_assert_eq!(&read, &bytes, "{:?} cut at {} of {}", format, end, text.len()),
            }
        }
    }

    #[test]
    fn nothing_panics_and_nothing_grows(format in any_format(), text in vec(any::<u8>(), 0..2000)) {
        for text in [text.clone(), [b"begin 644 a\n".to_vec(), text.clone()].concat(),
            [b"(This file must be converted with BinHex 4.0)\n:".to_vec(), text.clone()].concat(),
            [b"=ybegin line=128 size=99999 name=a\n".to_vec(), text].concat()]
        {
            if let Ok((_, read)) = decoded(format, &text, &[]) {
                // Runs of BinHex grow most: three characters to 255 bytes.
                prop_assert!(read.len() <= 128 * text.len() + 8);
            }
        }
    }
}
