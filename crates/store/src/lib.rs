//! What outlives the process: accounts, call records and what sites measure, in SQLite.
//!
//! A [`Store`] is one file. The instance that runs opens it with [`Store::open`]: it alone puts calls on
//! record, and it ends the records that a crash has left open. Everybody else, such as a command beside
//! the running instance, opens it with [`Store::visit`], and can list calls and change accounts.
//!
//! A call begins with [`Store::call_began`], which never waits: the [`Ticket`] says when the record is
//! kept, takes what happens during the call, and closes the record. One thread does all the writing,
//! many records in each transaction. Reading ([`Store::calls`], [`Store::accounts`]) waits for the disk.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use store::{CallBegan, CallEnded, Direction, Filter, Place, Settings, Store};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let store = Store::open(&folder.path().join("trunkline.db"), &Settings::default())?;
//! let mut ticket = store.call_began(CallBegan {
//!     number: "6921b0c4-17".into(),
//!     place: Place::Exchange,
//!     direction: Direction::In,
//!     line: "0.0.0.0:8023".into(),
//!     party: "192.0.2.7:40112".into(),
//!     over: "telnet".into(),
//!     rang: SystemTime::now(),
//! })?;
//! ticket.kept().await?; // on disk from here on, whatever happens
//! ticket.logged_in("site-0042", SystemTime::now());
//! ticket.end(CallEnded {
//!     cause: "program-ended".into(),
//!     words: "program ended".into(),
//!     ended: SystemTime::now(),
//!     lasted: Duration::from_secs(5),
//!     ..CallEnded::default()
//! });
//! store.settle(Duration::from_secs(5));
//! let call = store.calls(Filter::default())?.next().expect("a call")?;
//! assert_eq!(call.account.as_deref(), Some("site-0042"));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod account;
mod alarm;
mod call;
mod connection;
mod error;
mod learned;
pub mod limits;
mod list;
mod lock;
mod meter;
mod queue;
mod sample;
mod schema;
mod series;
mod settings;
mod store;
mod tally;
mod telling;
mod ticket;
mod time;
mod told;
mod wish;
mod writer;

pub use account::AccountRow;
pub use alarm::{AlarmRow, SiteCalls, SiteNews, SiteStation};
pub use call::{CallBegan, CallEnded, CallRow, Direction, Place, TurnedAway};
pub use error::{Fault, OpenError, Refused, StoreError};
pub use list::{Calls, Filter, Outcome};
pub use sample::{
    Bucket, KeptSample, SampleBatch, SampleRow, SampleValue, Stored, Storing, quality,
};
pub use series::Samples;
pub use settings::{Durability, Settings};
pub use store::Store;
pub use telling::{AlarmNews, Noted, TellingRow};
pub use ticket::{Keeping, Ticket};
pub use wish::{OpenWish, Sending, WishRow};
