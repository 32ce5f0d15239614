//! Where equipment and programs plug in: serial ports, pseudo-terminals, programs and the operator's
//! own terminal, as non-blocking byte streams with the signals that belong to them.
//!
//! - [`PtyEnd`] is a modem's end of a pseudo-terminal: another program opens the other end as if it
//!   were a serial port, and its opening, closing, speed and B0 are seen here.
//! - [`Serial`] is a real port: locked, at any speed, with modem lines, BREAK and loss.
//! - [`Program`] starts an account's program on a pseudo-terminal or on clean pipes.
//! - [`RawTerminal`] and [`Stdio`] are standard input and output of this process.
//!
//! Start with [`PtyEnd`]. Everything is polled inside a tokio runtime; nothing blocks.
//!
//! ```
//! use std::{future::poll_fn, io::Write as _};
//! use tty::{OpenWatch, PtyEnd, PtyEvent, PtyOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let watch = OpenWatch::new()?;
//! let mut end = PtyEnd::open(PtyOptions::default(), &watch)?;
//! let mut client = std::fs::OpenOptions::new().read(true).write(true).open(end.slave())?;
//! client.write_all(b"ATZ\r")?;
//!
//! let mut buf = [0; 4096];
//! assert_eq!(poll_fn(|cx| end.poll_event(cx, &mut buf)).await?, PtyEvent::Opened);
//! assert_eq!(poll_fn(|cx| end.poll_event(cx, &mut buf)).await?, PtyEvent::Data(4));
//! assert_eq!(&buf[..4], b"ATZ\r");
//! # Ok(())
//! # }
//! ```

mod alarm;
mod ferry;
mod inq;
#[cfg(feature = "launcher")]
pub mod launcher;
mod limits;
mod program;
mod pty;
mod raw;
mod round_trip;
mod segment;
mod serial;
mod settings;
mod stdio;
mod terminal;
mod watch;

pub use alarm::Alarm;
pub use ferry::{Ferry, Landed, Landing, Sieve, Sifted};
pub use inq::{Rest, receive, tell_rest};
pub use program::{
    Child, ErrorOutput, Grace, Limit, On, Privileges, Program, ProgramIo, PtyMode, Running,
    SpawnError, User, UserError, WindowSize,
};
pub use pty::{Berth, ClientSettings, Lease, PtyEnd, PtyError, PtyEvent, PtyOptions};
pub use raw::{give_back_memory, join_freed_memory};
pub use round_trip::round_trip;
pub use rustix::process::{Resource, Signal};
pub use segment::{limit_segment, segment};
pub use serial::{
    Counts, LockPolicy, ModemLines, Queue, Rs485, RtsLevel, Serial, SerialError, SerialEvent,
};
pub use settings::{
    CarrierLoss, DataBits, Flow, Format, FormatError, OnClose, Parity, Settings, StopBits,
};
pub use stdio::Stdio;
pub use terminal::{RawTerminal, Resizes, terminal_size};
pub use watch::OpenWatch;
