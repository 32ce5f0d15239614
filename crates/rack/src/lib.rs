//! Real modems on serial ports: the telephone network as a carrier, and as a way to call in.
//!
//! A [`Rack`] has a task for each [`ModemConfig`]. The task keeps its modem initialised, shares the port with
//! other dialling programs while it is idle, as mgetty does, counts rings and answers, and dials for lines of
//! this process: the rack is their [`carrier::Trunks`]. A call is a [`carrier::Call`] like any other; when it is
//! over, the port goes home to its task, which hangs up and makes the modem ready again.
//!
//! What is said to a modem is decided in [`at::client`]; when a call is taken, in [`Bell`].
//!
//! ```no_run
//! # async fn run(config: rack::ModemConfig) {
//! use std::sync::Arc;
//!
//! let rack = rack::Rack::new(Arc::new(|call, answered: rack::Answered| {
//!     Box::pin(async move { println!("{} on {}: {call:?}", answered.caller.number, answered.modem) })
//! }));
//! rack.apply(vec![config], Vec::new()).await;
//! # }
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod bell;
mod config;
mod counted;
mod desk;
mod group;
pub mod limits;
mod modem;
mod port;
mod rack;
mod rules;
mod status;
mod stream;
mod tail;

pub use bell::{Bell, Verdict};
pub use config::{FlowConfig, LockConfig, LossConfig, ModemConfig, OnRing, Reserve};
pub use group::{Group, WhenBusy};
pub use rack::{Answer, Answered, Rack, RungBy};
pub use rules::{CallerRule, CallerRules};
pub use status::{Service, Status};
