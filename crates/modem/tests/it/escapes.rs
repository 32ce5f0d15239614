//! Bytes as text that can be read: `\r`, `\n`, `\\` and `\x7f`.

use std::fmt::Write;

/// Text for these bytes.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (place, &byte) in bytes.iter().enumerate() {
        let last = place + 1 == bytes.len();
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b' ' if last => text.push_str("\\x20"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

/// The bytes that an escaped text stands for; `*N` behind it repeats it.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let (text, times) = match text.rsplit_once(" *") {
        Some((text, times)) if times.parse::<usize>().is_ok() => (text, times.parse().unwrap()),
        _ => (text, 1),
    };
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            bytes.extend(c.to_string().bytes());
            continue;
        }
        bytes.push(match chars.next().unwrap() {
            'r' => b'\r',
            'n' => b'\n',
            '\\' => b'\\',
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).unwrap()
            }
            other => panic!("no escape \\{other}"),
        });
    }
    bytes.repeat(times)
}
