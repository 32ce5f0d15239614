//! The language between a station and the centre, without I/O.
//!
//! Once a call is up and its login is over, a [`Station`] runs at one end and a [`Centre`] at the other. They probe
//! the path ([`armour::channel::Probe`]), greet each other, and then the station uploads what it has stored, in
//! batches that the centre acknowledges once they are durable, and answers what the centre asks of its units.
//!
//! A sample is known by its station's [`StoreId`] and its number there. Everything may be said twice, and whatever
//! was acknowledged is never said again, so that nothing is lost and nothing counted twice, whoever dies when.
//!
//! ```
//! use clock::Instant;
//! use telemetry::{Cause, Hello, Outbox, Station, Stay, StoreId};
//!
//! let hello = Hello::new("pump-house", StoreId([7; 16]), Cause::Schedule);
//! let mut out = Outbox::default();
//! let station = Station::start(Instant::ORIGIN, hello, Stay::default(), &mut out);
//! assert!(out.bytes.starts_with(b"\r\nTLP BEGIN\r\n"), "first of all, the path is probed");
//! assert!(station.deadline().is_some());
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod asks;
mod batch;
mod centre;
mod crc;
mod describe;
mod desk;
pub mod limits;
mod message;
mod outbox;
mod path;
mod renewal;
mod sample;
mod station;
mod status;
mod upload;
mod wire;

pub use centre::{AskFailed, Centre, CentreAction, Full, Ticket};
pub use describe::{Described, Description};
pub use message::{Cause, Hello, Mark, Message};
pub use outbox::Outbox;
pub use sample::{Definition, PointId, Quality, Reason, Received, Sample, Stamp, StoreId, Value};
pub use station::{Station, StationAction, Stay};
pub use status::{ClockNews, Status};
pub use wire::BadMessage;

use thiserror::Error;

/// Where a machine's doings go.
pub trait Output<Action> {
    /// Bytes for the call.
    fn send(&mut self, bytes: &[u8]);

    /// Something that isn't said, but done.
    fn act(&mut self, action: Action);
}

/// Why a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum End {
    /// Everything was said.
    #[error("everything was said")]
    Done,
    /// The far end doesn't speak this language, or the path bears nothing.
    #[error("the far end doesn't answer the probe of the path")]
    NoProbe,
    /// The far end has fallen silent.
    #[error("the far end has fallen silent")]
    Silent,
    /// The far end said what makes no sense here.
    #[error("the far end broke the rules: {0}")]
    Nonsense(&'static str),
    /// The centre refuses the station.
    #[error("refused: {0}")]
    Refused(String),
    /// The centre has samples that this store doesn't know: it must begin a new life as another store.
    #[error("the centre knows later samples of this store than the store itself")]
    Outgrown,
}
