//! Bulk on its way to the equipment, carried by a thread of its own.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use clock::Instant;
use tokio::sync::oneshot;
use tty::{Ferry, Landed, Landing, Lease};

use crate::hands::Hand;
use crate::limits;

/// A thread that carries bulk.
#[derive(Debug)]
pub(crate) struct Crossing {
    lands: oneshot::Receiver<Landed>,
    lease: Lease,
    /// When the line wants to hear of it.
    until: Instant,
    fate: Fate,
    serves: Serves,
}

/// What becomes of the load that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Delivered,
    /// The equipment that it was for is gone.
    Forgotten,
}

/// Whose bytes it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Serves {
    /// The call's that is up.
    Call,
    /// Those of one that is over and knows how many they were.
    Past,
}

impl Crossing {
    /// Has a thread carry what `embark` gets ready, which is asked only if there is a thread to be had.
    pub(crate) fn begin(now: Instant, embark: impl FnOnce() -> Option<Ferry>) -> Option<Self> {
        let hand = Hand::take()?;
        let ferry = embark()?;
        let (lease, until) = (ferry.lease(), now + limits::CROSSING);
        let lands = hand.carry(ferry);
        Some(Self { lands, lease, until, fate: Fate::Delivered, serves: Serves::Call })
    }

    /// When the line wants to hear of it, unless it is on its way back.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (!self.lease.is_recalled()).then_some(self.until)
    }

    /// Has it come back.
    pub(crate) fn recall(&self) {
        self.lease.recall();
    }

    /// Has it come back at once, since its call is over: with how many bytes of that.
    pub(crate) fn halt(&mut self) -> u64 {
        self.lease.end();
        match std::mem::replace(&mut self.serves, Serves::Past) {
            Serves::Call => self.lease.carried(),
            Serves::Past => 0,
        }
    }

    /// Has it come back, with a load that nobody wants any more.
    pub(crate) fn forget(&mut self) {
        self.fate = Fate::Forgotten;
        self.recall();
    }

    /// Ready once when it is back: with how many bytes of the call that is up, and what it brings.
    pub(crate) fn poll_landed(&mut self, cx: &mut Context<'_>) -> Poll<(u64, Landed)> {
        let landed = ready!(Pin::new(&mut self.lands).poll(cx));
        let mut landed = landed.unwrap_or_else(|_| {
            let died = io::Error::other("the thread that carried its data has died");
            Landed { load: Vec::new(), landing: Landing::Failed(died) }
        });
        if self.fate == Fate::Forgotten {
            landed.load.clear();
        }
        match self.serves {
            Serves::Call => Poll::Ready((self.lease.carried(), landed)),
            Serves::Past => Poll::Ready((0, Landed { landing: Landing::Recalled, ..landed })),
        }
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        self.lease.recall();
    }
}
