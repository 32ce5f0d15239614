//! Telnet for a byte stream that must arrive unchanged: NVT, option negotiation, RFC 2217.
//!
//! A sans-I/O codec for one connection, as client or as server, or as nothing at all when the peer
//! turns out not to speak telnet. Start with [`Telnet`]: received bytes go through
//! [`Telnet::decode`], which leaves the data in place; data to be sent go through
//! [`Telnet::encode`], which borrows them when nothing needs escaping; what the negotiation has to
//! say stands in [`Telnet::replies`], and [`Telnet::deadline`] says when the codec wants to be woken.
//!
//! ```
//! use clock::Instant;
//! use telnet::{Event, Mode, Options, Telnet};
//!
//! let now = Instant::ORIGIN;
//! let mut telnet = Telnet::new(Options::server(Mode::Auto), now);
//!
//! // A caller that shows telnet by offering to send binary, and then says something.
//! let mut wire = *b"\xff\xfb\x00hello \xff\xff";
//! let shown = telnet.decode(now, &mut wire);
//! assert_eq!((shown.data, shown.event), (0, Some(Event::BecameTelnet)));
//! let rest = &mut wire[shown.consumed..];
//! let said = telnet.decode(now, rest);
//! assert_eq!(&rest[..said.data], b"hello \xff");
//! assert!(telnet.replies().starts_with(b"\xff\xfd\x00"));
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod com_port;
mod decode;
mod detect;
mod encode;
mod event;
mod fingerprint;
pub mod limits;
mod negotiation;
mod options;
mod q;
mod replies;
mod session;
mod subnegotiation;
mod summary;
mod table;
mod telnet;
mod wire;

pub use decode::undouble;
pub use event::{Decoded, Event, Function, Held};
pub use options::{
    BadTerminalName, ComPort, LineEnds, Mode, Options, Profile, Side, TerminalName, UnknownMode,
    WindowSize,
};
pub use summary::{Coding, Fingerprint, Kind, Summary};
pub use telnet::{Direction, NotSent, Telnet, Wish};
