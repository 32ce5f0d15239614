//! Every command: its name, its flags and its help beside what it does.

#[cfg(feature = "exchange")]
mod account;
#[cfg(feature = "exchange")]
mod answer;
#[cfg(feature = "modbus")]
mod armour;
#[cfg(feature = "exchange")]
mod audit;
#[cfg(feature = "configuration")]
mod busyout;
#[cfg(feature = "configuration")]
mod calls;
#[cfg(feature = "configuration")]
mod check;
mod dial;
#[cfg(feature = "translator")]
mod gsm;
#[cfg(feature = "configuration")]
mod hangup;
#[cfg(feature = "configuration")]
mod lines;
#[cfg(feature = "modbus")]
mod modbus;
mod modem;
#[cfg(any(feature = "modems", feature = "translator"))]
mod modems;
#[cfg(feature = "web")]
mod operator;
#[cfg(feature = "configuration")]
mod personas;
#[cfg(feature = "configuration")]
mod progress;
#[cfg(feature = "configuration")]
mod reload;
#[cfg(feature = "configuration")]
mod run;
#[cfg(feature = "collector")]
mod samples;
#[cfg(feature = "collector")]
mod site;
mod start;
#[cfg(feature = "station")]
mod station;
#[cfg(feature = "web")]
mod top;
#[cfg(feature = "configuration")]
mod trace;
#[cfg(feature = "exchange")]
mod trial;

use crate::cli::{Command, Exit, Usage};
#[cfg(feature = "configuration")]
use crate::control::ClientError;
use crate::failure::complain;

/// The table that the command line is read by.
pub(crate) static COMMANDS: &[Command] = &[
    #[cfg(feature = "configuration")]
    run::COMMAND,
    modem::COMMAND,
    #[cfg(feature = "exchange")]
    answer::COMMAND,
    dial::COMMAND,
    #[cfg(feature = "station")]
    station::COMMAND,
    #[cfg(feature = "configuration")]
    check::COMMAND,
    #[cfg(feature = "exchange")]
    account::COMMAND,
    #[cfg(feature = "exchange")]
    audit::COMMAND,
    #[cfg(feature = "web")]
    operator::COMMAND,
    #[cfg(feature = "configuration")]
    personas::COMMAND,
    #[cfg(feature = "configuration")]
    lines::COMMAND,
    #[cfg(feature = "configuration")]
    calls::COMMAND,
    #[cfg(any(feature = "modems", feature = "translator"))]
    modems::COMMAND,
    #[cfg(feature = "translator")]
    gsm::COMMAND,
    #[cfg(feature = "modbus")]
    modbus::COMMAND,
    #[cfg(feature = "collector")]
    site::SITES,
    #[cfg(feature = "collector")]
    samples::COMMAND,
    #[cfg(feature = "collector")]
    site::READ,
    #[cfg(feature = "collector")]
    site::WRITE,
    #[cfg(feature = "collector")]
    site::CONFIGURE,
    #[cfg(feature = "modbus")]
    armour::ENCODE,
    #[cfg(feature = "modbus")]
    armour::DECODE,
    #[cfg(feature = "configuration")]
    hangup::COMMAND,
    #[cfg(feature = "configuration")]
    busyout::COMMAND,
    #[cfg(feature = "configuration")]
    trace::COMMAND,
    #[cfg(feature = "web")]
    top::COMMAND,
    #[cfg(feature = "configuration")]
    reload::COMMAND,
];

/// Why a command did not do what it should.
enum Failure {
    /// The command line is wrong.
    Usage(Usage),
    /// The configuration is wrong; the text shows where.
    #[cfg(feature = "configuration")]
    Configuration(String),
    /// Something else; the text says what.
    Other(String),
}

impl From<Usage> for Failure {
    fn from(usage: Usage) -> Self {
        Self::Usage(usage)
    }
}

#[cfg(feature = "configuration")]
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
        #[cfg(feature = "configuration")]
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
