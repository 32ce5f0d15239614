//! Real GSM modules on serial ports, behind the one-line dial: `ATDT10.0.0.7:8023` on a line becomes the
//! commands of a module.
//!
//! [`Modules`] has a task for each [`GsmConfig`]. The task keeps its module set up and watched, and dials for
//! lines of this process: it is their [`carrier::Trunks`] for `gsm:NAME/HOST:PORT`. A call is a [`carrier::Call`]
//! like any other. What is said to a module is decided in the crate `gsm`; here are its port and its time.
//!
//! ```no_run
//! # async fn run(config: translator::GsmConfig) {
//! let modules = translator::Modules::default();
//! modules.apply(vec![config]).await;
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod call;
mod config;
mod desk;
mod door;
mod duty;
pub mod limits;
mod modules;
mod power;
mod questions;
mod shown;
mod task;
mod tries;
mod wake;

pub use gsm;

pub use config::{
    FlowConfig, GsmConfig, LockConfig, Power, RoamingConfig, SessionConfig, ShutdownConfig,
};
pub use desk::{Desk, Heard};
pub use door::{Bell, ListenConfig, Port, Visitor};
pub use modules::Modules;
pub use shown::{LastCall, Outcome, Status};
pub use tries::Tries;
pub use wake::{Alarm, Sleeper, WakeConfig, Woken};
