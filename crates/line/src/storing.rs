//! Profiles on their way to the disk.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use modem::Stored;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::profile::ProfileFile;

/// A profile that is being stored. A disk takes its time, and other lines have nothing to do with it.
pub(crate) struct Storing(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Storing {
    /// Stores it in the file of this line, as soon as there is one of the `places`. Nothing happens before it is polled.
    pub(crate) fn new(
        line: &str,
        file: ProfileFile,
        stored: &Stored,
        places: Arc<Semaphore>,
    ) -> Self {
        let (line, stored) = (line.to_owned(), stored.clone());
        Self(Box::pin(async move {
            // Nobody closes it.
            let _place = places.acquire().await;
            let saved = spawn_blocking(move || file.save(&stored)).await;
            if let Err(error) = saved.unwrap_or_else(|died| Err(io::Error::other(died))) {
                warn!(line, "can't keep the stored profile: {error}");
            }
        }))
    }

    /// Ready once when it is kept, or once the log says why not.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Storing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Storing(..)")
    }
}
