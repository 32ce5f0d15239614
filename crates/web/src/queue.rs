//! Where logins wait for their hash, which is slow on purpose: few are computed at once, and few wait.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::limits;

/// Where logins wait for their hash.
#[derive(Debug)]
pub(crate) struct Queue {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The queue is full.
#[derive(Debug)]
pub(crate) struct QueueFull;

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits::HASHES + limits::HASH_QUEUE)),
            turns: Arc::new(Semaphore::new(limits::HASHES)),
        }
    }

    /// Does `work` on a thread of its own, when it is its turn.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, QueueFull> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| QueueFull)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| QueueFull)?;
        let held = move || {
            // Kept by the thread, since whoever waits for it may leave.
            let _held = (place, turn);
            work()
        };
        tokio::task::spawn_blocking(held).await.map_err(|_| QueueFull)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_turns_logins_away_before_any_work() {
        let queue = Queue::new();
        let places = limits::HASHES + limits::HASH_QUEUE;
        let all = Arc::clone(&queue.places).acquire_many_owned(places.try_into().unwrap());
        let all = all.await.unwrap();
        assert!(queue.run(|| ()).await.is_err());
        drop(all);
        assert!(queue.run(|| ()).await.is_ok());
    }
}
