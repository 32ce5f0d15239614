//! The client sides of FTP, HTTP, SMTP and POP3 as pure machines, for modules that have such services.
//!
//! A [`Session`] talks with one server. It is told what happens on its [`Link`]s and which bytes of a file come
//! from its owner, and does things through [`Out`]. Files and mails pass in pieces and are never kept: whoever
//! drives it reads a link only while [`Session::carries_file`] allows or the owner takes what comes.
//!
//! ```
//! use clock::Instant;
//! use services::{Event, Link, Login, News, Out, Server, Session};
//!
//! #[derive(Default)]
//! struct Wire(Vec<u8>);
//! impl Out for Wire {
//!     fn open(&mut self, _: Link, _: &str, _: u16) {}
//!     fn listen(&mut self, _: Link) {}
//!     fn send(&mut self, _: Link, bytes: &[u8]) { self.0.extend_from_slice(bytes) }
//!     fn shut(&mut self, _: Link) {}
//!     fn close(&mut self, _: Link) {}
//!     fn file(&mut self, _: &[u8]) {}
//!     fn news(&mut self, _: News) {}
//! }
//!
//! let (mut wire, now) = (Wire::default(), Instant::ORIGIN);
//! let server = Server { host: "ftp.example".into(), port: 21, login: Login::new("me", "secret") };
//! let mut session = Session::ftp(now, server, &mut wire);
//! session.event(now, Event::Opened { link: Link::Control, peer: None }, &mut wire);
//! session.event(now, Event::Data { link: Link::Control, bytes: b"220 hello\r\n" }, &mut wire);
//! assert_eq!(wire.0, b"USER me\r\n");
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod limits;

mod dialogue;
mod ftp;
mod http;
mod lines;
mod out;
mod pop3;
mod session;
mod smtp;
mod text;

pub use ftp::{Connecting, Ftp, Kind};
pub use http::{Http, Method, Request, Version, Via};
pub use out::{Event, Link, Login, News, Out, Server, Trouble};
pub use pop3::Pop3;
pub use session::Session;
pub use smtp::{Heading, Mail, Smtp};
pub use text::is_plain;

#[cfg(test)]
mod tests;
