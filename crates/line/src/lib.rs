//! Running lines: a modem with its DTE end, its phonebook and its calls.
//!
//! A line is one task. It waits for bytes and signals at the DTE end, for news of its call and for
//! callers; feeds them to the pure [`modem::Modem`]; and does what that says: dials through the
//! [`Phonebook`], answers, hangs up, drives circuits. While a call is online it reads into the thread's
//! scratch buffer and writes the same slice on; what one side won't take stops the reading of the other.
//!
//! Start with [`Switchboard`], which starts and stops lines and holds what they share, and
//! [`LineConfig`], the `[[line]]` table of a configuration.
#![forbid(unsafe_code)]

mod access;
#[cfg(feature = "gsm")]
mod behind;
mod circuit;
pub mod config;
mod configured;
mod crossing;
mod doors;
mod driver;
mod end;
#[cfg(feature = "configuration")]
mod gate;
#[cfg(not(feature = "configuration"))]
#[path = "no_gate.rs"]
mod gate;
mod hands;
mod hunt;
mod identity;
mod incoming;
mod init;
#[cfg(feature = "configuration")]
mod inside;
#[cfg(not(feature = "configuration"))]
#[path = "no_inside.rs"]
mod inside;
mod keeping;
pub mod limits;
mod mailbox;
#[cfg(feature = "gsm")]
mod messages;
#[cfg(feature = "gsm")]
mod module;
#[cfg(feature = "wip")]
mod net;
#[cfg(not(feature = "wip"))]
#[path = "no_net.rs"]
mod net;
mod outbox;
mod pending;
mod persona;
mod phonebook;
mod placing;
mod profile;
mod record;
mod routing;
mod shared;
mod slot;
mod ssh;
mod storing;
mod switchboard;
mod ticket;
mod tls;
mod tracer;
mod via;
mod wires;

pub use access::Access;
pub use config::LineConfig;
pub use gate::Gate;
pub use hunt::{HuntConfig, WhenBusy};
pub use init::{InitError, persona_of};
#[cfg(feature = "configuration")]
pub use inside::Answering;
pub use keeping::{Kept, NotKept, OpenRecord, RecordKeeper, TurnedAway};
#[cfg(feature = "gsm")]
pub use module::{ModuleConfig, ModuleError};
pub use persona::{PersonaError, Personas};
pub use phonebook::{Entry, EntryError, Found, Listing, Phonebook};
pub use record::{CallNow, CallRecord, Direction, Service, Status};
pub use routing::{Route, route};
pub use ssh::SshSettings;
pub use switchboard::{Line, StartError, Switchboard};
pub use tls::TlsSettings;
pub use via::Via;
