//! The wire in words, for data files and for failures that can be read.
//!
//! `WILL BINARY` is three bytes, `SB TTYPE 00 "DUMB" SE` as many as it takes, `"text\r\n"` is text,
//! `FF` is itself, and so is `FF FF`: doubling is not done for the writer.

const COMMANDS: [(&str, u8); 15] = [
    ("EOF", 236),
    ("SUSP", 237),
    ("ABORT", 238),
    ("EOR", 239),
    ("SE", 240),
    ("NOP", 241),
    ("DM", 242),
    ("BRK", 243),
    ("IP", 244),
    ("AO", 245),
    ("AYT", 246),
    ("EC", 247),
    ("EL", 248),
    ("GA", 249),
    ("IAC", 255),
];

const VERBS: [(&str, u8); 5] =
    [("SB", 250), ("WILL", 251), ("WONT", 252), ("DO", 253), ("DONT", 254)];

const OPTIONS: [(&str, u8); 18] = [
    ("BINARY", 0),
    ("ECHO", 1),
    ("SGA", 3),
    ("STATUS", 5),
    ("TIMING-MARK", 6),
    ("TTYPE", 24),
    ("EOR-OPTION", 25),
    ("NAWS", 31),
    ("TSPEED", 32),
    ("LFLOW", 33),
    ("LINEMODE", 34),
    ("XDISPLOC", 35),
    ("OLD-ENVIRON", 36),
    ("AUTH", 37),
    ("ENCRYPT", 38),
    ("NEW-ENVIRON", 39),
    ("COM-PORT", 44),
    ("START-TLS", 46),
];

fn number(names: &[(&str, u8)], word: &str) -> Option<u8> {
    names.iter().find(|(name, _)| *name == word).map(|(_, code)| *code)
}

fn name<'a>(names: &[(&'a str, u8)], code: u8) -> Option<&'a str> {
    names.iter().find(|(_, other)| *other == code).map(|(name, _)| *name)
}

/// The bytes that the words mean.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = unquote(quoted, &mut bytes).trim_start();
            continue;
        }
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start();
        if let Some(code) = number(&VERBS, word) {
            let (option, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim_start();
            let option = number(&OPTIONS, option).or_else(|| option.parse().ok());
            bytes.extend([255, code, option.unwrap_or_else(|| panic!("no option in: {text}"))]);
        } else if word == "IAC" {
            bytes.push(255);
        } else if let Some(code) = number(&COMMANDS, word) {
            bytes.extend([255, code]);
        } else {
            let byte = u8::from_str_radix(word, 16);
            bytes.push(byte.unwrap_or_else(|_| panic!("not a byte: {word} in: {text}")));
        }
    }
    bytes
}

fn unquote<'a>(quoted: &'a str, bytes: &mut Vec<u8>) -> &'a str {
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return chars.as_str(),
            '\\' => bytes.push(match chars.next() {
                Some('r') => b'\r',
                Some('n') => b'\n',
                Some('e') => 0x1B,
                Some(other) => other as u8,
                None => panic!("a text ends in a backslash"),
            }),
            other => bytes.push(other as u8),
        }
    }
    panic!("a text has no end: {quoted}")
}

/// The words for bytes of the wire.
pub(crate) fn wire(bytes: &[u8]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut text = String::new();
    // Between SB and SE of options whose parameters are never text.
    let mut numbers = false;
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        if let Some(char) = readable(*first).filter(|_| !numbers) {
            text += &char;
            continue;
        }
        end_text(&mut text, &mut words);
        rest = match (*first, rest) {
            (255, [255, after @ ..]) => {
                words.push("FF FF".into());
                after
            }
            (255, [verb, option, after @ ..]) if name(&VERBS, *verb).is_some() => {
                numbers = *verb == 250 && [31, 44].contains(option);
                let option = name(&OPTIONS, *option).map_or(option.to_string(), String::from);
                words.push(format!("{} {option}", name(&VERBS, *verb).unwrap()));
                after
            }
            (255, [code, after @ ..]) if name(&COMMANDS, *code).is_some() => {
                numbers = false;
                words.push(name(&COMMANDS, *code).unwrap().into());
                after
            }
            (byte, after) => {
                words.push(format!("{byte:02X}"));
                after
            }
        };
    }
    end_text(&mut text, &mut words);
    words.join(" ")
}

/// The words for data, in which 0xFF means nothing.
pub(crate) fn data(bytes: &[u8]) -> String {
    let mut words = Vec::new();
    let mut text = String::new();
    for &byte in bytes {
        match readable(byte) {
            Some(char) => text += &char,
            None => {
                end_text(&mut text, &mut words);
                words.push(format!("{byte:02X}"));
            }
        }
    }
    end_text(&mut text, &mut words);
    words.join(" ")
}

fn readable(byte: u8) -> Option<String> {
    Some(match byte {
        b'\r' => "\\r".into(),
        b'\n' => "\\n".into(),
        0x1B => "\\e".into(),
        b'"' | b'\\' => format!("\\{}", byte as char),
        b' '..=b'~' => (byte as char).into(),
        _ => return None,
    })
}

fn end_text(text: &mut String, words: &mut Vec<String>) {
    if !text.is_empty() {
        words.push(format!("\"{}\"", std::mem::take(text)));
    }
}

#[test]
fn what_is_written_is_read_back() {
    for text in [
        "WILL BINARY DO 99 \"login: \\r\\n\" 00 FF FF AYT",
        "SB TTYPE 00 \"DUMB\" SE",
        "\"a \\\"quoted\\\" word\" 80",
    ] {
        assert_eq!(wire(&bytes(text)), text);
    }
}
