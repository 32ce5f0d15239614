//! What operators see: the page, the JSON API, the metrics.
//!
//! This crate knows nobody of the house that it shows: whoever has lines and calls implements [`House`], and starts a
//! [`Server`] with it. The server has a thread of its own, so that somebody who looks never delays a byte of a call.
//! Who may look and who may act is [`Staff`]; the tables of the configuration are [`WebConfig`] and
//! [`OperatorConfig`].
//!
//! Inside, `routes` is the table of everything that can be asked, each with who may ask; `picture` is what all
//! answers are made from: the house as it was a second ago, with what has changed since when.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod api;
mod app;
mod asset;
mod config;
mod door;
mod guard;
mod house;
mod impatient;
pub mod limits;
mod login;
mod metrics;
mod moment;
mod page;
mod patience;
mod picture;
mod problem;
mod queue;
mod random;
mod routes;
mod select;
mod server;
mod session;
mod site;
mod staff;
mod trace;
mod visitor;

pub use config::{Fault, MetricsAccess, OperatorConfig, Role, TlsConfig, TokenConfig, WebConfig};
pub use house::{
    Busy, CallNow, CallOver, Deed, Direction, Ended, FailedLogin, Figures, GroupNow, GsmCall,
    GsmNow, House, LineNow, Listener, MemberKind, MemberNow, ModemNow, Refusal, Trace, TraceEntry,
    TraceWay, TraceWhat,
};
pub use moment::Moment;
pub use password::{PasswordError, hash as hash_password};
pub use server::{Secure, Securing, Server, Setup, StartError, Stream};
pub use site::{
    AlarmNow, Asking, Piece, PointNow, SampleNow, Samples, SiteAnswer, SiteNow, SiteTraced,
    SiteValue, SiteWish, Sites, StationNow, WishNow, Withdrawing,
};
pub use staff::{Staff, StaffError, StaffFault};
