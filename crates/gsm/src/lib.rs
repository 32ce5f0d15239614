//! The driver of a real GSM module: what is said to it so that a call goes over its network.
//!
//! A [`Module`] finds out what is on the port, brings it up (PIN, network, data session), opens connections,
//! passes their data in the module's own way, watches it, and brings it back when it has got lost. It has no
//! port and no clock: the driver gives it [`Input`] and does what it tells [`Output`].
//!
//! ```text
//!  Start                                                     Dial           HangUp
//!    │ wake ─► identify ─► card ─► network ─► session ─► Ready ─► open ─► Connected ─► close ─┐
//!    └──◄── escape, DTR, reset, power: whenever it falls silent        ▲                     │
//!                                                              └───────┴────── Ready ◄───────┘
//! ```
//!
//! What differs between makers is data: one [`Dialect`] in a file of its own.
//!
//! ```
//! use clock::Instant;
//! use gsm::{Event, Input, Level, Module, Order, Output, Setup};
//!
//! #[derive(Default)]
//! struct Port(Vec<u8>, Vec<Event>);
//! impl Output for Port {
//!     fn send(&mut self, bytes: &[u8]) { self.0.extend(bytes) }
//!     fn data(&mut self, _: &[u8]) {}
//!     fn dtr(&mut self, _: Level) {}
//!     fn event(&mut self, event: Event) { self.1.push(event) }
//! }
//!
//! let (mut module, mut port) = (Module::new(Setup::default()), Port::default());
//! module.input(Instant::ORIGIN, Input::Order(Order::Start), &mut port);
//! while !port.0.ends_with(b"\r") {
//!     let due = module.deadline().unwrap();
//!     module.input(due, Input::Timeout, &mut port);
//! }
//! // An ETX first, which ends our half of a call that it may still have.
//! assert_eq!(port.0, b"\x03ATE0V1Q0\r");
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod callers;
mod chat;
pub mod dialect;
mod ear;
pub mod limits;
mod message;
mod module;
mod passing;
mod reason;
mod script;
mod setup;
mod status;
mod told;

use std::net::SocketAddr;

pub use at::question::{Question, Told};
pub use dialect::{Dialect, Knock, Link, Target};
pub use message::Message;
pub use module::Module;
pub use reason::{Reason, Refusal};
pub use script::{Ask, Step, ask};
pub use setup::{Flow, Hidden, Messages, Roaming, Session, Setup};
pub use status::{Registration, Status};
pub use wip::Shutdown;

/// What the machine is told.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The module says this.
    Bytes(&'a [u8]),
    /// These are for the far end, while [`Module::wants_data`].
    Data(&'a [u8]),
    /// The time of [`Module::deadline`] has come.
    Timeout,
    /// The owner wants this.
    Order(Order),
    /// Everything that was said has left, while [`Module::awaits_drain`].
    Drained,
    /// DCD is like this now, where the port has it.
    Carrier(Level),
    /// Whoever takes the call's data has room for them, or none.
    Room(Room),
}

/// What a module is wanted to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// To come up, whatever it was before.
    Start,
    /// To come up anew, whatever it does now.
    Restart(By),
    /// To come up: its power, for which [`Event::Power`] asked, is on again.
    Powered,
    /// To call.
    Dial(Target),
    /// To take the call of [`Event::Caller`].
    Answer,
    /// To hold this PIN for one that was said in vain so often: before a restart.
    Tried(u8),
    /// To finish our half of the connection, where it has halves.
    Finish,
    /// To end the call.
    HangUp,
    /// To tell how it stands.
    Look,
    /// To answer this: afresh if it has nothing else to do, otherwise as it did last. [`Event::Told`] comes at
    /// once or within seconds.
    Ask(Question),
    /// To end the data session, before it is left.
    Stop,
}

/// What starts a module anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// DTR, off for a second.
    Dtr,
    /// Its power: [`Event::Power`] comes at once.
    Power,
}

/// Whether whoever takes a call's data has room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Some.
    #[default]
    Some,
    /// None: what can wait in the module waits there.
    None,
}

/// The two states of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is given.
    On,
    /// It isn't.
    Off,
}

/// What the machine has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It can be dialled with.
    Ready,
    /// It can't be used. It goes on trying, unless the reason is final: then only a new start helps.
    Trouble(Reason),
    /// Somebody calls, from this address if that is known: [`Order::Answer`], or [`Order::HangUp`].
    Caller(Option<SocketAddr>),
    /// He has left again.
    CallerGone,
    /// The call is up.
    Connected,
    /// What was dialled came to nothing.
    NoCall(Reason),
    /// Nothing more comes from the far end.
    Ended(Reason),
    /// The PIN is about to be said for the n-th time, or was refused: keep that over a restart, since the
    /// third time in vain locks the card. Nothing is said before the machine is told something new.
    PinSaid(u8),
    /// The card has taken the PIN.
    PinTaken,
    /// It was looked at: see [`Module::status`].
    Status,
    /// What came of [`Order::Ask`].
    Told(Question, Told),
    /// A message came.
    Message(Message),
    /// It is silent whatever is said: only its power is left to try. [`Order::Powered`] tells when that is done; without,
    /// it has its time to come up from now on.
    Power,
    /// It has ended its session.
    Stopped,
}

/// What passes on the port, for a log. Secrets aren't in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note<'a> {
    /// We say this.
    Says(&'a str),
    /// The module says this.
    Hears(&'a str),
}

/// Who does what the machine says.
pub trait Output {
    /// Sends bytes to the module.
    fn send(&mut self, bytes: &[u8]);
    /// Forgets what was to be sent and hasn't left: the module that was to hear it has got lost.
    fn forget(&mut self) {}
    /// Passes bytes from the far end on.
    fn data(&mut self, bytes: &[u8]);
    /// Sets DTR, if the port has it.
    fn dtr(&mut self, level: Level);
    /// Hears what happened.
    fn event(&mut self, event: Event);
    /// Hears what is said; for a log.
    fn note(&mut self, note: Note<'_>) {
        let _ = note;
    }
}
