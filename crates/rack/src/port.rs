//! Getting a modem's port, and lending it to other programs.

use std::future::poll_fn;
use std::time::Duration;

use tokio::time::sleep;
use tty::{Serial, SerialError};

use crate::config::{LockConfig, ModemConfig};
use crate::limits;

/// Why the port can't be had now; for the log.
pub(crate) enum NoPort {
    /// Another program has it.
    Lent(String),
    /// It isn't there, or can't be used.
    Absent(String),
}

impl From<SerialError> for NoPort {
    fn from(error: SerialError) -> Self {
        match error {
            SerialError::InUse { .. } => Self::Lent(error.to_string()),
            _ => Self::Absent(error.to_string()),
        }
    }
}

/// Opens the port for this program alone.
pub(crate) fn open(config: &ModemConfig) -> Result<Serial, NoPort> {
    Ok(Serial::open(&config.device, &config.settings(), &config.lock_policy())?)
}

/// What ended the quiet of an idle port.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stir {
    /// Something can be read.
    Readable,
    /// Another program has taken the port.
    Lent,
}

/// Waits at an idle port that is shared until it is not quiet any more.
pub(crate) async fn quiet(serial: &mut Serial, lock: LockConfig) -> Stir {
    loop {
        let look = async {
            match lock {
                LockConfig::Shared => sleep(limits::LOCK_LOOK).await,
                LockConfig::Held | LockConfig::Kernel => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error is for who reads to find.
            _ = poll_fn(|cx| serial.poll_readable(cx)) => return Stir::Readable,
            () = look => if serial.user().is_some() { return Stir::Lent },
        }
    }
}

/// Pauses that grow from one attempt to the next.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(limits::RETRY_FIRST)
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(limits::RETRY_LAST);
        pause
    }
}
