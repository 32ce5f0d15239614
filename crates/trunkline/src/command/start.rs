//! What `run`, `modem` and `answer` have in common: starting an instance and keeping it.

use super::Failure;
use crate::cli::{Exit, LOG, Matches, Usage};
use crate::instance::{Instance, Orders, Plan, serve};
use crate::launcher;
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

/// Where orders come from, and until when all of it runs.
#[derive(Default)]
pub(super) struct Keep {
    /// The configuration that a reload reads.
    #[cfg(feature = "configuration")]
    pub(super) file: Option<std::path::PathBuf>,
    /// The control socket.
    #[cfg(feature = "configuration")]
    pub(super) socket: Option<std::path::PathBuf>,
    /// A line with whose end everything ends.
    pub(super) until: Option<String>,
}

impl Keep {
    /// Opens what orders come through. It comes before anything else is opened: a second instance must not
    /// lay hands on what the first one has.
    #[cfg(feature = "configuration")]
    fn orders(&self) -> Result<Orders, Failure> {
        let socket = self.socket.clone().map(crate::control::Socket::claim).transpose();
        let socket = socket.map_err(|error| Failure::Other(error.to_string()))?;
        Ok(Orders::new(self.file.clone(), socket))
    }

    #[cfg(feature = "configuration")]
    fn file(&self) -> Option<&std::path::Path> {
        self.file.as_deref()
    }

    #[cfg(not(feature = "configuration"))]
    fn file(&self) -> Option<&std::path::Path> {
        None
    }

    #[cfg(not(feature = "configuration"))]
    fn orders(&self) -> Result<Orders, Failure> {
        Ok(Orders)
    }
}

/// Starts `plan`, calls `started`, and keeps it running until it is told to end.
pub(super) fn start(plan: Plan, keep: Keep, started: impl FnOnce()) -> Result<Exit, Failure> {
    runtime::raise_file_limit();
    let threads = threads(&plan);
    let mut launcher = launcher::begin(&plan, keep.file()).map_err(failed)?;
    let run = async {
        let orders = keep.orders()?;
        #[cfg(feature = "exchange")]
        let (exchange, terminals) = privileged(&plan);
        let hand = match &mut launcher {
            Some(begun) => begun.connect().map_err(failed)?,
            None => None,
        };
        let instance = Instance::start(plan, hand).map_err(failed)?;
        #[cfg(feature = "exchange")]
        if let Some(exchange) = exchange {
            crate::privileges::give_up(&exchange, &terminals).map_err(failed)?;
        }
        started();
        Ok(serve(instance, orders, keep.until).await)
    };
    let outcome = runtime::run(threads, run);
    if let Some(begun) = launcher {
        begun.end();
    }
    outcome.map_err(|error| Failure::Other(format!("can't start: {error}")))?
}

fn failed(error: impl std::error::Error + 'static) -> Failure {
    Failure::Other(crate::failure::chain(&error))
}

/// What says whom the process is to become, and what he needs besides open descriptors.
#[cfg(feature = "exchange")]
fn privileged(plan: &Plan) -> (Option<exchange::ExchangeConfig>, Vec<std::path::PathBuf>) {
    let exchange = plan.answering.as_ref().map(|answering| answering.exchange.clone());
    let links = plan.lines.iter().filter_map(|line| Some(line.pty.as_ref()?.link.clone()));
    (exchange, links.collect())
}

/// Calls from which more than one processor is of use; below, one is faster than two that talk to each other.
#[cfg(feature = "exchange")]
const MANY_CALLS: u32 = 256;

#[cfg(feature = "exchange")]
fn threads(plan: &Plan) -> Threads {
    let many = plan
        .answering
        .as_ref()
        .is_some_and(|answering| answering.exchange.limits.calls > MANY_CALLS);
    if many { Threads::Processors } else { Threads::One }
}

#[cfg(not(feature = "exchange"))]
fn threads(_: &Plan) -> Threads {
    Threads::One
}
