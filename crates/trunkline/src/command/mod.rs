//! Every command: its name, its flags and its help beside what it does.

#[cfg(feature = "exchange")]
mod account;
#[cfg(feature = "exchange")]
mod answer;
mod calls;
mod check;
mod dial;
mod hangup;
mod lines;
mod modem;
mod personas;
mod reload;
mod run;
mod start;
mod trace;
#[cfg(feature = "exchange")]
mod trial;

use crate::cli::{Command, Exit, Usage};
use crate::control::ClientError;
use crate::failure::complain;

/// The table that the command line is read by.
pub(crate) static COMMANDS: &[Command] = &[
    run::COMMAND,
    modem::COMMAND,
    #[cfg(feature = "exchange")]
    answer::COMMAND,
    dial::COMMAND,
    check::COMMAND,
    #[cfg(feature = "exchange")]
    account::COMMAND,
    personas::COMMAND,
    lines::COMMAND,
    calls::COMMAND,
    hangup::COMMAND,
    trace::COMMAND,
    reload::COMMAND,
];

/// Why a command did not do what it should.
enum Failure {
    /// The command line is wrong.
    Usage(Usage),
    /// The configuration is wrong; the text shows where.
    Configuration(String),
    /// Something else; the text says what.
    Other(String),
}

impl From<Usage> for Failure {
    fn from(usage: Usage) -> Self {
        Self::Usage(usage)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Turns the outcome of a command into its exit status, with the reason on standard error.
fn exit(outcome: Result<Exit, Failure>) -> Exit {
    match outcome {
        Ok(exit) => exit,
        Err(Failure::Usage(usage)) => crate::misused(&usage),
        Err(Failure::Configuration(shown)) => {
            eprint!("{shown}");
            Exit::Misused
        }
        Err(Failure::Other(message)) => {
            complain(&message);
            Exit::Failed
        }
    }
}
