//! Every bound of this crate, with its reason.

use std::time::Duration;

/// How often a terminal taken from its client is looked at, until the client has read the rest: the
/// kernel tells nobody when a queue has become empty. Short against a human's patience.
pub(crate) const FAREWELL_LOOK: Duration = Duration::from_millis(10);

/// Descriptors looked at in `/proc` to find who serves a link. A process seldom has more than its
/// limit of 1024 or the 20 000 of a big exchange.
pub(crate) const PROCESS_DESCRIPTORS: usize = 65_536;

/// Events read from inotify at once: 64 of 16 bytes each; more come with the next read.
pub(crate) const WATCH_BUFFER: usize = 1024;
