//! The answering side: listeners, login, accounts and the programs behind them.
//!
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod account;
mod config;
pub mod limits;
mod password;
mod secret;
pub mod session;
mod span;
mod terminal;

pub use account::{AccountError, AccountFault, Accounts};
pub use config::{
    AccountConfig, Echo, ExchangeConfig, HangUpConfig, Kind, LimitsConfig, ListenConfig,
    LoginConfig, On, OnBreak, OnSecond, Parity, Profile, RootPrograms,
};
pub use password::{PasswordError, hash_password};
pub use secret::{Secret, SecretError, SecretRef};
pub use span::Span;
