//! Bytes through paths that are not 8-bit clean.
//!
//! [`coder`] has what people mail: uuencode, BinHex 4.0, base64 and yEnc, each as a pair of machines that take any
//! pieces and keep only a line of them. [`channel`] is for paths that stay: frames with HDLC's escaping or as lines
//! of base64, and a probe by which two ends find out which of the 256 values get through. Start with
//! [`coder::Encoder`].
//!
//! ```
//! use armour::coder::{Decoder, Encoder, Facts, Format};
//!
//! let facts = Facts::new("cat.txt", 3);
//! let mut text = Vec::new();
//! let mut encoder = Encoder::new(Format::Uu, &facts)?;
//! encoder.push(b"Cat", &mut text)?;
//! encoder.finish(&mut text)?;
//! assert_eq!(text, b"begin 644 cat.txt\n#0V%T\n`\nend\n");
//!
//! let mut bytes = Vec::new();
//! let mut decoder = Decoder::new(Format::Uu);
//! decoder.push(&text, &mut bytes)?;
//! assert_eq!(decoder.finish(&mut bytes)?.name.as_deref(), Some("cat.txt"));
//! assert_eq!(bytes, b"Cat");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod channel;
pub mod coder;
mod crc;
pub mod limits;
