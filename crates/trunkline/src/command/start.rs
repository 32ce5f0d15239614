//! What `run`, `modem` and `answer` have in common: starting an instance and keeping it.

use std::path::PathBuf;

use super::Failure;
use crate::cli::{Exit, LOG, Matches, Usage};
use crate::config::Config;
use crate::control::Socket;
use crate::instance::{Instance, Keep, serve};
use crate::log::Filter;
use crate::runtime::{self, Threads};

/// What the command line, or the environment, says about the log.
///
/// # Errors
/// `--log` says no level.
pub(super) fn log_filter(matches: &Matches) -> Result<Option<Filter>, Usage> {
    if let Some(filter) = matches.parse(&LOG)? {
        return Ok(Some(filter));
    }
    let named = std::env::var("TRUNKLINE_LOG").ok().filter(|text| !text.is_empty());
    named
        .map(|text| text.parse().map_err(|error| matches.wrong(format!("TRUNKLINE_LOG: {error}"))))
        .transpose()
}

/// Starts what `config` describes, tells `started` about it, and keeps it running until it is told to end.
pub(super) fn start(
    config: Config,
    socket: Option<PathBuf>,
    mut keep: Keep,
    started: impl FnOnce(&Instance),
) -> Result<Exit, Failure> {
    runtime::raise_file_limit();
    let threads = threads(&config);
    let run = async {
        // Before anything else is opened: a second instance must not lay hands on what the first one has.
        let socket = socket
            .map(Socket::claim)
            .transpose()
            .map_err(|error| Failure::Other(error.to_string()))?;
        let instance = Instance::start(config)
            .map_err(|error| Failure::Other(crate::failure::chain(&error)))?;
        keep.control = socket.map(|socket| {
            tracing::info!("taking orders at {}", socket.path().display());
            socket.serve(&instance)
        });
        started(&instance);
        Ok(serve(instance, keep).await)
    };
    runtime::run(threads, run).map_err(|error| Failure::Other(format!("can't start: {error}")))?
}

/// Calls from which more than one processor is of use; below, one is faster than two that talk to each other.
#[cfg(feature = "exchange")]
const MANY_CALLS: u32 = 256;

#[cfg(feature = "exchange")]
fn threads(config: &Config) -> Threads {
    let many = config
        .answering
        .as_ref()
        .is_some_and(|answering| answering.exchange.limits.calls > MANY_CALLS);
    if many { Threads::Processors } else { Threads::One }
}

#[cfg(not(feature = "exchange"))]
fn threads(_: &Config) -> Threads {
    Threads::One
}
