//! The language between a terminal and its modem: command lines, dial strings, result codes.
//!
//! Nothing here knows what a modem is doing: [`mod@line`] turns bytes into command lines, [`body`] turns
//! a line into commands, [`dial`] reads what follows `D`, and [`result`] writes what a modem answers,
//! byte for byte. All of it is pure: no clock but the one
//! it is handed, no I/O, nothing shared.
//!
//! [`client`] is the other side of the same conversation: a program that has a real modem in front of it.
//!
//! Start with [`line::Recogniser`]:
//!
//! ```
//! use at::body::{Command, Reading, commands};
//! use at::line::{LineChars, Recognised, Recogniser};
//! use at::result::{Codes, Format, ResultCode};
//!
//! let mut recogniser = Recogniser::new();
//! let chars = LineChars::default();
//! let heard = b"noise ATE0\r".iter().map(|&byte| recogniser.push(byte, &chars).1).last();
//! assert_eq!(heard, Some(Recognised::Line));
//!
//! let echo_off = Command::Basic { prefix: None, letter: b'E', number: Some(0) };
//! assert_eq!(commands(recogniser.body(), Reading::Lenient).next(), Some(Ok(echo_off)));
//!
//! let mut answer = Vec::new();
//! Format::default().result(ResultCode::Ok, &Codes::default(), &mut answer);
//! assert_eq!(answer, b"\r\nOK\r\n");
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod body;
pub mod client;
pub mod dial;
pub mod limits;
pub mod line;
pub mod parity;
pub mod question;
pub mod result;
pub mod secret;
