//! Who opens a pseudo-terminal: one inotify instance for all of a process.

use std::io;

/// Tells every [`PtyEnd`](crate::PtyEnd) of a process when somebody opens its other end.
///
/// Make one and lend it to each. A user may have only 128 inotify instances, and a hung-up
/// pseudo-terminal says nothing by itself when it is opened again.
#[derive(Clone, Debug)]
pub struct OpenWatch;

impl OpenWatch {
    /// Starts watching. Must be called inside a tokio runtime, which then carries the watch.
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
