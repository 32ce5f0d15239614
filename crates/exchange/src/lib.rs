//! The answering side: listeners, login, accounts and the programs behind them.
//!
//! An [`Exchange`] takes calls from its listeners, or from elsewhere through
//! [`Exchange::take_call`]. Each call is one task: it greets the caller, asks for name and password
//! ([`session`], a machine without sockets or clock), and joins him to his account's program on a
//! terminal or on clean pipes. Configuration tables are [`ExchangeConfig`] and [`AccountConfig`];
//! [`Accounts`] are checked tables with their passwords.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use exchange::{AccountConfig, Accounts, Exchange, ExchangeConfig};
//!
//! let config: ExchangeConfig = toml::from_str(r#"listen = [{ address = "127.0.0.1:0" }]"#)?;
//! let account: AccountConfig = toml::from_str(
//!     r#"
//!     name = "site-0042"
//!     password = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$ICKpX6wRDEQ7EU2aZoXAIQ"
//!     deny = "The contract has ended."
//!     "#,
//! )?;
//! let exchange = Exchange::start(&config, Accounts::new(&[account], "/etc".as_ref())?)?;
//!
//! let address = exchange.listeners()[0].to_string().parse()?;
//! let mut call = carrier::dial(&address, &Default::default(), &Default::default()).await?;
//! let mut prompt = [0; 64];
//! assert_eq!(call.receive(&mut prompt).await?, carrier::Received::Data(7));
//! assert_eq!(&prompt[..7], b"login: ");
//! exchange.shut_down(std::time::Duration::from_secs(1)).await;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod account;
mod admission;
mod attendant;
mod audit;
mod call;
mod callback;
mod com_port;
mod complaints;
mod config;
mod crowd;
mod debts;
mod doors;
mod environment;
mod exchange;
mod guard;
mod hex;
mod in_force;
mod launch;
pub mod limits;
mod listen;
mod login;
mod machine;
mod manners;
mod moment;
mod origin;
mod patience;
mod pump;
mod recipe;
mod records;
mod registry;
mod run;
mod service;
pub mod session;
mod shared;
mod source;
#[cfg(feature = "ssh")]
mod ssh;
#[cfg(not(feature = "ssh"))]
#[path = "no_ssh.rs"]
mod ssh;
mod terminal;
mod user;
mod verifier;
mod wait;

pub use account::{
    AccountError, AccountFault, Accounts, Fingerprint, NoFingerprint, NoSshKey, SshKey,
};
pub use admission::{Checked, Identified, Proof};
pub use attendant::{Attendant, Attending, Visit};
pub use audit::{Audit, AuditError, AuditFault, Event, Verified, verify as verify_audit};
pub use call::{CallEnd, CallId, CallRecord, CallStatus, NoCallId};
pub use callback::{Calling, Dialler};
pub use config::{
    AccountConfig, AskCertificates, AuditConfig, BuiltIn, CallbackConfig, CallbackLogin,
    ComPortWish, Echo, ExchangeConfig, HangUpConfig, Keep, KeptIn, Kind, LimitsConfig,
    ListenConfig, LockOutConfig, LoginConfig, Nice, NoKeep, NoSize, On, OnBreak, OnSecond, Parity,
    PasswordConfig, PenaltiesConfig, Privileges, ProcessConfig, Profile, RecordsConfig,
    RootPrograms, Size, Sources, SshCommands, SshConfig, Survive, TlsConfig, WhenFull,
};
pub use exchange::{Exchange, NotCalled, StartError};
pub use launch::{LaunchRules, needs_launcher};
pub use login::Told;
pub use machine::{MachineSecretError, Pepper, PepperError, machine_verifier, make_machine_secret};
pub use manners::{ListenerFault, TlsFault};
pub use origin::{Origin, Over};
pub use password::hash as hash_password;
pub use records::{Kept, NotKept, OpenRecord, RecordKeeper, Unheard};
pub use settings::{Secret, SecretError, SecretRef};
pub use user::trouble_with_users;
pub use verifier::PasswordError;
