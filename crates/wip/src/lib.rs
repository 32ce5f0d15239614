//! Wavecom's TCP/IP commands (WIPsoft, later Internet Application) as a pure machine.
//!
//! [`Wip`] is what a module keeps: the stack, its bearers, eight sockets of each kind, and which of them the
//! equipment's bytes go to. It takes [commands](Wip::command), bytes of the equipment and [`Event`]s of the
//! sockets, and does things through [`Out`]. It knows neither sockets nor clocks nor lines of text: a modem
//! embeds it, a driver has the sockets.
//!
//! What these commands do is documented by the makers only in part. What rests on clients or memory is a
//! fact of [`Rules`].
//!
//! ```
//! use at::body::{Command, Reading, commands};
//! use clock::Instant;
//! use wip::{Answer, Out, Rules, Wip};
//!
//! struct Nobody;
//! impl Out for Nobody {
//!     fn act(&mut self, _: wip::Action<'_>) {}
//!     fn indicate(&mut self, _: wip::Indication) {}
//!     fn finish(&mut self, _: Answer) {}
//!     fn data(&mut self, _: &[u8]) {}
//!     fn shutdown(&mut self) {}
//!     fn abort(&mut self, _: wip::Code) {}
//!     fn done(&mut self) {}
//!     fn ended(&mut self, _: &'static str) {}
//!     fn keep(&mut self, _: wip::Memory, _: &str) {}
//! }
//!
//! let mut wip = Wip::new(Rules::default());
//! let typed = commands(b"+WIPCFG=1", Reading::Lenient).next();
//! let Some(Ok(Command::Extended { name, act })) = typed else { panic!() };
//! let answer = wip.command(Instant::ORIGIN, &name, &act, &mut Nobody);
//! assert_eq!(answer, Some(Answer::Ok(vec![])));
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod limits;
pub mod stuffing;

mod bearer;
mod channel;
mod code;
mod command;
mod create;
mod data;
mod edsoft;
mod event;
mod machine;
mod memory;
mod option;
mod ping;
mod radio;
mod rules;
mod service;
mod socket;
mod stack;

pub use ::services::Method;
pub use channel::{Channel, Protocol};
pub use code::Code;
pub use event::{Action, Addresses, Answer, Event, Failure, Indication, Out, Ping, Setting};
pub use machine::Wip;
pub use memory::Memory;
pub use radio::Radio;
pub use rules::{
    BearerLost, Bearers, ConnectError, Dialect, Gathering, MailDate, PeerClose, Quoted, Rules,
    Services, SessionClose, Shutdown, StackDown, Transport,
};
