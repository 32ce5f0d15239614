//! What modems store, on its way to the disk.

use std::collections::HashMap;
use std::fmt;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use modem::{NotStored, Stored};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{Timeout, timeout};
use tracing::warn;

use crate::limits;
use crate::profile::ProfileFile;

/// What is being stored of all lines. One line's comes to its file in order, and of what waits for a slow disk only the
/// latest, which has everything with it.
pub(crate) struct Stores {
    places: Arc<Semaphore>,
    /// The lines of which something is being stored, and what comes next of each.
    busy: Mutex<HashMap<Box<str>, Option<Next>>>,
}

/// What comes next.
struct Next {
    stored: Stored,
    tell: oneshot::Sender<io::Result<()>>,
}

/// Something that is being stored. A disk takes its time, and other lines have nothing to do with it.
pub(crate) struct Storing(Pin<Box<Timeout<oneshot::Receiver<io::Result<()>>>>>);

impl Stores {
    /// For so many files at once.
    pub(crate) fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), busy: Mutex::default() }
    }

    /// Stores it in the file of this line, as soon as there is a place.
    pub(crate) fn store(
        self: &Arc<Self>,
        line: &str,
        file: ProfileFile,
        stored: &Stored,
    ) -> Storing {
        let (tell, told) = oneshot::channel();
        let next = Next { stored: stored.clone(), tell };
        let mut busy = self.busy();
        if let Some(waits) = busy.get_mut(line) {
            *waits = Some(next);
        } else {
            busy.insert(line.into(), None);
            drop(busy);
            tokio::spawn(Arc::clone(self).work(line.into(), file, next));
        }
        Storing::of(told)
    }

    /// Stores what there is to store of a line, one after the other.
    async fn work(self: Arc<Self>, line: Box<str>, file: ProfileFile, first: Next) {
        let mut next = first;
        loop {
            // Nobody closes it.
            let place = self.places.acquire().await;
            let Next { stored, tell } = next;
            let file = file.clone();
            let saved = spawn_blocking(move || file.save(&stored)).await;
            drop(place);
            let saved = saved.unwrap_or_else(|died| Err(io::Error::other(died)));
            if let Err(error) = &saved {
                warn!(line, "can't keep what is stored: {error}");
            }
            // Nobody may wait any more.
            let _ = tell.send(saved);
            let mut busy = self.busy();
            match busy.get_mut(&line).and_then(Option::take) {
                Some(waits) => next = waits,
                None => {
                    busy.remove(&line);
                    return;
                }
            }
        }
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<Box<str>, Option<Next>>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storing {
    fn of(told: oneshot::Receiver<io::Result<()>>) -> Self {
        Self(Box::pin(timeout(limits::STORE, told)))
    }

    /// Where nothing outlives the process, all is kept that can be.
    pub(crate) fn nowhere() -> Self {
        let (tell, told) = oneshot::channel();
        let _ = tell.send(Ok(()));
        Self::of(told)
    }

    /// Ready once when it is kept, or can't be, or takes too long.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NotStored>> {
        self.0.as_mut().poll(cx).map(|told| match told {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(_)) | Err(_)) | Err(_) => Err(NotStored),
        })
    }
}

impl fmt::Debug for Storing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Storing(..)")
    }
}
