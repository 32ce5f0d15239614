//! The few threads that carry bulk.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;
use tty::{Ferry, Landed};

use crate::limits;

/// A thread that waits for something to carry.
pub(crate) struct Hand(());

/// All such threads of the process.
struct Hands {
    crew: Mutex<Crew>,
    news: Condvar,
}

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

static HANDS: Hands = Hands {
    crew: Mutex::new(Crew { orders: VecDeque::new(), threads: 0, idle: 0 }),
    news: Condvar::new(),
};

impl Hand {
    /// Takes a thread, if there is one to be had. More than there are processors would be in one another's way, and
    /// bulk for many lines keeps the reactor busy enough to be worth its price.
    pub(crate) fn take() -> Option<Self> {
        let mut crew = HANDS.crew();
        if crew.idle == 0 {
            let most = thread::available_parallelism().map_or(1, usize::from);
            if crew.threads >= most || HANDS.hire().is_err() {
                return None;
            }
            (crew.threads, crew.idle) = (crew.threads + 1, crew.idle + 1);
        }
        crew.idle -= 1;
        Some(Self(()))
    }

    /// Has it carry. What comes of that arrives at the receiver.
    pub(crate) fn carry(self, ferry: Ferry) -> oneshot::Receiver<Landed> {
        let (tell, lands) = oneshot::channel();
        HANDS.crew().orders.push_back(Order { ferry, tell });
        HANDS.news.notify_one();
        // It puts itself back when it has finished.
        std::mem::forget(self);
        lands
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        HANDS.crew().idle += 1;
    }
}

/// A thread of the crew, however it ends.
struct OnBoard;

impl Drop for OnBoard {
    fn drop(&mut self) {
        HANDS.crew().threads -= 1;
    }
}

impl Hands {
    fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hire(&'static self) -> io::Result<()> {
        let work = || {
            let _one = OnBoard;
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
            let waited = self.news.wait_timeout(crew, limits::HAND_WAITS);
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
