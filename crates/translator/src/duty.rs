//! What a module has to do, and for whom.

use std::time::Duration;

use at::result::Cause;
use carrier::{clock_now, timer_at};
use clock::Instant;
use gsm::{Order as Do, Reason, Target, Told};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use crate::desk::{Desk, Heard};
use crate::limits;
use crate::questions::Questions;
use crate::task::{Order, Reply};

/// A module that is in use, and those who want something of it.
pub(crate) struct Duty {
    pub(crate) desk: Desk,
    /// Who waits for the call that is being made or taken: with whom, and where it goes.
    waiting: Option<(String, Reply)>,
    /// Who calls, while he waits.
    caller: Option<Caller>,
    /// What is dialled next. Equipment dials again at once: the end of the call before is waited for.
    next: Option<(Target, Reply)>,
    questions: Questions,
    /// When a module that was given up is tried again.
    again: Option<Instant>,
    pause: Duration,
}

/// Somebody who calls, while he waits.
pub(crate) struct Caller {
    pub(crate) party: String,
    pub(crate) pickup: oneshot::Receiver<Reply>,
    /// Ends when he has left.
    pub(crate) _here: oneshot::Sender<()>,
}

/// What comes next.
pub(crate) enum Turn {
    /// The module, or its port, has something to tell.
    Heard(Heard),
    /// Who waited for a call doesn't any more.
    GivenUp,
    /// The line that rang has answered, or turned the caller away.
    PickedUp(Option<Reply>),
    /// It is time to try again.
    Again,
    /// Somebody wants something; nobody can any more.
    Ordered(Option<Order>),
}

impl Duty {
    pub(crate) fn new(desk: Desk) -> Self {
        Self {
            desk,
            waiting: None,
            caller: None,
            next: None,
            questions: Questions::default(),
            again: None,
            pause: limits::RETRY_FIRST,
        }
    }

    /// Dials what is to be dialled next, once the call before is over.
    pub(crate) fn dial(&mut self) {
        if !self.desk.has_call()
            && let Some((target, reply)) = self.next.take()
            // Who has given up meanwhile has no use for it.
            && !reply.is_closed()
        {
            let party = format!("{}:{}", target.host, target.port);
            self.desk.order(Do::Dial(target));
            self.waiting = Some((party, reply));
        }
    }

    /// Waits for what comes next.
    pub(crate) async fn turn(&mut self, orders: &mut mpsc::Receiver<Order>) -> Turn {
        let Self { desk, waiting, caller, again, .. } = self;
        let given_up = async {
            match waiting {
                Some((_, reply)) => reply.closed().await,
                None => std::future::pending().await,
            }
        };
        let picked_up = async {
            match caller {
                Some(caller) => (&mut caller.pickup).await.ok(),
                None => std::future::pending().await,
            }
        };
        let restart = async {
            match again {
                Some(at) => sleep_until(timer_at(*at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // What has happened to one call is never taken for what happens to the next.
            biased;
            heard = desk.next() => Turn::Heard(heard),
            () = given_up => Turn::GivenUp,
            picked_up = picked_up => Turn::PickedUp(picked_up),
            () = restart => Turn::Again,
            order = orders.recv() => Turn::Ordered(order),
        }
    }

    /// Does what is wanted, or says that it can't be.
    pub(crate) fn obey(&mut self, order: Order) {
        match order {
            Order::HangUp => self.hang_up(),
            Order::Ask { question, reply } => {
                if let Some(question) = self.questions.put(question, reply) {
                    self.desk.order(Do::Ask(question));
                }
            }
            Order::Dial { target, reply } => {
                let free = !self.desk.has_call() || self.desk.is_ending();
                // Who has given up in this moment is in nobody's way.
                if self.waiting.take_if(|(_, reply)| reply.is_closed()).is_some() {
                    self.desk.order(Do::HangUp);
                }
                self.next.take_if(|(_, reply)| reply.is_closed());
                if self.waiting.is_none() && self.next.is_none() && free {
                    self.next = Some((target, reply));
                } else {
                    let _ = reply.send(Err(Cause::LineInUse));
                }
            }
        }
    }

    /// Ends the call, if there is one.
    pub(crate) fn hang_up(&mut self) {
        if self.desk.has_call() {
            self.desk.ended(Reason::HungUp);
            self.desk.hang_up();
        }
    }

    /// Passes an answer on, and asks the next question.
    pub(crate) fn told(&mut self, told: Told) {
        if let Some(question) = self.questions.told(told) {
            self.desk.order(Do::Ask(question));
        }
    }

    /// Somebody calls, and a line rings for him.
    pub(crate) fn rings_for(&mut self, caller: Caller) {
        self.caller = Some(caller);
    }

    /// Who called has left.
    pub(crate) fn caller_gone(&mut self) {
        self.caller = None;
        if let Some((_, reply)) = self.waiting.take() {
            let _ = reply.send(Err(Cause::CallerGone));
        }
    }

    /// The line that rang has answered, or has turned the caller away.
    pub(crate) fn picked_up(&mut self, reply: Option<Reply>) {
        let party = self.caller.take().map(|caller| caller.party).unwrap_or_default();
        match reply {
            Some(reply) => {
                self.desk.order(Do::Answer);
                self.waiting = Some((party, reply));
            }
            None => self.desk.order(Do::HangUp),
        }
    }

    /// Who waited for the call doesn't any more.
    pub(crate) fn given_up(&mut self) {
        self.waiting = None;
        self.desk.order(Do::HangUp);
    }

    /// Who waited for the call.
    pub(crate) fn take_waiting(&mut self) -> Option<(String, Reply)> {
        self.waiting.take()
    }

    /// The module is as it should be.
    pub(crate) fn is_well(&mut self) {
        self.pause = limits::RETRY_FIRST;
    }

    /// The module is given up for a while, each time for longer.
    pub(crate) fn try_later(&mut self) {
        self.again = Some(clock_now() + self.pause);
        self.pause = (self.pause * 2).min(limits::RETRY_LAST);
    }

    pub(crate) fn start(&mut self) {
        self.again = None;
        self.desk.order(Do::Start);
    }

    /// The port is gone, and with it whatever anybody waited for: with whom he did.
    pub(crate) fn lost(mut self, reason: Reason) -> Option<String> {
        self.desk.ended(reason);
        if let Some((_, reply)) = self.next.take() {
            let _ = reply.send(Err(Cause::DeviceLost));
        }
        let (party, reply) = self.waiting.take()?;
        let _ = reply.send(Err(Cause::DeviceLost));
        Some(party)
    }
}
