//! The answering side: listeners, login, accounts and the programs behind them.
//!
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod account;
mod call;
mod complaints;
mod config;
mod crowd;
mod doors;
mod environment;
mod exchange;
pub mod limits;
mod listen;
mod login;
mod origin;
mod password;
mod patience;
mod pump;
mod registry;
mod secret;
mod service;
pub mod session;
mod source;
mod terminal;
mod user;
mod wait;

pub use account::{AccountError, AccountFault, Accounts};
pub use call::{CallEnd, CallId, CallRecord, CallStatus, NoCallId};
pub use config::{
    AccountConfig, Echo, ExchangeConfig, HangUpConfig, Kind, LimitsConfig, ListenConfig,
    LoginConfig, On, OnBreak, OnSecond, Parity, Profile, RootPrograms,
};
pub use exchange::{Exchange, StartError};
pub use origin::{Origin, Over};
pub use password::{PasswordError, hash_password};
pub use secret::{Secret, SecretError, SecretRef};
