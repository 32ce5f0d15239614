//! The ground on which an instance runs: tokio's runtime and the system's limits.

use std::future::Future;
use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

/// How many threads carry the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// One: lines and a few calls need no more, and no byte changes its processor.
    One,
    /// One for each processor: an exchange with many calls.
    #[cfg(feature = "exchange")]
    Processors,
}

/// Runs `future` to its end.
///
/// # Errors
/// The system gives no event queue or no threads.
pub(crate) fn run<F: Future>(threads: Threads, future: F) -> io::Result<F::Output> {
    tty::join_freed_memory();
    let runtime = build(threads)?;
    let output = runtime.block_on(future);
    // A name that is being looked up can't be stopped; it must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(output)
}

fn build(threads: Threads) -> io::Result<Runtime> {
    match threads {
        Threads::One => Builder::new_current_thread().enable_all().build(),
        #[cfg(feature = "exchange")]
        Threads::Processors => Builder::new_multi_thread().enable_all().build(),
    }
}

/// Allows this process as many open files as it may allow itself: a call is at least one, a line some.
pub(crate) fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!("can't raise the limit of open files: {error}");
    }
}
