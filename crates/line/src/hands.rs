//! The few threads that carry bulk.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tty::{Ferry, Landed};

use crate::limits;

/// A thread that waits for something to carry.
pub(crate) struct Hand(&'static Hands);

/// Threads that are shared by all lines.
struct Hands {
    crew: Mutex<Crew>,
    news: Condvar,
    /// More than this are not to be had.
    most: usize,
    /// How long one waits for the next order before it ends.
    waits: Duration,
}

#[derive(Default)]
struct Crew {
    orders: VecDeque<Order>,
    threads: usize,
    /// Threads that nobody has taken.
    idle: usize,
}

struct Order {
    ferry: Ferry,
    tell: oneshot::Sender<Landed>,
}

static HANDS: OnceLock<Hands> = OnceLock::new();

impl Hand {
    /// Takes a thread, if there is one to be had. More than there are processors would be in one another's way, and
    /// bulk for many lines keeps the reactor busy enough to be worth its price.
    pub(crate) fn take() -> Option<Self> {
        let all = HANDS.get_or_init(|| {
            let most = thread::available_parallelism().map_or(1, usize::from);
            Hands::new(most, limits::HAND_WAITS)
        });
        all.take()
    }

    /// Has it carry. What comes of that arrives at the receiver.
    pub(crate) fn carry(self, ferry: Ferry) -> oneshot::Receiver<Landed> {
        let (tell, lands) = oneshot::channel();
        self.0.crew().orders.push_back(Order { ferry, tell });
        self.0.news.notify_one();
        // It puts itself back when it has finished.
        std::mem::forget(self);
        lands
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.0.crew().idle += 1;
    }
}

/// A thread of the crew, however it ends.
struct OnBoard(&'static Hands);

impl Drop for OnBoard {
    fn drop(&mut self) {
        self.0.crew().threads -= 1;
    }
}

impl Hands {
    fn new(most: usize, waits: Duration) -> Self {
        Self { crew: Mutex::default(), news: Condvar::new(), most, waits }
    }

    fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&'static self) -> Option<Hand> {
        let mut crew = self.crew();
        if crew.idle == 0 {
            if crew.threads >= self.most || self.hire().is_err() {
                return None;
            }
            (crew.threads, crew.idle) = (crew.threads + 1, crew.idle + 1);
        }
        crew.idle -= 1;
        Some(Hand(self))
    }

    fn hire(&'static self) -> io::Result<()> {
        let work = move || {
            let _one = OnBoard(self);
            while let Some(Order { ferry, tell }) = self.next() {
                let landed = ferry.run();
                self.crew().idle += 1;
                let _ = tell.send(landed);
            }
        };
        let thread = thread::Builder::new().name("bulk".to_owned()).stack_size(limits::STACK);
        thread.spawn(work).map(drop)
    }

    /// The next order for a thread, which ends when there has been none for a while.
    fn next(&self) -> Option<Order> {
        let mut crew = self.crew();
        loop {
            if let Some(order) = crew.orders.pop_front() {
                return Some(order);
            }
            let waited = self.news.wait_timeout(crew, self.waits);
            let (now, over) = waited.unwrap_or_else(PoisonError::into_inner);
            crew = now;
            // One that was taken has to be there for what comes.
            if over.timed_out() && crew.orders.is_empty() && crew.idle > 0 {
                crew.idle -= 1;
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::task::Poll;

    use tty::{Landing, OpenWatch, PtyEnd, PtyEvent, PtyOptions};

    use super::*;

    fn hands(most: usize, waits: Duration) -> &'static Hands {
        Box::leak(Box::new(Hands::new(most, waits)))
    }

    /// A terminal that somebody has open, and a ferry to it that has heard its last byte.
    async fn short_trip() -> (PtyEnd, File, Ferry) {
        let mut end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
        let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let mut options = File::options();
        let client = options.read(true).write(true).custom_flags(flags).open(end.slave()).unwrap();
        let opened = poll_fn(|cx| end.poll_event(cx, &mut [0; 64])).await.unwrap();
        assert_eq!(opened, PtyEvent::Opened);
        let berth = poll_fn(|cx| Poll::Ready(end.lend(cx))).await.unwrap().unwrap();
        let (here, mut there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        there.write_all(b"bulk").unwrap();
        (end, client, Ferry::new(here.into(), None, berth, Vec::new()))
    }

    #[test]
    fn there_are_no_more_than_that_and_one_that_was_given_back_is_there_again() {
        let hands = hands(2, Duration::from_secs(60));
        let (first, second) = (hands.take(), hands.take());
        assert!(first.is_some() && second.is_some());
        assert!(hands.take().is_none());
        drop(first);
        assert!(hands.take().is_some());
        assert_eq!(hands.crew().threads, 2);
    }

    #[tokio::test]
    async fn one_that_was_taken_waits_for_its_load_and_idle_ones_end() {
        let hands = hands(2, Duration::from_millis(1));
        let (taken, idle) = (hands.take().unwrap(), hands.take().unwrap());
        drop(idle);
        while hands.crew().threads > 1 {
            tokio::task::yield_now().await;
        }
        let (_end, _client, ferry) = short_trip().await;
        let landed = taken.carry(ferry).await.unwrap();
        assert!(matches!(landed.landing, Landing::End), "{landed:?}");
        while hands.crew().threads > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hands.crew().idle, 0);
        assert!(hands.take().is_some(), "another is hired");
    }

    #[tokio::test]
    async fn one_that_is_back_is_there_before_anybody_hears_of_it() {
        let hands = hands(1, Duration::from_secs(60));
        for _ in 0..20 {
            let (_end, _client, ferry) = short_trip().await;
            let hand = hands.take().expect("the one there is");
            hand.carry(ferry).await.unwrap();
        }
        assert_eq!(hands.crew().threads, 1);
    }
}
