//! The gate before the bell: scanners of the network are let go before equipment hears a RING.
//!
//! Every port that is open to the world is tried all day by programs that look for web servers and
//! the like. They speak first and at once, which somebody who calls a modem doesn't: he waits for
//! the other side.

use std::time::Duration;

use carrier::{Ahead, Caller};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use settings::{Span, TextOrTable};

use crate::limits;

/// A line's gate. Written `"scanners"`, or `{ silence = "2s" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Whoever speaks a known scanner's first words at once is let go; others ring.
    Scanners,
    /// Whoever says anything before this time has passed is let go.
    Silence(Duration),
}

/// What a gate has to say of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Rings,
    /// Turned away, and why.
    Not(&'static str),
    /// He has left by himself.
    Gone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    silence: Span,
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TextOrTable::<String, Table>::deserialize(deserializer)? {
            TextOrTable::Text(text) if text == "scanners" => Ok(Self::Scanners),
            TextOrTable::Text(_) => {
                Err(D::Error::custom("expected \"scanners\" or { silence = \"2s\" }"))
            }
            TextOrTable::Table(Table { silence }) if silence.0 > limits::GATE_SILENCE => {
                Err(D::Error::custom("no caller is silent for longer than a minute"))
            }
            TextOrTable::Table(Table { silence }) => Ok(Self::Silence(silence.0)),
        }
    }
}

impl Gate {
    /// Listens to a caller who hasn't rung yet. What he says stays unread.
    pub(crate) async fn judge(self, mut caller: Caller) -> (Caller, Verdict) {
        let wait = match self {
            Self::Scanners => limits::GATE_WAIT,
            Self::Silence(silence) => silence,
        };
        let ahead = caller.look_ahead(wait).await;
        let verdict = self.verdict(&ahead);
        (caller, verdict)
    }

    fn verdict(self, ahead: &Ahead) -> Verdict {
        match (ahead, self) {
            (Ahead::Gone, _) => Verdict::Gone,
            (Ahead::Silence, _) => Verdict::Rings,
            (Ahead::Bytes(_), Self::Silence(_)) => Verdict::Not("he spoke before the bell"),
            (Ahead::Bytes(bytes), Self::Scanners) => {
                scanner(bytes).map_or(Verdict::Rings, Verdict::Not)
            }
        }
    }
}

/// What kind of scanner begins like this, if one does.
fn scanner(bytes: &[u8]) -> Option<&'static str> {
    const HTTP: [&[u8]; 8] =
        [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"OPTIONS ", b"CONNECT ", b"DELETE ", b"PRI "];
    const TELEPHONY: [&[u8]; 3] = [b"DESCRIBE", b"REGISTER", b"INVITE "];
    let begins = |marks: &[&[u8]]| marks.iter().any(|mark| begins(bytes, mark));
    match bytes {
        // RFC 8446 section 5.1.
        [0x16, 0x03, ..] => Some("he speaks TLS"),
        // RFC 2126: the beginning of a remote desktop, and of S7.
        [0x03, 0x00, 0x00, _, ..] => Some("he speaks TPKT"),
        [0x00, 0x00, 0x00, _, 0xFE | 0xFF, b'S', b'M', b'B'] => Some("he speaks SMB"),
        _ if begins(&[b"SSH-"]) => Some("he speaks SSH"),
        _ if begins(&HTTP) => Some("he speaks HTTP"),
        _ if begins(&TELEPHONY) => Some("he speaks RTSP or SIP"),
        _ if begins(&[b"EHLO ", b"HELO "]) => Some("he speaks SMTP"),
        _ => None,
    }
}

/// Whether the bytes begin with a mark, as far as they were looked at.
fn begins(bytes: &[u8], mark: &[u8]) -> bool {
    let length = mark.len().min(carrier::limits::AHEAD);
    mark.get(..length).is_some_and(|mark| bytes.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanners_are_known_by_their_first_words() {
        for bytes in [
            &b"GET / HT"[..],
            b"OPTIONS ",
            b"SSH-2.0-",
            b"\x16\x03\x01\x02\x00\x01\x00\x01",
            b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
            b"\x00\x00\x00\x85\xffSMB",
            b"EHLO me\r",
            b"DESCRIBE",
        ] {
            assert!(scanner(bytes).is_some(), "{bytes:?}");
        }
    }

    #[test]
    fn equipment_and_people_are_no_scanners() {
        for bytes in [
            &b"AT\r"[..],
            b"login\r",
            b"GETTING ",
            b"\xff\xfd\x18",
            b"\x01\x03\x00\x00\x00\x0a\xc5\xcd",
            b"\x05\x64\x05\xc0\x01\x00\x00\x04",
            b"\r",
            b"S",
            b"\x00\x01\x00\x00\x00\x06\x01\x03",
        ] {
            assert_eq!(scanner(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_gate_is_written_short_or_long() {
        #[derive(Deserialize)]
        struct Line {
            gate: Gate,
        }
        let read = |text: &str| toml::from_str::<Line>(text).map(|line| line.gate);
        assert_eq!(read("gate = 'scanners'").unwrap(), Gate::Scanners);
        let silence = Gate::Silence(Duration::from_secs(2));
        assert_eq!(read("gate = { silence = '2s' }").unwrap(), silence);
        for wrong in ["gate = 'scaners'", "gate = { silence = '2h' }", "gate = { silense = '2s' }"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
