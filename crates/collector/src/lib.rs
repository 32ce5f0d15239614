//! Sites at the centre: their devices are asked over their calls, and what they say is kept.
//!
//! A [`Collector`] attends to the calls of accounts whose service is `collector`. While a site is on the line its
//! devices are polled by plan, and whoever asks something of it (an operator, a program, a SCADA through a facade) is
//! served before the next poll. What can't be asked now can wait for its next call. Tables of the configuration are
//! [`SiteConfig`] and [`FacadeConfig`]; start with [`Collector::new`].
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod alarms;
mod ask;
mod collector;
mod config;
mod facade;
mod gauge;
mod hook;
mod keeping;
mod ledger;
pub mod limits;
mod list;
mod listen;
mod mail;
mod orders;
mod owed;
mod plan;
mod point;
mod quantity;
mod renewal;
mod round;
mod session;
mod site;
mod station;
mod terms;
#[cfg(test)]
mod tests;
mod text;
mod tidings;
mod told;
mod trace;
mod watch;
mod wishes;

pub use ask::{Ask, BadAsk, Target};
pub use collector::{
    Answer, CallError, Collector, Doubt, Order, OrderError, Surroundings, Told, When, WithdrawError,
};
pub use config::{
    CollectorConfig, ConfigFault, FacadeConfig, Framing, MailConfig, Shelf, SiteConfig, Writes,
};
pub use facade::{Facade, FacadeError};
pub use list::ListError;
pub use point::{PointConfig, PointFault};
pub use renewal::StationNow;
pub use site::{PointAbout, Site, SiteStatus, Standing};
pub use trace::{Passed, Traced};
