//! What a call travels on: raw TCP and telnet, dialled and answered.
//!
//! A [`Call`] is one established call, a duplex byte stream with signals. [`dial`] makes one to an
//! [`Address`], a [`Listener`] brings [`Caller`]s that can be answered. [`pump`] joins a call, or
//! anything else that is [`Duplex`], to another stream. An [`AccessList`] says who may be called;
//! [`cause_of`] turns the system's errors into the causes that a modem reports. [`trace`],
//! [`Faulty`] and [`Throttled`] wrap a stream to look at it, to break it, and to slow it down.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use carrier::{AccessList, CallOptions, ListenOptions, Listener, Received};
//!
//! let options = CallOptions::default();
//! let mut listener = Listener::tcp("127.0.0.1:0".parse()?, &ListenOptions::default())?;
//! let address = format!("tcp://{}", listener.local()).parse()?;
//!
//! let mut out = carrier::dial(&address, &options, &AccessList::allow_all()).await?;
//! let mut answered = listener.accept().await?.answer(&options)?;
//! out.send(b"hello").await?;
//! let mut buf = [0; 64];
//! assert_eq!(answered.receive(&mut buf).await?, Received::Data(5));
//! # Ok(())
//! # }
//! ```

mod access;
mod address;
mod call;
mod caller;
mod cause;
mod coded;
mod dial;
mod dial_error;
mod duplex;
mod fault;
mod hearing;
mod hosts;
pub mod limits;
mod listener;
mod lookup;
mod now;
mod options;
mod pump;
mod queue;
pub mod scratch;
mod security;
mod socket;
#[cfg(feature = "ssh")]
pub mod ssh;
#[cfg(not(feature = "ssh"))]
#[path = "no_ssh.rs"]
mod ssh;
mod tally;
mod throttle;
mod timer;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
pub mod trace;
mod trunks;
mod wire;
mod words;

pub use access::{AccessError, AccessList, Denied, Permission, Rule, TooManyRules};
pub use address::{
    Address, AddressError, Host, Protocol, SSH_PORT, TELNET_PORT, TELNETS_PORT, without_password,
};
pub use call::{Call, Counts, Lent, Received, TelnetFailed};
pub use caller::{Ahead, Caller, CallerStream, Greeting, Knock};
pub use cause::{cause_of, cause_of_end};
pub use dial::{Route, dial, dial_first};
pub use dial_error::DialError;
pub use duplex::Duplex;
pub use fault::{Between, Faults, Faulty};
pub use hearing::Hearing;
pub use hosts::{Login, NoSuchPolicy, SshClient, UnknownHosts};
pub use listener::{ListenError, ListenOptions, Listener, V6};
pub use lookup::lookup_v4;
pub use now::{clock_now, timer_at};
pub use options::CallOptions;
pub use pump::{End, Ending, Pumped, Until, pump};
pub use queue::Queue;
pub use security::{
    Certificate, ClientCertificates, Credentials, Fingerprint, NoFingerprint, Standing, TlsBroken,
    TlsClient, TlsFailure, TlsIdentity, TlsServer, TlsSetupError, Verify,
};
pub use socket::{Keepalive, SocketOptions};
pub use ssh::SshFailure;
pub use tally::{Sum, Tally};
pub use throttle::{Bucket, Throttled};
pub use timer::{Timer, due};
pub use tls::Door as TlsDoor;
pub use trunks::{Asking, Dialling, Trunks};
pub use wire::Peer;
pub use words::{WordsError, words};
