//! Files as people mail them.

mod base64;
mod binhex;
mod error;
mod lines;
mod uu;
mod yenc;

pub use error::{DecodeError, EncodeError};

use std::str::FromStr;

/// A way to write bytes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// uuencode, as POSIX has it.
    Uu,
    /// Base64 in lines of 76, as MIME has it.
    Base64,
    /// BinHex 4.0 (RFC 1741).
    BinHex,
    /// yEnc, which needs eight bits.
    Yenc,
}

impl Format {
    /// All of them, with their names.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("uuencode", Self::Uu),
        ("base64", Self::Base64),
        ("binhex", Self::BinHex),
        ("yenc", Self::Yenc),
    ];
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |(name, format): (&str, Self)| (name == text).then_some(format);
        Self::NAMES.into_iter().find_map(named).ok_or_else(|| {
            format!("{text} is no format; there are uuencode, base64, binhex and yenc")
        })
    }
}

/// What is known of a file before its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Its permissions, as in `chmod 644`.
    pub mode: u32,
    /// How many bytes it has.
    pub size: u64,
    /// BinHex: its type on a Macintosh, such as `TEXT`.
    pub kind: [u8; 4],
    /// BinHex: the program that made it, such as `ttxt`.
    pub creator: [u8; 4],
}

impl Facts {
    /// A file that is no Macintosh's, readable for everybody.
    pub fn new(name: &str, size: u64) -> Self {
        Self { name: name.to_owned(), mode: 0o644, size, kind: *b"????", creator: *b"????" }
    }
}

/// What an armoured file said of itself, once all of it was there and right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its name, as its sender had it: nothing to be used as a path.
    pub name: Option<String>,
    /// Its permissions.
    pub mode: Option<u32>,
    /// Bytes of a Macintosh's resource fork, which were checked and dropped.
    pub resource: u64,
    /// Files that stand behind it in the same text, unread.
    pub others: u64,
}

/// Writes bytes as text.
#[derive(Debug)]
pub enum Encoder {
    /// uuencode.
    Uu(uu::Encoder),
    /// Base64.
    Base64(base64::Encoder),
    /// BinHex.
    BinHex(binhex::Encoder),
    /// yEnc.
    Yenc(yenc::Encoder),
}

impl Encoder {
    /// An encoder for this file.
    pub fn new(format: Format, facts: &Facts) -> Result<Self, EncodeError> {
        if facts.name.is_empty()
            || facts.name.len() > crate::limits::NAME
            || facts.name.contains(char::is_control)
        {
            return Err(EncodeError::Name(facts.name.clone()));
        }
        Ok(match format {
            Format::Uu => Self::Uu(uu::Encoder::new(facts)),
            Format::Base64 => Self::Base64(base64::Encoder::default()),
            Format::BinHex => Self::BinHex(binhex::Encoder::new(facts)?),
            Format::Yenc => Self::Yenc(yenc::Encoder::new(facts)),
        })
    }

    /// Takes the next bytes; their text is appended.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Uu(encoder) => encoder.push(bytes, out),
            Self::Base64(encoder) => encoder.push(bytes, out),
            Self::BinHex(encoder) => return encoder.push(bytes, out),
            Self::Yenc(encoder) => return encoder.push(bytes, out),
        }
        Ok(())
    }

    /// The end of the text.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Uu(encoder) => encoder.finish(out),
            Self::Base64(encoder) => encoder.finish(out),
            Self::BinHex(encoder) => return encoder.finish(out),
            Self::Yenc(encoder) => return encoder.finish(out),
        }
        Ok(())
    }
}

/// Reads bytes from text. What stands before a file, as in a mail, is skipped; what stands behind it as well.
///
/// What it has appended is to be trusted only once [`Decoder::finish`] says so: checks stand at the end.
#[derive(Debug)]
pub enum Decoder {
    /// uuencode.
    Uu(uu::Decoder),
    /// Base64.
    Base64(base64::Decoder),
    /// BinHex.
    BinHex(binhex::Decoder),
    /// yEnc.
    Yenc(yenc::Decoder),
}

impl Decoder {
    /// A decoder.
    pub fn new(format: Format) -> Self {
        match format {
            Format::Uu => Self::Uu(uu::Decoder::default()),
            Format::Base64 => Self::Base64(base64::Decoder::default()),
            Format::BinHex => Self::BinHex(binhex::Decoder::default()),
            Format::Yenc => Self::Yenc(yenc::Decoder::default()),
        }
    }

    /// Takes the next piece of text; its bytes are appended.
    pub fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match self {
            Self::Uu(decoder) => decoder.push(text, out),
            Self::Base64(decoder) => decoder.push(text, out),
            Self::BinHex(decoder) => decoder.push(text, out),
            Self::Yenc(decoder) => decoder.push(text, out),
        }
    }

    /// The end of the text: whether all was there.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<Told, DecodeError> {
        match self {
            Self::Uu(decoder) => decoder.finish(out),
            Self::Base64(decoder) => decoder.finish(out),
            Self::BinHex(decoder) => decoder.finish(),
            Self::Yenc(decoder) => decoder.finish(out),
        }
    }
}
